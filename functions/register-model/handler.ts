import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { EvaluationReport } from "../shared/evaluation-report";
import { log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { readJson, sha256Of } from "../shared/objects";
import type { Registration } from "../shared/registration";
import { RegisterModelEnvironment } from "./env";
import { RegisterEvent } from "./logic";
import { register } from "./register";

const environment = readEnvironment(RegisterModelEnvironment);
const s3 = new S3Client();
const clients = { mlflow: new MlflowClient(environment.MLFLOW_ARN), sagemaker: new SageMakerClient() };

/** Registers the model that passed the gate; a retried event answers what the first one did. */
export async function handler(input: unknown): Promise<Registration> {
  const event = decode(RegisterEvent, input, "The register step's event");
  const report = await readJson(s3, event.evaluationUri, EvaluationReport);
  const registration = await register(
    clients,
    {
      experimentName: environment.MLFLOW_EXPERIMENT_NAME,
      modelName: environment.MODEL_NAME,
      groupName: environment.MODEL_PACKAGE_GROUP_NAME,
      approvalStatus: environment.APPROVAL_STATUS,
    },
    event,
    report,
    await sha256Of(s3, event.modelArtifactUri),
  );
  log.info("model registered", { executionId: event.executionId, ...registration });
  return registration;
}
