import type { S3Client } from "@aws-sdk/client-s3";
import {
  DescribeModelPackageCommand,
  ListModelPackagesCommand,
  type ModelApprovalStatus,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { CommandMessage } from "../deploy-model/logic";
import { PACKAGE_TAG, type ModelRegistry } from "../shared/mlflow";
import { registerOnce, type Registration, type Registries } from "../shared/registration";
import { copyObjects } from "./copy";
import type { PromotionSource } from "./env";
import {
  deploymentIdOf,
  destinationOf,
  promotable,
  PromotionError,
  sourceArnOf,
  type Promotable,
  type PromoteEvent,
  type Promotion,
} from "./logic";
import { promotedPackage } from "./promoted-package";

export interface PromoteClients {
  s3: S3Client;
  sagemaker: SageMakerClient;
  sqs: SQSClient;
  mlflow: ModelRegistry;
}

export interface PromoteSettings extends Registries {
  source: PromotionSource;
  /** Folder for what comes with promoted packages, without a slash at its end. */
  promotedUri: string;
  groupName: string;
  approvalStatus: ModelApprovalStatus;
  /** Of deploy-model. */
  queueUrl: string;
  partition: string;
  region: string;
}

/** Tag of a promoted model's MLflow version: the package that it is a copy of. */
const PROMOTED_FROM_TAG = "promoted_from";

/**
 * Registers a copy of another stack's approved package: its archive byte for byte, its baselines, its golden sample,
 * and all that is known of it. Where no approval is asked for, its deployment is. Doing it again changes nothing.
 *
 * @throws PromotionError when the package may not be promoted, or its archive is not the one that was registered
 */
export async function promote(
  clients: PromoteClients,
  settings: PromoteSettings,
  event: PromoteEvent,
): Promise<Promotion> {
  const { sagemaker } = clients;
  const wanted = event.modelPackage ?? (await latestApproved(sagemaker, settings));
  const ModelPackageName = sourceArnOf(wanted, settings.source, settings);
  const document = await sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName }));
  const source = promotable(document, settings.source, settings.region);
  // What is registered already is left as it is: its objects may be what serves.
  const registration = (await registered(clients, settings, source)) ?? (await bring(clients, settings, source, event));
  const { modelPackageArn } = registration;
  const promotion = { sourceArn: source.sourceArn, ...registration, artifactSha256: source.artifactSha256 };
  if (settings.approvalStatus !== "Approved") {
    const { ModelApprovalStatus: approvalStatus = "unknown" } = await sagemaker.send(
      new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn }),
    );
    return { ...promotion, approvalStatus };
  }
  return {
    ...promotion,
    approvalStatus: "Approved",
    deploymentId: await askForDeployment(clients, settings, modelPackageArn, event),
  };
}

/** The copy that an earlier try has registered. */
async function registered(
  { mlflow }: PromoteClients,
  { modelName }: PromoteSettings,
  { sourceArn }: Promotable,
): Promise<Registration | undefined> {
  const [known] = await mlflow.findVersions(modelName, { key: PROMOTED_FROM_TAG, value: sourceArn });
  const modelPackageArn = known?.tags[PACKAGE_TAG];
  return modelPackageArn === undefined ? undefined : { modelPackageArn, mlflowModelVersion: known?.version ?? "" };
}

async function bring(
  clients: PromoteClients,
  settings: PromoteSettings,
  source: Promotable,
  event: PromoteEvent,
): Promise<Registration> {
  const { groupName, approvalStatus } = settings;
  const destination = (uri: string) => destinationOf(uri, settings.source, settings.promotedUri, source.sourceArn);
  await copyObjects(clients.s3, source, destination);
  return registerOnce(clients, settings, {
    identity: { key: PROMOTED_FROM_TAG, value: source.sourceArn },
    executionId: source.executionId,
    artifactUri: destination(source.artifactUri),
    tags: { promoted_by: event.requestedBy, promoted_because: event.because },
    modelPackage: (mlflowModelVersion) =>
      promotedPackage(source, { groupName, approvalStatus, mlflowModelVersion, destination }, event),
  });
}

async function askForDeployment(
  { sqs }: PromoteClients,
  { queueUrl: QueueUrl }: PromoteSettings,
  modelPackageArn: string,
  { requestedBy, because }: PromoteEvent,
): Promise<string> {
  const id = deploymentIdOf(modelPackageArn);
  const message: CommandMessage = { command: { id, kind: "promotion", modelPackageArn, requestedBy, because } };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }));
  return id;
}

async function latestApproved(
  sagemaker: SageMakerClient,
  { source, partition, region }: PromoteSettings,
): Promise<string> {
  // A group of another account is known by its ARN alone.
  const group = `arn:${partition}:sagemaker:${region}:${source.accountId}:model-package-group/${source.modelPackageGroupName}`;
  const { ModelPackageSummaryList } = await sagemaker.send(
    new ListModelPackagesCommand({
      ModelPackageGroupName: group,
      ModelApprovalStatus: "Approved",
      SortBy: "CreationTime",
      SortOrder: "Descending",
      MaxResults: 1,
    }),
  );
  const arn = ModelPackageSummaryList?.[0]?.ModelPackageArn;
  if (arn === undefined) throw new PromotionError(`The group ${group} has no approved package.`);
  return arn;
}
