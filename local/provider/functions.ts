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
};
