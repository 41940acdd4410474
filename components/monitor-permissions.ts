import * as pulumi from "@pulumi/pulumi";
import type { Monitors } from "../config/monitors";
import { monitorKinds } from "../functions/shared/monitors";
import type { Place } from "./component";
import { passingRoles, type Statement } from "./iam";
import { joiningNetwork, runningJobs } from "./job-permissions";
import type { LauncherTask } from "./launcher";
import { SETTINGS } from "./monitor-settings";
import type { StackNetwork } from "./network";
import type { Storage } from "./storage";

/** Where the stack's own labels are merged to, below the prefix. */
export const MERGED_LABELS = "ground-truth/merged";

/** Where labels are, without a slash at the end. */
export const groundTruthUri = ({ storage, monitors }: { storage: Storage; monitors: Monitors }): pulumi.Input<string> =>
  monitors.groundTruthUri?.replace(/\/+$/, "") ?? storage.uri(MERGED_LABELS);

/** Keys that monitors were given instead of the stack's. */
export function ownKeys(monitors: Monitors): string[] {
  const keys = monitorKinds.flatMap((kind) => monitors[SETTINGS[kind]].kmsKeyArn ?? []);
  return [...new Set(keys)];
}

/** Lending the keys to SageMaker, which encrypts the instances' disks in the name of who asks. */
export function lendingKeys({ storage, monitors }: { storage: Storage; monitors: Monitors }): Statement[] {
  const lending = storage.lendingKey();
  return [lending, ...ownKeys(monitors).map((key): Statement => ({ ...lending, resources: [key] }))];
}

/** Bucket and folder (without slashes at its ends) of a configured URI. */
function partsOf(uri: string): { bucket: string; folder: string } {
  const [bucket = "", ...folder] = uri.replace("s3://", "").split("/");
  return { bucket, folder: folder.filter((part) => part !== "").join("/") };
}

/** Listing what is below a configured URI. */
export function listingElsewhere(partition: pulumi.Output<string>, uri: string | undefined): Statement[] {
  if (uri === undefined) return [];
  const { bucket, folder } = partsOf(uri);
  return [
    {
      actions: ["s3:ListBucket"],
      resources: [pulumi.interpolate`arn:${partition}:s3:::${bucket}`],
      conditions: { StringLike: { "s3:prefix": [folder === "" ? "*" : `${folder}/*`] } },
    },
  ];
}

/** Reading it, too. */
export function readingElsewhere(partition: pulumi.Output<string>, uri: string | undefined): Statement[] {
  if (uri === undefined) return [];
  const { bucket, folder } = partsOf(uri);
  const objects = folder === "" ? "*" : `${folder}/*`;
  return [
    { actions: ["s3:GetObject"], resources: [pulumi.interpolate`arn:${partition}:s3:::${bucket}/${objects}`] },
    ...listingElsewhere(partition, uri),
  ];
}

/** Begins the names of the endpoints on which Clarify serves itself a copy of the model. */
export const explainingPrefix = (jobNamePrefix: string): string => `${jobNamePrefix}-clarify`;

/** What Clarify does under the jobs' role to explain: it serves itself a copy of the model, and removes it. */
export function explaining({ partition, region, accountId }: Place, jobNamePrefix: string): Statement[] {
  const sagemaker = (resource: string) =>
    pulumi.interpolate`arn:${partition}:sagemaker:${region}:${accountId}:${resource}`;
  const copies = explainingPrefix(jobNamePrefix).toLowerCase();
  const endpoints = sagemaker(`endpoint/${copies}*`);
  const configs = sagemaker(`endpoint-config/${copies}*`);
  return [
    { actions: ["sagemaker:DescribeModel"], resources: [sagemaker("model/*")] },
    { actions: ["sagemaker:CreateEndpointConfig"], resources: [configs, sagemaker("model/*")] },
    { actions: ["sagemaker:CreateEndpoint"], resources: [endpoints, configs] },
    {
      actions: ["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint", "sagemaker:DeleteEndpoint"],
      resources: [endpoints],
    },
    { actions: ["sagemaker:DescribeEndpointConfig", "sagemaker:DeleteEndpointConfig"], resources: [configs] },
    { actions: ["sagemaker:AddTags"], resources: [endpoints, configs] },
  ];
}

export interface JobStatementsArgs {
  storage: Storage;
  monitors: Monitors;
  network?: StackNetwork | undefined;
  /** Folders below the prefix. */
  captures: string;
  inputs: string;
  outputs: string;
}

/** What the monitors' jobs do: read captures, labels, baselines and models; write what they find and its metrics. */
export function jobStatements(
  place: Place,
  { storage, monitors, network, captures, inputs, outputs }: JobStatementsArgs,
): Statement[] {
  return [
    ...storage.reading(`${captures}/*`, `${MERGED_LABELS}/*`, `${inputs}/*`, "scripts/*", "*/baselines/*", "*/model/*"),
    ...storage.writing(`${outputs}/*`),
    ...readingElsewhere(place.partition, monitors.groundTruthUri),
    ...ownKeys(monitors).map((key): Statement => ({
      actions: ["kms:GenerateDataKey", "kms:Decrypt"],
      resources: [key],
    })),
    ...lendingKeys({ storage, monitors }),
    ...runningJobs(place),
    {
      actions: ["cloudwatch:PutMetricData"],
      anyResourceBecause: "CloudWatch metrics are no resources",
      // Model Monitor's own namespaces, which have no slash in front.
      conditions: { StringLike: { "cloudwatch:namespace": ["aws/sagemaker/Endpoints/*"] } },
    },
    ...(network === undefined ? [] : joiningNetwork(place, network)),
  ];
}

/** What starting the launcher's task takes. */
export function launching(
  { partition, region, accountId }: Place,
  { clusterArn, taskFamily, roleArns }: LauncherTask,
): Statement[] {
  const family = pulumi.interpolate`arn:${partition}:ecs:${region}:${accountId}:task-definition/${taskFamily}`;
  return [
    {
      actions: ["ecs:RunTask"],
      resources: [family, pulumi.interpolate`${family}:*`],
      conditions: { ArnEquals: { "ecs:cluster": clusterArn } },
    },
    passingRoles(roleArns, "ecs-tasks"),
  ];
}
