import { createHash, randomUUID } from "node:crypto";
import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  ListTasksRequest,
  ListTasksResponse,
  RunTaskRequest,
  RunTaskResponse,
  StopTaskRequest,
  StopTaskResponse,
} from "@aws-sdk/client-ecs";
import { AwsError, type Wire, type WireOutput } from "../server/json-service";
import type { Collection } from "../server/store";
import type { Clusters } from "./clusters";
import type { EcsContext } from "./context";
import { ecsPage } from "./paging";
import type { TaskDefinitionDocument, TaskDefinitions } from "./task-definitions";
import { TaskDocuments, type TaskDocument } from "./task-documents";
import { TaskRun } from "./task-run";

/** A client token, what it asked for, and the tasks that it started. */
interface Token {
  request: string;
  taskArns: string[];
}

/** How long containers may take to end when the service does, in seconds. */
const CLOSING_SECONDS = 2;
/** The most tasks that one request may start. */
const MAX_COUNT = 10;
const TASKS_SERVICE = "ecs-tasks.amazonaws.com";

/** ECS's operations on tasks. */
export class Tasks {
  private readonly documents: TaskDocuments;
  private readonly tokens: Collection<Token>;
  private readonly runs = new Map<string, TaskRun>();
  private readonly ends = new Set<Promise<void>>();

  constructor(
    private readonly context: EcsContext,
    private readonly clusters: Clusters,
    private readonly definitions: TaskDefinitions,
  ) {
    this.documents = new TaskDocuments(context);
    this.tokens = context.store.collection("task-token");
    for (const { taskArn, lastStatus } of this.documents.all()) if (lastStatus !== "STOPPED") this.abandon(taskArn);
  }

  run = async (input: Wire<RunTaskRequest>): Promise<WireOutput<RunTaskResponse>> => {
    const cluster = this.clusters.named(input.cluster);
    const definition = this.definitions.named(input.taskDefinition);
    this.refuse(input, definition);
    const roleArn = input.overrides?.taskRoleArn ?? definition.taskRoleArn;
    if (roleArn) await this.checkRole(roleArn);
    const token = input.clientToken;
    const request = createHash("sha256").update(JSON.stringify(input)).digest("hex");
    const earlier = token === undefined ? undefined : this.tokens.get(token);
    if (earlier && earlier.request !== request) {
      throw new AwsError("ConflictException", `The client token ${token} was used for another request.`);
    }
    const tasks = earlier
      ? earlier.taskArns.flatMap((arn) => this.documents.get(arn) ?? [])
      : Array.from({ length: input.count ?? 1 }, () => this.start(cluster.clusterArn, definition, input));
    if (token !== undefined) this.tokens.insert(token, { request, taskArns: tasks.map(({ taskArn }) => taskArn) });
    return { tasks, failures: [] };
  };

  /** What RunTask acts on: the very revision, and the roles that it hands to the task. */
  forDemands({ taskDefinition, overrides }: Wire<RunTaskRequest>): object {
    const { taskDefinitionArn, taskRoleArn, executionRoleArn } = this.definitions.named(taskDefinition);
    const passed = [overrides?.taskRoleArn ?? taskRoleArn, overrides?.executionRoleArn ?? executionRoleArn];
    return { taskDefinition: taskDefinitionArn, passedRoleArns: passed };
  }

  describe = (input: Wire<DescribeTasksRequest>): Promise<WireOutput<DescribeTasksResponse>> => {
    const { clusterArn } = this.clusters.named(input.cluster);
    const tasks: object[] = [];
    const failures: { arn: string; reason: string }[] = [];
    for (const id of input.tasks) {
      const found = this.documents.get(id);
      if (found?.clusterArn !== clusterArn) failures.push({ arn: id, reason: "MISSING" });
      else tasks.push((input.include ?? []).includes("TAGS") ? found : { ...found, tags: [] });
    }
    return Promise.resolve({ tasks, failures } as unknown as WireOutput<DescribeTasksResponse>);
  };

  list = (input: Partial<Wire<ListTasksRequest>>): Promise<WireOutput<ListTasksResponse>> => {
    const { clusterArn } = this.clusters.named(input.cluster);
    const { family, desiredStatus = "RUNNING", startedBy, launchType } = input;
    const arns = this.documents
      .all()
      .filter((task) => task.clusterArn === clusterArn && task.desiredStatus === desiredStatus)
      .filter((task) => family === undefined || task.group === `family:${family}`)
      .filter((task) => startedBy === undefined || task.startedBy === startedBy)
      .filter((task) => launchType === undefined || task.launchType === launchType)
      .map(({ taskArn }) => taskArn)
      .sort();
    const { page: taskArns, ...next } = ecsPage(arns, (arn) => arn, input);
    return Promise.resolve({ taskArns, ...next } as WireOutput<ListTasksResponse>);
  };

