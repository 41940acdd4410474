import * as t from "io-ts";
import { Text } from "../shared/environment";

/** Environment of `inference`. */
export const InferenceEnvironment = t.type(
  {
    ENDPOINT_NAME: Text,
    /** The model's name in answers. */
    MODEL_NAME: Text,
  },
  "InferenceEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type InferenceVariables = t.OutputOf<typeof InferenceEnvironment>;
