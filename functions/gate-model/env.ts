import * as t from "io-ts";
import { Arn, Text } from "../shared/environment";

/** Environment of `gate-model`. */
export const GateModelEnvironment = t.type(
  {
    /** SNS topic that a refusal is published to. */
    ALERTS_TOPIC_ARN: Arn,
    /** The MLflow app or tracking server. */
    MLFLOW_ARN: Arn,
    /** Experiment that holds the execution's run; made when it does not exist. */
    MLFLOW_EXPERIMENT_NAME: Text,
  },
  "GateModelEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type GateModelVariables = t.OutputOf<typeof GateModelEnvironment>;
