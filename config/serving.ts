import type * as t from "io-ts";
import { integer, oneOf, struct, withDefault } from "./codec";
import { S3Prefix } from "./values";

export const Stream = struct("Stream", {
  /** Under the storage prefix. Default stream_data. */
  prefix: withDefault(S3Prefix, "stream_data"),
  /** Columns of the files. Default creditcard. */
  schema: withDefault(oneOf("creditcard", "ecommerce"), "creditcard"),
  /** Rows that one call of the endpoint scores: 1 to 5000, default 500. */
  batchRows: withDefault(integer(1, 5_000), 500),
  /** Files scored at once: 2 (the least that SQS allows) to 1000, default 5. */
  maxConcurrency: withDefault(integer(2, 1_000), 5),
  /** Delay before a file is tried again while there is no model: 1 to 900 s (SQS's longest delay), default 300. */
  noModelRetrySeconds: withDefault(integer(1, 900), 300),
  /** GB (10^9 bytes) that one query of Athena's may read before it is broken off: 1 to 10000, default 10. */
  queryScanLimitGb: withDefault(integer(1, 10_000), 10),
});
export type Stream = t.TypeOf<typeof Stream>;
