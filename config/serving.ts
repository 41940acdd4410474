import type * as t from "io-ts";
import { schemas, type StreamSchema } from "../functions/scorer/schemas";
import { FEATURES } from "../functions/shared/transactions";
import { eitherOf, integer, list, oneOf, optional, struct, text, withDefault } from "./codec";
import { ProcessingInstance, S3Prefix, sageMakerName } from "./values";

const Column = text("a column's name", /\S(?:.{0,126}\S)?/, "give 1 to 128 characters, without blanks at the ends");

/** Lambda's variables hold 4 kB together. */
const SCHEMA_CHARACTERS = 2_000;

/** Columns of files that are not in the box. */
const OwnSchema = struct("OwnSchema", {
  /** The column that holds a transaction's id; without it, ids are made of the object, its version and the row. */
  idColumn: optional(Column),
  /** Numeric columns, in the order in which the model takes them: files may have them in any order, and others. */
  features: list(Column, 1),
  /** The column of the amount, for queries. Default: none. */
  amountColumn: optional(Column),
}).rule(["features"], ({ features }) => {
  const doubled = features.filter((name, index) => features.indexOf(name) !== index);
  const characters = JSON.stringify(features).length;
  return [
    ...(doubled.length === 0
      ? []
      : [
          {
            path: "features",
            value: features,
            problem: `names ${doubled.join(", ")} more than once`,
            remedy: "name each column once",
          },
        ]),
    ...(characters <= SCHEMA_CHARACTERS
      ? []
      : [
          {
            path: "features",
            value: features,
            problem: `takes ${characters} characters as JSON`,
            remedy: `take at most ${SCHEMA_CHARACTERS}: the function's variables hold no more`,
          },
        ]),
  ];
});

export const Stream = struct("Stream", {
  /** Under the storage prefix. Default stream_data. */
  prefix: withDefault(S3Prefix, "stream_data"),
  /** Columns of the files: creditcard, ecommerce, or a schema of one's own. Default creditcard. */
  schema: withDefault(eitherOf("StreamSchema", "features", OwnSchema, oneOf("creditcard", "ecommerce")), "creditcard"),
  /**
   * Another endpoint of the account and region, which scores in place of the stack's own; needed where the schema's
   * features are not those of the platform's models. It must answer as the platform's do. Default: the stack's own.
   */
  endpointName: optional(sageMakerName(63)),
  /** Rows that are accounted for as one, with an object of predictions: 100 to 50000, default 5000. */
  chunkRows: withDefault(integer(100, 50_000), 5_000),
  /** Rows that one call of the endpoint scores: 1 to 5000, default 500. */
  batchRows: withDefault(integer(1, 5_000), 500),
  /** Calls of the endpoint that are under way at once, for each file: 1 to 64, default 4. */
  endpointConcurrency: withDefault(integer(1, 64), 4),
  /** Large files, which SageMaker Batch Transform scores with the live model; none with `endpointName`. */
  batchTransform: withDefault(
    struct("StreamBatchTransform", {
      /** Files from this length on, in bytes as they are stored: 1 to 5e12 (S3's longest), default 1e9. */
      fromBytes: withDefault(integer(1, 5_000_000_000_000), 1_000_000_000),
      /** Default ml.m5.large. */
      instanceType: withDefault(ProcessingInstance, "ml.m5.large"),
      /** 1 to 100, default 1. */
      instanceCount: withDefault(integer(1, 100), 1),
    }),
    {},
  ),
  /** Files scored at once: 2 (the least that SQS allows) to 1000, default 5. */
  maxConcurrency: withDefault(integer(2, 1_000), 5),
  /** Delay before a file is tried again while there is no model: 1 to 900 s (SQS's longest delay), default 300. */
  noModelRetrySeconds: withDefault(integer(1, 900), 300),
  /** GB (10^9 bytes) that one query of Athena's may read before it is broken off: 1 to 10000, default 10. */
  queryScanLimitGb: withDefault(integer(1, 10_000), 10),
});
export type Stream = t.TypeOf<typeof Stream>;

/** The columns that a configuration means. */
export function schemaOf({ schema }: Pick<Stream, "schema">): StreamSchema {
  if (typeof schema === "string") return schemas[schema];
  const { idColumn, features, amountColumn } = schema;
  return {
    idColumns: idColumn === undefined ? [] : [idColumn],
    features,
    ...(amountColumn === undefined ? {} : { amountColumn }),
  };
}

/** Whether the platform's own models take a schema's features. */
export const isPlatformSchema = ({ features }: StreamSchema): boolean =>
  features.length === FEATURES.length && features.every((name, index) => name === FEATURES[index]);
