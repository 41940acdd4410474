import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** A part of a table's key: text, or a number. */
type KeyPart = { name: string; type: "S" | "N" };

interface Keeping {
  /** Hash key, and where there is one, range key. */
  key: readonly [hash: KeyPart, range?: KeyPart];
  /** Attribute with the time, in seconds since 1970, from which on DynamoDB may remove an item. Default: items stay. */
  expiresBy?: string;
  kmsKeyArn: pulumi.Input<string>;
  tags: Record<string, string>;
}

/** A table as the platform keeps them all: billed by request, encrypted with the stack's key, to be had back of any second. */
export function tableArgs({ key, expiresBy, kmsKeyArn, tags }: Keeping): aws.dynamodb.TableArgs {
  const [hash, range] = key;
  return {
    hashKey: hash.name,
    ...(range === undefined ? {} : { rangeKey: range.name }),
    attributes: range === undefined ? [hash] : [hash, range],
    billingMode: "PAY_PER_REQUEST",
    ...(expiresBy === undefined ? {} : { ttl: { attributeName: expiresBy, enabled: true } }),
    pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true, kmsKeyArn },
    tags,
  };
}
