import * as t from "io-ts";
import { json, Tags, Text, wholeNumber } from "../shared/environment";
import { StreamSchema } from "./schemas";

/** Environment of `scorer`. Prefixes are whole keys' beginnings without a slash at the end (`fraud/stream_data`). */
export const ScorerEnvironment = t.type(
  {
    ENDPOINT_NAME: Text,
    /** Table of predictions, hash key `TransactionID` (S), range key `RowId` (S). */
    DYNAMODB_TABLE_NAME: Text,
    /** Table that says how far files are, hash key `FileId` (S), range key `Chunk` (N). */
    FILES_TABLE_NAME: Text,
    STREAM_SCHEMA: json(StreamSchema),
    /** Objects elsewhere are not scored, whatever the event says. */
    STREAM_PREFIX: Text,
    QUARANTINE_PREFIX: Text,
    PREDICTIONS_PREFIX: Text,
    MANIFESTS_PREFIX: Text,
    /** Input and output of transform jobs. */
    TRANSFORM_PREFIX: Text,
    /** Rows that are claimed and accounted for as one. An inference id holds five digits of a row. */
    CHUNK_ROWS: wholeNumber(1, 50_000),
    /** Rows in one request to the endpoint. */
    BATCH_ROWS: wholeNumber(1, 10_000),
    /** Requests to the endpoint that are under way at once, for one file. */
    ENDPOINT_CONCURRENCY: wholeNumber(1, 64),
    /** Files from this length on go to Batch Transform. */
    BATCH_TRANSFORM_BYTES: wholeNumber(1, 5_000_000_000_000),
    TRANSFORM_JOB_PREFIX: Text,
    TRANSFORM_INSTANCE_TYPE: Text,
    TRANSFORM_INSTANCE_COUNT: wholeNumber(1, 100),
    /** On the jobs. */
    RESOURCE_TAGS: json(Tags),
    /** The queue that the function reads; a message of a file that is not done goes back to it. */
    QUEUE_URL: Text,
    /** Wait before a message is tried again when there is no model; at most what SQS can delay. */
    NO_MODEL_RETRY_SECONDS: wholeNumber(0, 900),
  },
  "ScorerEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type ScorerVariables = t.OutputOf<typeof ScorerEnvironment>;
