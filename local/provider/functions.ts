import type { Parameter } from "@aws-sdk/client-ssm";
import type { Context } from "./context";
import type { Properties } from "./values";

/** Data sources (`aws.getX`), by token. */
export const FUNCTIONS: Record<string, (context: Context, args: Properties) => Properties | Promise<Properties>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": ({ account }) => ({
    accountId: account,
    arn: `arn:aws:iam::${account}:root`,
    userId: account,
    id: account,
  }),
  "aws:index/getRegion:getRegion": ({ region }) => ({
    region,
    name: region,
    id: region,
    description: region,
    endpoint: `ec2.${region}.amazonaws.com`,
  }),
  "aws:index/getPartition:getPartition": () => ({
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
    id: "aws",
  }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": async (context) => {
    const names = context.mode === "live" ? await availabilityZones(context) : plannedZones(context.region);
    return { id: context.region, names, zoneIds: [], groupNames: [], state: "available" };
  },
  "aws:lambda/getInvocation:getInvocation": async (context, { functionName, input }) => {
    const answer = await context.call("lambda", "Invoke", {
      FunctionName: String(functionName),
      InvocationType: "RequestResponse",
      Payload: Buffer.from(String(input)),
    });
    // A plan calls nobody, and has no answer.
    const result = context.mode === "live" ? Buffer.from(answer.Payload ?? []).toString("utf8") : "";
    if (context.mode === "live" && answer.FunctionError) {
      throw new Error(`Lambda function ${String(functionName)} failed (${answer.FunctionError}): ${result}`);
    }
    return { id: `${String(functionName)}_$LATEST`, functionName, input, result };
  },
  "aws:ssm/getParameter:getParameter": async (context, { name }) => {
    const { Parameter: found } = await context.call("ssm", "GetParameter", { Name: String(name) });
    const { Value: value = "", Type: type = "", Version: version = 0, ARN: arn = "" } = found ?? {};
    return { id: name, name, value, insecureValue: value, type, version, arn };
  },
  "aws:ssm/getParametersByPath:getParametersByPath": async (context, { path, recursive, withDecryption }) => {
    const found: Parameter[] = [];
    let NextToken: string | undefined;
    do {
      const answer = await context.call("ssm", "GetParametersByPath", {
        Path: String(path),
        Recursive: recursive === true,
        WithDecryption: withDecryption !== false,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      found.push(...(answer.Parameters ?? []));
      NextToken = answer.NextToken || undefined;
      // A plan's answers would have a next page each.
    } while (NextToken !== undefined && context.mode === "live");
    const all = (key: "ARN" | "Name" | "Type" | "Value") => found.map((parameter) => parameter[key] ?? "");
    return { id: path, path, arns: all("ARN"), names: all("Name"), types: all("Type"), values: all("Value") };
  },
};

async function availabilityZones(context: Context): Promise<string[]> {
  const { AvailabilityZones: zones = [] } = await context.call("ec2", "DescribeAvailabilityZones", {});
  const names = zones.flatMap(({ State, ZoneName }) => (State === "available" && ZoneName ? [ZoneName] : []));
  return names.sort();
}

/** How many zones an account has at least, in regions that have more than three. */
const MORE_ZONES: Record<string, number> = { "us-east-1": 6, "us-west-2": 4, "ap-northeast-2": 4 };

/** The zones that a plan takes a region to have: nobody is asked which letters the account really has. */
function plannedZones(region: string): string[] {
  return [..."abcdef"].slice(0, MORE_ZONES[region] ?? 3).map((letter) => `${region}${letter}`);
}
