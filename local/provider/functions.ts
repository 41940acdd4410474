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
