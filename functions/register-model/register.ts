import { CreateModelPackageCommand, type ModelApprovalStatus, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { EvaluationReport } from "../shared/evaluation-report";
import { PACKAGE_TAG, type ModelRegistry, type ModelVersion } from "../shared/mlflow";
import { EXECUTION_TAG, executionRun } from "../shared/execution-run";
import { modelPackage, type RegisterEvent, type Registration } from "./logic";

export interface RegisterSettings {
  experimentName: string;
  modelName: string;
  groupName: string;
  approvalStatus: ModelApprovalStatus;
}

/**
 * Registers a model in MLflow and in SageMaker, once for an execution however often it is called: every step first
 * looks for what an earlier try left. Calls at the same time agree on one version.
 */
export async function register(
  clients: { mlflow: ModelRegistry; sagemaker: SageMakerClient },
  settings: RegisterSettings,
  event: RegisterEvent,
  report: EvaluationReport,
): Promise<Registration> {
  const { mlflow, sagemaker } = clients;
  const { modelName } = settings;
  const { version, tags } = await ensureVersion(mlflow, settings, event);
  const known = tags[PACKAGE_TAG];
  if (known !== undefined) return { modelPackageArn: known, mlflowModelVersion: version };

  const { ModelPackageArn } = await sagemaker.send(
    new CreateModelPackageCommand(modelPackage(event, report, version, settings)),
  );
  if (ModelPackageArn === undefined) throw new Error("SageMaker made a model package without an ARN");
  await mlflow.setAlias(modelName, "candidate", version);
  // The tag comes last: from here on a retry has nothing left to do.
  await mlflow.tagVersion(modelName, version, { key: PACKAGE_TAG, value: ModelPackageArn });
  return { modelPackageArn: ModelPackageArn, mlflowModelVersion: version };
}

async function ensureVersion(
  mlflow: ModelRegistry,
  { experimentName, modelName }: RegisterSettings,
  event: RegisterEvent,
): Promise<ModelVersion> {
  const tag = { key: EXECUTION_TAG, value: event.executionId };
  const [known] = await mlflow.findVersions(modelName, tag);
  if (known !== undefined) return known;
  const runId = await executionRun(mlflow, experimentName, event.executionId);
  await mlflow.ensureModel(modelName);
  const made = await mlflow.createVersion({
    name: modelName,
    source: event.modelArtifactUri,
    runId,
    tags: { [EXECUTION_TAG]: event.executionId, git_revision: event.gitRevision, algorithm: event.algorithm },
  });
  // Another call for the same execution may have made a version meanwhile: all of them keep the oldest.
  const [oldest = made] = await mlflow.findVersions(modelName, tag);
  if (oldest.version !== made.version) await mlflow.deleteVersion(modelName, made.version);
  return oldest;
}
