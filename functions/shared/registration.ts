import {
  CreateModelPackageCommand,
  type CreateModelPackageCommandInput,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { EXECUTION_TAG, executionRun } from "./execution-run";
import { PACKAGE_TAG, type ModelRegistry, type ModelVersion, type Tag } from "./mlflow";

/** Where models are registered. */
export interface Registries {
  /** MLflow experiment of the execution's run; made when it does not exist. */
  experimentName: string;
  /** MLflow's name of the model; made when it does not exist. */
  modelName: string;
}

/** A model that is to be registered. */
export interface Candidate {
  /** What no other version of the model carries: it is how an earlier try is found again. */
  identity: Tag;
  /** The pipeline's execution that trained it. */
  executionId: string;
  /** `s3://` URI of its artifact. */
  artifactUri: string;
  /** Further tags of its MLflow version. */
  tags: Readonly<Record<string, string>>;
  /** Its SageMaker package, once its MLflow version is known; the same version gives the same, token included. */
  modelPackage(mlflowModelVersion: string): CreateModelPackageCommandInput;
}

/** What a registered model is known by. */
export interface Registration {
  modelPackageArn: string;
  mlflowModelVersion: string;
}

/**
 * Registers a model in MLflow and in SageMaker, once however often it is called: every step first looks for what an
 * earlier try left. Calls at the same time agree on one version.
 */
export async function registerOnce(
  { mlflow, sagemaker }: { mlflow: ModelRegistry; sagemaker: SageMakerClient },
  registries: Registries,
  candidate: Candidate,
): Promise<Registration> {
  const { modelName } = registries;
  const { version, tags } = await ensureVersion(mlflow, registries, candidate);
  const known = tags[PACKAGE_TAG];
  if (known !== undefined) return { modelPackageArn: known, mlflowModelVersion: version };

  const { ModelPackageArn } = await sagemaker.send(new CreateModelPackageCommand(candidate.modelPackage(version)));
  if (ModelPackageArn === undefined) throw new Error("SageMaker made a model package without an ARN");
  await mlflow.setAlias(modelName, "candidate", version);
  // The tag comes last: from here on a retry has nothing left to do.
  await mlflow.tagVersion(modelName, version, { key: PACKAGE_TAG, value: ModelPackageArn });
  return { modelPackageArn: ModelPackageArn, mlflowModelVersion: version };
}

async function ensureVersion(
  mlflow: ModelRegistry,
  { experimentName, modelName }: Registries,
  { identity, executionId, artifactUri, tags }: Candidate,
): Promise<ModelVersion> {
  const [known] = await mlflow.findVersions(modelName, identity);
  if (known !== undefined) return known;
  const runId = await executionRun(mlflow, experimentName, executionId);
  await mlflow.ensureModel(modelName);
  const made = await mlflow.createVersion({
    name: modelName,
    source: artifactUri,
    runId,
    tags: { ...tags, [EXECUTION_TAG]: executionId, [identity.key]: identity.value },
  });
  // Another call for the same model may have made a version meanwhile: all of them keep the oldest.
  const [oldest = made] = await mlflow.findVersions(modelName, identity);
  if (oldest.version !== made.version) await mlflow.deleteVersion(modelName, made.version);
  return oldest;
}
