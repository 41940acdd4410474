import * as t from "io-ts";
import { Text } from "../shared/environment";

/** Environment of `merge-labels`. Prefixes are whole keys' beginnings without a slash at the end. */
export const MergeLabelsEnvironment = t.type(
  {
    /** Objects elsewhere hold no labels, whatever the event says. */
    LABELS_PREFIX: Text,
    /** Where labels go by hour. */
    MERGED_PREFIX: Text,
    QUARANTINE_PREFIX: Text,
    MANIFESTS_PREFIX: Text,
    /** Table of predictions, hash key `TransactionID` (S): knows the inference id of a scored transaction. */
    PREDICTIONS_TABLE_NAME: Text,
  },
  "MergeLabelsEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type MergeLabelsVariables = t.OutputOf<typeof MergeLabelsEnvironment>;
