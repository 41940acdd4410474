import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SQSClient } from "@aws-sdk/client-sqs";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { PromoteModelEnvironment } from "./env";
import { PromoteEvent, type Promotion } from "./logic";
import { promote } from "./promote";

const environment = readEnvironment(PromoteModelEnvironment);
const clients = {
  s3: new S3Client(),
  sagemaker: new SageMakerClient(),
  sqs: new SQSClient(),
  mlflow: new MlflowClient(environment.MLFLOW_ARN),
};
const [, partition = "", , region = ""] = environment.MLFLOW_ARN.split(":");
const settings = {
  source: environment.SOURCE,
  promotedUri: environment.PROMOTED_URI,
  experimentName: environment.MLFLOW_EXPERIMENT_NAME,
  modelName: environment.MODEL_NAME,
  groupName: environment.MODEL_PACKAGE_GROUP_NAME,
  approvalStatus: environment.APPROVAL_STATUS,
  queueUrl: environment.QUEUE_URL,
  partition,
  region,
};

/** Registers a copy of an approved package of the stack before this one; a retried event answers what the first did. */
export async function handler(input: unknown): Promise<Promotion> {
  const event = decode(PromoteEvent, input, "The promotion's event");
  const promotion = await promote(clients, settings, event);
  log.info("model promoted", { ...promotion, requestedBy: event.requestedBy, because: event.because });
  return promotion;
}
