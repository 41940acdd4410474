import * as t from "io-ts";
import { Arn } from "../shared/environment";

/** Environment of `gate-model`. */
export const GateModelEnvironment = t.type(
  {
    /** SNS topic that a refusal is published to. */
    ALERTS_TOPIC_ARN: Arn,
  },
  "GateModelEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type GateModelVariables = t.OutputOf<typeof GateModelEnvironment>;
