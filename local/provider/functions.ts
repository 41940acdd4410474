import type { Context } from "./context";
import type { Properties } from "./values";

/** Data sources (`aws.getX`), by token. */
export const FUNCTIONS: Record<string, (context: Context, args: Properties) => Properties> = {
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
};
