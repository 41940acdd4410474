import * as pulumi from "@pulumi/pulumi";
import { isLeft } from "fp-ts/Either";
import { FraudPlatform } from "../components/fraud-platform";
import { outputNames } from "../components/outputs";
import { describeErrors, groupNames } from "../config";
import { configErrors, struct } from "../config/codec";
import { OFFERED, type Offered } from "./components";
import { PACKAGE } from "./property";
import { FRAUD_PLATFORM, packageSchema } from "./schema";

/** The namespace of the components' own types. */
const MODULE = ["fraud", "platform"] as const;

/** Makes the package's components for programs in any language. */
export class FraudProvider implements pulumi.provider.Provider {
  readonly schema: string;
  /** What this process has made, by URN: what one component takes of another is more than its outputs. */
  private readonly made = new Map<string, pulumi.ComponentResource>();

  constructor(readonly version: string) {
    this.schema = JSON.stringify(packageSchema(version));
    pulumi.runtime.registerResourceModule(...MODULE, { version, construct: this.madeBefore });
  }

  /** @throws Error for a component that there is not, and for arguments that are not known before anything runs */
  async construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    if (type === FRAUD_PLATFORM) return this.platform(name, inputs, options);
    const kind = type.slice(`${PACKAGE}:index:`.length);
    const offered = Object.hasOwn(OFFERED, kind) ? OFFERED[kind] : undefined;
    if (offered === undefined) {
      const all = ["FraudPlatform", ...Object.keys(OFFERED)].join(", ");
      throw new Error(`There is no component ${type} in this package: there are ${all}.`);
    }
    refuseUnknown(kind, name, Object.keys(offered.fields), inputs);
    const { made, outputs } = offered.make(name, argsOf(kind, name, offered, inputs), options);
    this.made.set(await urnOf(made), made);
    return { urn: made.urn, state: outputs };
  }

  private platform(
    name: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): pulumi.provider.ConstructResult {
    refuseUnknown("FraudPlatform", name, groupNames, inputs);
    const made = new FraudPlatform(name, inputs, options);
    const outputs = outputNames.map((output): [string, pulumi.Output<unknown>] => [
      output,
      made.outputs.apply((values) => values[output]),
    ]);
    return { urn: made.urn, state: { ...Object.fromEntries(outputs), apiKey: made.apiKey } };
  }

  private readonly madeBefore = (name: string, type: string, urn: string): pulumi.Resource => {
    const found = this.made.get(urn);
    if (found !== undefined) return found;
    throw new Error(
      `${type} "${name}" was not made by this provider: make it in the same program, with the same version of the ` +
        "package and without another provider of it.",
    );
  };
}

const urnOf = (resource: pulumi.Resource): Promise<string> =>
  new Promise((done) => resource.urn.apply((urn) => (done(urn), urn)));

/** @throws Error naming everything that is wrong with the arguments, each with its remedy */
function argsOf(kind: string, name: string, { fields }: Offered, inputs: pulumi.Inputs): never {
  const codec = struct(kind, Object.fromEntries(Object.entries(fields).map(([field, { codec }]) => [field, codec])));
  const decoded = codec.decode(inputs);
  if (!isLeft(decoded)) return decoded.right as never;
  throw new Error(`${kind} "${name}" cannot be made:\n${describeErrors(configErrors(decoded.left))}`);
}

/** @throws Error where what is to be made hangs on what is not known yet */
function refuseUnknown(kind: string, name: string, properties: readonly string[], inputs: pulumi.Inputs): void {
  const unknown = properties.filter((property) => holdsOutput(inputs[property]));
  if (unknown.length === 0) return;
  throw new Error(
    `${kind} "${name}" cannot be made: ${unknown.join(", ")} ${unknown.length === 1 ? "has" : "have"} values ` +
      "that come from other resources. What is made depends on the configuration: give plain values.",
  );
}

function holdsOutput(value: unknown): boolean {
  if (pulumi.Output.isInstance(value)) return true;
  if (pulumi.Resource.isInstance(value)) return false;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsOutput);
}
