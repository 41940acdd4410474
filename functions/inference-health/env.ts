import * as t from "io-ts";
import { Text } from "../shared/environment";

/** Environment of `inference-health`. */
export const InferenceHealthEnvironment = t.type(
  {
    ENDPOINT_NAME: Text,
    /** Where it is kept that a schedule has taken the endpoint down. */
    DEPLOYMENTS_TABLE_NAME: Text,
    /** The model's name in answers. */
    MODEL_NAME: Text,
  },
  "InferenceHealthEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type InferenceHealthVariables = t.OutputOf<typeof InferenceHealthEnvironment>;
