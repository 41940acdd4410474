import * as t from "io-ts";
import { Text, wholeNumber } from "../shared/environment";

/** Environment of `scorer`. Prefixes are whole keys' beginnings without a slash at the end (`fraud/stream_data`). */
export const ScorerEnvironment = t.type(
  {
    ENDPOINT_NAME: Text,
    /** Table of predictions, hash key `TransactionID` (S). */
    DYNAMODB_TABLE_NAME: Text,
    STREAM_SCHEMA: t.union([t.literal("creditcard"), t.literal("ecommerce")]),
    /** Objects elsewhere are not scored, whatever the event says. */
    STREAM_PREFIX: Text,
    QUARANTINE_PREFIX: Text,
    PREDICTIONS_PREFIX: Text,
    /** Rows in one request to the endpoint. */
    BATCH_ROWS: wholeNumber(1, 10_000),
    /** The queue that the function reads; a message that no model can serve yet goes back to it. */
    QUEUE_URL: Text,
    /** Wait before a message is tried again when there is no model; at most what SQS can delay. */
    NO_MODEL_RETRY_SECONDS: wholeNumber(0, 900),
  },
  "ScorerEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type ScorerVariables = t.OutputOf<typeof ScorerEnvironment>;
