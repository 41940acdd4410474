import * as t from "io-ts";
import { Arn, Text } from "../shared/environment";

/** Environment of `register-model`. */
export const RegisterModelEnvironment = t.type(
  {
    /** The MLflow app or tracking server. */
    MLFLOW_ARN: Arn,
    /** Experiment that the run is logged in; made when it does not exist. */
    MLFLOW_EXPERIMENT_NAME: Text,
    /** Name of the MLflow registered model; made when it does not exist. */
    MODEL_NAME: Text,
    MODEL_PACKAGE_GROUP_NAME: Text,
    /** `Approved` where the pipeline deploys by itself, `PendingManualApproval` where a person decides. */
    APPROVAL_STATUS: t.union([t.literal("Approved"), t.literal("PendingManualApproval")]),
  },
  "RegisterModelEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type RegisterModelVariables = t.OutputOf<typeof RegisterModelEnvironment>;