  /** Answers at once; the task is STOPPED when its containers have ended. */
  stop = (input: Wire<StopTaskRequest>): Promise<WireOutput<StopTaskResponse>> => {
    this.clusters.named(input.cluster);
    const found = this.documents.get(input.task);
    if (!found) throw new AwsError("InvalidParameterException", "The referenced task was not found.");
    const run = this.runs.get(found.taskArn);
    if (!run) return Promise.resolve({ task: found });
    const task = this.documents.change(found.taskArn, (document) => {
      document.desiredStatus = "STOPPED";
      document.stopCode ??= "UserInitiated";
      document.stoppedReason ??= input.reason ?? "Task stopped by user";
      document.stoppingAt ??= Date.now() / 1000;
    });
    void run.stop();
    return Promise.resolve({ task } as unknown as WireOutput<StopTaskResponse>);
  };

  /** Ends every task that runs. */
  async close(): Promise<void> {
    for (const [taskArn, run] of this.runs) {
      this.documents.change(taskArn, notedAsAbandoned);
      void run.stop(CLOSING_SECONDS);
    }
    await Promise.all(this.ends);
  }

  /** @throws AwsError where there is no such role, or it does not let ECS tasks assume it */
  private async checkRole(roleArn: string): Promise<void> {
    const obstacle = await this.context.server.roles.obstacle(roleArn, TASKS_SERVICE);
    if (obstacle === undefined) return;
    throw new AwsError(
      "ClientException",
      `ECS was unable to assume the role '${roleArn}' that was provided for this task. ` +
        (obstacle === "no-role"
          ? "There is no such role."
          : `Its trust policy does not let ${TASKS_SERVICE} assume it.`),
    );
  }

  /** @throws AwsError for what the model admits and ECS refuses */
  private refuse(input: Wire<RunTaskRequest>, definition: TaskDefinitionDocument): void {
    const { taskDefinitionArn, status, networkMode, containerDefinitions } = definition;
    if (status !== "ACTIVE") {
      throw new AwsError("ClientException", `TaskDefinition ${taskDefinitionArn} is inactive.`);
    }
    const problems: string[] = [];
    const { count = 1 } = input;
    if (count < 1 || count > MAX_COUNT) problems.push(`count is ${count}: 1 to ${MAX_COUNT} tasks can be started.`);
    if (networkMode === "awsvpc" && !input.networkConfiguration?.awsvpcConfiguration?.subnets?.length) {
      problems.push("Network Configuration must be provided when networkMode 'awsvpc' is specified: give its subnets.");
    }
    const known = containerDefinitions.map(({ name }) => name);
    for (const { name } of input.overrides?.containerOverrides ?? []) {
      if (!known.includes(name)) {
        problems.push(`Override for container named ${name} is not a container in the TaskDefinition.`);
      }
    }
    if (problems.length > 0) throw new AwsError("InvalidParameterException", problems.join(" "));
  }

  private start(clusterArn: string, definition: TaskDefinitionDocument, input: Wire<RunTaskRequest>): TaskDocument {
    const id = randomUUID().replaceAll("-", "");
    const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
    const taskArn = this.context.arn(`task/${cluster}/${id}`);
    const inherited = input.propagateTags === "TASK_DEFINITION" ? (definition.tags ?? []) : [];
    const task = {
      taskArn,
      clusterArn,
      taskDefinitionArn: definition.taskDefinitionArn,
      group: input.group ?? `family:${definition.family}`,
      launchType: input.launchType ?? "FARGATE",
      desiredStatus: "RUNNING",
      lastStatus: "PROVISIONING",
      createdAt: Date.now() / 1000,
      version: 1,
      ...(definition.cpu === undefined ? {} : { cpu: definition.cpu }),
      ...(definition.memory === undefined ? {} : { memory: definition.memory }),
      ...(input.startedBy === undefined ? {} : { startedBy: input.startedBy }),
      overrides: input.overrides ?? { containerOverrides: [] },
      tags: [...inherited, ...(input.tags ?? [])],
      containers: definition.containerDefinitions.map(({ name, image }) => ({
        containerArn: this.context.arn(`container/${cluster}/${id}/${randomUUID()}`),
        name,
        image,
        taskArn,
        lastStatus: "PENDING",
      })),
    } as unknown as TaskDocument;
    this.documents.insert(task);
    const run = new TaskRun(this.context, this.documents, taskArn, definition, input.overrides ?? {});
    this.runs.set(taskArn, run);
    const end = run.run().finally(() => {
      this.runs.delete(taskArn);
      this.ends.delete(end);
    });
    this.ends.add(end);
    return this.documents.get(taskArn) ?? task;
  }

  /** A task whose processes went with an earlier server. */
  private abandon(taskArn: string): void {
    this.documents.change(taskArn, (task) => {
      notedAsAbandoned(task);
      task.lastStatus = "STOPPED";
      task.stoppedAt = Date.now() / 1000;
      for (const container of task.containers ?? []) container.lastStatus = "STOPPED";
    });
  }
}

function notedAsAbandoned(task: TaskDocument): void {
  task.desiredStatus = "STOPPED";
  task.stopCode ??= "TerminationNotice";
  task.stoppedReason ??= "The local ECS ended while the task ran.";
}
