import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from "@aws-sdk/client-ecs";
import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { DELIVERED, type Delivered } from "../shared/delivered";
import type { RunPipelineEnvironment } from "./env";
import { type Continuation, imageOf, judge, nextRevision, type Request, type Result } from "./logic";

export interface Clients {
  ecs: ECSClient;
  ssm: SSMClient;
  eventBridge: EventBridgeClient;
}

/** Does what one call is about. @throws Error whatever AWS refuses. */
export async function work(
  clients: Clients,
  environment: RunPipelineEnvironment,
  jobId: string,
  { delivery, continuation }: Request,
): Promise<Result> {
  const started = continuation ?? (await deliver(clients, environment, jobId, delivery.image));
  const result = await follow(clients.ecs, environment, started);
  if (result.kind === "succeeded") await announce(clients.eventBridge, delivery);
  return result;
}

/**
 * Tells who delivers after this stack which revision is good: CodePipeline's own event of the success does not name it,
 * and by then the branch may have moved on. A job that comes again may tell it again; its image is then there already.
 */
async function announce(eventBridge: EventBridgeClient, delivered: Delivered): Promise<void> {
  const entry = { Source: DELIVERED.source, DetailType: DELIVERED.detailType, Detail: JSON.stringify(delivered) };
  const { Entries = [] } = await eventBridge.send(new PutEventsCommand({ Entries: [entry] }));
  const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (refused === undefined) return;
  throw new Error(
    `EventBridge did not take the event of the delivery: ${refused.ErrorCode}: ${refused.ErrorMessage ?? "no reason"}`,
  );
}

/**
 * Makes the image the one that runs, and runs it. The same job may come again: a task that it has started is found by
 * its name, and a revision that has the image is not registered twice.
 */
async function deliver(
  { ecs, ssm }: Clients,
  environment: RunPipelineEnvironment,
  jobId: string,
  image: string,
): Promise<Continuation> {
  const earlier = await taskOf(ecs, environment.CLUSTER_ARN, jobId);
  if (earlier !== undefined) return earlier;
  // First, so that whatever happens from here on, `pulumi up` goes on with this image and not with the one before.
  await ssm.send(
    new PutParameterCommand({
      Name: environment.IMAGE_PARAMETER_NAME,
      Value: image,
      Type: "String",
      Overwrite: true,
    }),
  );
  const taskDefinition = await revisionWith(ecs, environment, image);
  return runTask(ecs, environment, jobId, taskDefinition);
}

/** The task that a job has started, running or stopped. ECS lists stopped tasks for an hour. */
async function taskOf(ecs: ECSClient, cluster: string, jobId: string): Promise<Continuation | undefined> {
  for (const desiredStatus of ["RUNNING", "STOPPED"] as const) {
    const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, startedBy: jobId, desiredStatus }));
    if (taskArns[0] !== undefined) return { taskArn: taskArns[0], startedAtSeconds: Date.now() / 1000 };
  }
  return undefined;
}

/** The family's newest revision if it has the image, else a new one. */
async function revisionWith(ecs: ECSClient, environment: RunPipelineEnvironment, image: string): Promise<string> {
  const { TASK_FAMILY: family, CONTAINER_NAME: container } = environment;
  const { taskDefinition, tags = [] } = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: family, include: ["TAGS"] }),
  );
  if (taskDefinition?.taskDefinitionArn === undefined) throw new Error(`ECS answered ${family} without a definition`);
  if (imageOf(taskDefinition, container) === image) return taskDefinition.taskDefinitionArn;
  const registered = await ecs.send(
    new RegisterTaskDefinitionCommand(nextRevision(taskDefinition, tags, container, image)),
  );
  const arn = registered.taskDefinition?.taskDefinitionArn;
  if (arn === undefined) throw new Error(`ECS registered a revision of ${family} without telling its ARN`);
  return arn;
}

async function runTask(
  ecs: ECSClient,
  environment: RunPipelineEnvironment,
  jobId: string,
  taskDefinition: string,
): Promise<Continuation> {
  const groups = environment.SECURITY_GROUP_IDS;
  const startedAtSeconds = Date.now() / 1000;
  try {
    const { tasks = [], failures = [] } = await ecs.send(
      new RunTaskCommand({
        cluster: environment.CLUSTER_ARN,
        taskDefinition,
        launchType: "FARGATE",
        count: 1,
        // One task for a job, whoever asks again, and the name under which it is found.
        clientToken: jobId,
        startedBy: jobId,
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: environment.SUBNET_IDS,
            ...(groups.length > 0 ? { securityGroups: groups } : {}),
          },
        },
      }),
    );
    const taskArn = tasks[0]?.taskArn;
    if (taskArn !== undefined) return { taskArn, startedAtSeconds };
    const reasons = failures.map(({ arn, reason, detail }) => [arn, reason, detail].filter(Boolean).join(" "));
    throw new Error(`ECS started no task: ${reasons.join("; ") || "it gave no reason"}`);
  } catch (error) {
    // Another call for the same job was faster, between this one's look for its task and now.
    if (!(error instanceof Error) || error.name !== "ConflictException") throw error;
    const other = await taskOf(ecs, environment.CLUSTER_ARN, jobId);
    if (other === undefined) throw error;
    return other;
  }
}

async function follow(
  ecs: ECSClient,
  environment: RunPipelineEnvironment,
  continuation: Continuation,
): Promise<Result> {
  const { CLUSTER_ARN: cluster, CONTAINER_NAME: container, START_TIMEOUT_SECONDS: timeout } = environment;
  const { taskArn, startedAtSeconds } = continuation;
  const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }));
  const waited = Date.now() / 1000 - startedAtSeconds;
  const result = judge(continuation, tasks[0], container, waited, timeout);
  if (result.kind === "failed" && tasks[0] !== undefined && tasks[0].lastStatus !== "STOPPED") {
    await ecs.send(new StopTaskCommand({ cluster, task: taskArn, reason: result.message.slice(0, 255) }));
  }
  return result;
}
