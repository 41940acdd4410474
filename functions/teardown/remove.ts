import { setTimeout as delay } from "node:timers/promises";
import type { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { ECSClient } from "@aws-sdk/client-ecs";
import {
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DeleteModelCommand,
  DeleteModelPackageCommand,
  ListModelPackagesCommand,
  ListModelsCommand,
  ListEndpointConfigsCommand,
  ListTagsCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { describeEndpoint, unlessMissing } from "../shared/endpoint";
import type { Tags } from "../shared/environment";
import { inTransition } from "../shared/outcome";
import { removeAllAlarms } from "../shared/rollout-alarms";
import { deregisterScaling } from "../shared/scaling";
import { carries, type Removed } from "./logic";
import { removePipeline, type PipelineSettings } from "./pipeline";
import { deregisterRevisions } from "./task-definitions";

export interface TeardownClients {
  sagemaker: SageMakerClient;
  sqs: SQSClient;
  cloudwatch: CloudWatchClient;
  autoscaling: ApplicationAutoScalingClient;
  ecs: ECSClient;
}

export interface TeardownSettings extends PipelineSettings {
  endpointName: string;
  variantName: string;
  modelPackageGroupName: string;
  /** Of endpoint configs and models. */
  tags: Tags;
  taskFamily: string;
  /** Of the family's revisions. */
  taskTags: Tags;
  /** How long executions and a change of the endpoint are waited out, in milliseconds. */
  patienceMilliseconds: number;
}

const POLL_MILLISECONDS = 2_000;

/**
 * Removes what functions, pipelines and deliveries made at run time: the pipeline with its executions, the endpoint, its
 * configs, models and alarms, packages, and revisions of the launcher's task. What is gone already is no error, so that a second
 * try ends what a first began.
 *
 * @throws Error when executions run, or the endpoint is still being changed, at the end of the patience.
 */
export async function removeAll(
  { sagemaker, sqs, ecs, cloudwatch, autoscaling }: TeardownClients,
  settings: TeardownSettings,
): Promise<Removed> {
  const deadline = performance.now() + settings.patienceMilliseconds;
  return {
    // First what launches and executes: it would make more of the rest.
    taskDefinitions: await deregisterRevisions(ecs, settings.taskFamily, settings.taskTags),
    pipelines: await removePipeline(sagemaker, sqs, settings, deadline),
    endpoints: await removeEndpoint(sagemaker, autoscaling, settings, deadline),
    alarms: await removeAllAlarms(cloudwatch, settings.endpointName),
    endpointConfigs: await removeConfigs(sagemaker, settings),
    models: await removeModels(sagemaker, settings),
    modelPackages: await removePackages(sagemaker, settings),
  };
}

async function removeEndpoint(
  sagemaker: SageMakerClient,
  autoscaling: ApplicationAutoScalingClient,
  { endpointName, variantName }: Pick<TeardownSettings, "endpointName" | "variantName">,
  deadline: number,
): Promise<string[]> {
  let deleted = false;
  for (;;) {
    const endpoint = await describeEndpoint(sagemaker, endpointName);
    if (endpoint === undefined) return deleted ? [endpointName] : [];
    if (!inTransition(endpoint)) {
      await deregisterScaling(autoscaling, { endpointName, variantName });
      await unlessMissing(sagemaker.send(new DeleteEndpointCommand({ EndpointName: endpointName })));
      deleted = true;
    } else if (performance.now() > deadline) {
      throw new Error(
        `Endpoint ${endpointName} is ${endpoint.EndpointStatus ?? "being changed"} and can't be deleted now; ` +
          "wait until its deployment has ended and destroy again",
      );
    }
    await delay(POLL_MILLISECONDS);
  }
}

async function removeConfigs(sagemaker: SageMakerClient, settings: TeardownSettings): Promise<string[]> {
  const found = await pages(async (NextToken) => {
    const page = await sagemaker.send(new ListEndpointConfigsCommand({ NextToken, MaxResults: 100 }));
    const items = page.EndpointConfigs ?? [];
    return {
      items: items.map((item) => ({ name: item.EndpointConfigName, arn: item.EndpointConfigArn })),
      next: page.NextToken,
    };
  });
  return removeTagged(sagemaker, found, settings.tags, (name) =>
    sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName: name })),
  );
}

async function removeModels(sagemaker: SageMakerClient, settings: TeardownSettings): Promise<string[]> {
  const found = await pages(async (NextToken) => {
    const page = await sagemaker.send(new ListModelsCommand({ NextToken, MaxResults: 100 }));
    const items = page.Models ?? [];
    return { items: items.map((item) => ({ name: item.ModelName, arn: item.ModelArn })), next: page.NextToken };
  });
  return removeTagged(sagemaker, found, settings.tags, (name) =>
    sagemaker.send(new DeleteModelCommand({ ModelName: name })),
  );
}

async function removePackages(
  sagemaker: SageMakerClient,
  { modelPackageGroupName }: TeardownSettings,
): Promise<string[]> {
  const arns = await pages(async (NextToken) => {
    const list = new ListModelPackagesCommand({
      ModelPackageGroupName: modelPackageGroupName,
      NextToken,
      MaxResults: 100,
    });
    const page = await unlessMissing(sagemaker.send(list));
    const items = page?.ModelPackageSummaryList ?? [];
    return { items: items.flatMap((item) => item.ModelPackageArn ?? []), next: page?.NextToken };
  });
  for (const arn of arns) {
    await unlessMissing(sagemaker.send(new DeleteModelPackageCommand({ ModelPackageName: arn })));
  }
  return arns;
}

/** Deletes what carries the tags. An account may hold much that does not: nothing else is touched. */
async function removeTagged(
  sagemaker: SageMakerClient,
  found: readonly { name: string | undefined; arn: string | undefined }[],
  wanted: Tags,
  remove: (name: string) => Promise<unknown>,
): Promise<string[]> {
  const removed: string[] = [];
  for (const { name, arn } of found) {
    if (name === undefined || arn === undefined) continue;
    const answer = await unlessMissing(sagemaker.send(new ListTagsCommand({ ResourceArn: arn })));
    if (answer === undefined || !carries(answer.Tags ?? [], wanted)) continue;
    await unlessMissing(remove(name));
    removed.push(name);
  }
  return removed;
}

/** All items of a list that comes in pages. */
async function pages<A>(
  read: (token: string | undefined) => Promise<{ items: A[]; next: string | undefined }>,
): Promise<A[]> {
  const all: A[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await read(token);
    all.push(...items);
    token = next;
  } while (token !== undefined);
  return all;
}
