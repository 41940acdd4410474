// For those who build on a stack: its outputs, by whatever way they come, as PlatformOutputs describes them.
import * as pulumi from "@pulumi/pulumi";
import { isLeft } from "fp-ts/Either";
import { isText, OUTPUTS_VERSION, outputNames, PlatformOutputs } from "./outputs";

export { OUTPUTS_VERSION, outputTypes, PlatformOutputs } from "./outputs";

/**
 * A platform's outputs, of another stack.
 *
 * @param reference the stack that has the platform
 * @throws Error, when the program runs, naming every output that is missing or is not of its type, or a stack whose
 * outputs are of another version.
 * @example
 * const fraud = platformOutputs(new pulumi.StackReference("acme/fraud/prod"));
 * export const bucket = fraud.bucketName;
 */
export function platformOutputs(reference: pulumi.StackReference): pulumi.Output<PlatformOutputs> {
  // One by one: all at once would be as secret as the API key among them.
  const values = pulumi.all(
    Object.fromEntries(outputNames.map((name) => [name, reference.getOutput(name) as pulumi.Output<unknown>])),
  );
  return pulumi
    .all([values, reference.name])
    .apply(([found, stack]) => decodeOutputs(found as Record<string, unknown>, `the stack ${stack}`));
}

/** The API key that goes with {@link platformOutputs}: a secret, and so is whatever is made of it. */
export function platformApiKey(reference: pulumi.StackReference): pulumi.Output<string> {
  return pulumi.secret(reference.requireOutput("apiKey") as pulumi.Output<string>);
}

/**
 * A platform's outputs, of the parameters that the stack keeps in Systems Manager.
 *
 * @param parameters names, with or without their path, and values: those directly below `/<project>/<stack>`
 * @throws Error naming every output that is missing or is not of its type
 * @example
 * const { names, values } = await aws.ssm.getParametersByPath({ path: "/fraud/prod" });
 * const fraud = outputsFromParameters(Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""])));
 */
export function outputsFromParameters(parameters: Readonly<Record<string, string>>): PlatformOutputs {
  const found = Object.entries(parameters).map(([path, value]): [string, unknown] => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return [name, isText(name) ? value : parsed(value)];
  });
  const [place = ""] = Object.keys(parameters);
  return decodeOutputs(Object.fromEntries(found), `the parameters below ${place.replace(/\/[^/]*$/, "") || "/"}`);
}

/** The value of JSON; what is none stays as it is, and is told of as such. */
function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    if (error instanceof SyntaxError) return value;
    throw error;
  }
}

function decodeOutputs(found: Readonly<Record<string, unknown>>, source: string): PlatformOutputs {
  const given = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined && value !== null));
  const { outputsVersion } = given;
  if (outputsVersion !== undefined && outputsVersion !== OUTPUTS_VERSION) {
    throw new Error(
      `The outputs of ${source} are of version ${JSON.stringify(outputsVersion)} and this package reads version ` +
        `${OUTPUTS_VERSION}: use the version of fraud-platform that the stack was brought up with.`,
    );
  }
  const decoded = PlatformOutputs.decode(given);
  if (!isLeft(decoded)) return decoded.right;
  const problems = decoded.left.map(({ context, value }) => {
    const path = context
      .map(({ key }) => key)
      .filter((key) => key !== "" && !/^\d+$/.test(key))
      .join(".");
    const wanted = context.at(-1)?.type.name ?? "something else";
    return value === undefined ? `  - ${path} is missing` : `  - ${path} is ${JSON.stringify(value)}, not ${wanted}`;
  });
  throw new Error(`The outputs of ${source} are not a platform's:\n${[...new Set(problems)].join("\n")}`);
}
