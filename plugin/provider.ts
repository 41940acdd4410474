import * as pulumi from "@pulumi/pulumi";
import { FraudPlatform } from "../components/fraud-platform";
import { outputNames } from "../components/outputs";
import { groupNames } from "../config";
import { FRAUD_PLATFORM, packageSchema } from "./schema";

/** Makes the package's components for programs in any language. */
export class FraudProvider implements pulumi.provider.Provider {
  readonly schema: string;

  constructor(readonly version: string) {
    this.schema = JSON.stringify(packageSchema(version));
  }

  /** @throws Error for a component that there is not, and for a configuration that is not known before anything runs */
  construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    if (type !== FRAUD_PLATFORM) {
      throw new Error(`There is no component ${type} in this package: there is ${FRAUD_PLATFORM}.`);
    }
    const unknown = groupNames.filter((group) => holdsOutput(inputs[group]));
    if (unknown.length > 0) {
      throw new Error(
        `FraudPlatform "${name}" cannot be made: ${unknown.join(", ")} ${unknown.length === 1 ? "has" : "have"} values ` +
          "that come from other resources. What is made depends on the configuration: give plain values.",
      );
    }
    const made = new FraudPlatform(name, inputs, options);
    const outputs = outputNames.map((output): [string, pulumi.Output<unknown>] => [
      output,
      made.outputs.apply((values) => values[output]),
    ]);
    return Promise.resolve({ urn: made.urn, state: { ...Object.fromEntries(outputs), apiKey: made.apiKey } });
  }
}

function holdsOutput(value: unknown): boolean {
  if (pulumi.Output.isInstance(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsOutput);
}
