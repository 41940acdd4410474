import * as t from "io-ts";
import { Arn, json, Tags, Text, wholeNumber } from "../shared/environment";
import { DataCapture, Rollout } from "../shared/rollout";

/** Environment of `deploy-model`. */
export const DeployModelEnvironment = t.intersection(
  [
    t.type({
      ENDPOINT_NAME: Text,
      /** Never changes during an endpoint's life: autoscaling and retained properties hang on it. */
      ENDPOINT_VARIANT_NAME: Text,
      ENDPOINT_INSTANCE_TYPE: Text,
      /** Instances of a new endpoint; an update keeps the number that autoscaling has reached. */
      ENDPOINT_INSTANCE_COUNT: wholeNumber(1, 1000),
      /** JSON `Rollout` (functions/shared/rollout.ts). */
      ENDPOINT_ROLLOUT: json(Rollout),
      /** AWS stops and rolls back a deployment that takes longer. */
      DEPLOYMENT_TIMEOUT_SECONDS: wholeNumber(600, 28_800),
      /** DynamoDB table of deployments, hash key `endpointName` (S). */
      DEPLOYMENTS_TABLE_NAME: Text,
      /** The queue that the function reads; a message that must wait its turn goes back to it. */
      QUEUE_URL: Text,
      /** The MLflow app or tracking server, for the alias of a model that is live already. */
      MLFLOW_ARN: Arn,
      /** Name of the MLflow registered model whose alias `champion` is moved. */
      MODEL_NAME: Text,
      /** JSON record: tags of what is made at run time. */
      RESOURCE_TAGS: json(Tags),
    }),
    t.partial({
      /** JSON `DataCapture` (functions/shared/rollout.ts); nothing is captured without it. */
      DATA_CAPTURE: json(DataCapture),
      /** Key of the instances' volumes. Default: AWS's own key. */
      KMS_KEY_ARN: Arn,
    }),
  ],
  "DeployModelEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type DeployModelVariables = t.OutputOf<typeof DeployModelEnvironment>;
