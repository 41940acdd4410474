import * as t from "io-ts";
import { Arn, Text } from "../shared/environment";

/** Environment of `settle-deployment`. */
export const SettleDeploymentEnvironment = t.type(
  {
    ENDPOINT_NAME: Text,
    /** DynamoDB table of deployments, hash key `endpointName` (S). */
    DEPLOYMENTS_TABLE_NAME: Text,
    /** The MLflow app or tracking server. */
    MLFLOW_ARN: Arn,
    /** Name of the MLflow registered model whose alias `champion` is moved. */
    MODEL_NAME: Text,
  },
  "SettleDeploymentEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type SettleDeploymentVariables = t.OutputOf<typeof SettleDeploymentEnvironment>;
