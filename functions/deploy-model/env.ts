import * as t from "io-ts";
import { EndpointSettings } from "../shared/endpoint-settings";
import { Arn, json, Tags, Text } from "../shared/environment";

/** Environment of `deploy-model`. */
export const DeployModelEnvironment = t.type(
  {
    /** JSON `EndpointSettings` (functions/shared/endpoint-settings.ts). */
    ENDPOINT_SETTINGS: json(EndpointSettings),
    /** DynamoDB table of deployments, hash key `endpointName` (S), range key `record` (S). */
    DEPLOYMENTS_TABLE_NAME: Text,
    /** The queue that the function reads; a message that must wait its turn goes back to it. */
    QUEUE_URL: Text,
    /** The MLflow app or tracking server, for the champion and its alias. */
    MLFLOW_ARN: Arn,
    /** Name of the MLflow registered model whose alias `champion` is moved. */
    MODEL_NAME: Text,
    /** Role of models that are made of packages. */
    MODEL_ROLE_ARN: Arn,
    /** Instance type of the Transform job that checks a model. */
    CHECK_INSTANCE_TYPE: Text,
    /** JSON record: tags of what is made at run time. */
    RESOURCE_TAGS: json(Tags),
  },
  "DeployModelEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type DeployModelVariables = t.OutputOf<typeof DeployModelEnvironment>;
