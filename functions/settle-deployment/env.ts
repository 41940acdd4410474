import * as t from "io-ts";
import { EndpointSettings } from "../shared/endpoint-settings";
import { Arn, json, Text } from "../shared/environment";

/** Environment of `settle-deployment`. */
export const SettleDeploymentEnvironment = t.type(
  {
    /** JSON `EndpointSettings` (functions/shared/endpoint-settings.ts). */
    ENDPOINT_SETTINGS: json(EndpointSettings),
    /** DynamoDB table of deployments, hash key `endpointName` (S), range key `record` (S). */
    DEPLOYMENTS_TABLE_NAME: Text,
    /** The queue of deploy-model, which is told when its turn may have come. */
    QUEUE_URL: Text,
    /** The MLflow app or tracking server. */
    MLFLOW_ARN: Arn,
    /** Name of the MLflow registered model whose alias `champion` is moved. */
    MODEL_NAME: Text,
  },
  "SettleDeploymentEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type SettleDeploymentVariables = t.OutputOf<typeof SettleDeploymentEnvironment>;
