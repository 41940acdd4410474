import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import type {
  ContainerOverride,
  DescribeTasksRequest,
  DescribeTasksResponse,
  KeyValuePair,
  ListTasksRequest,
  ListTasksResponse,
  RunTaskRequest,
  RunTaskResponse,
  StopTaskRequest,
  StopTaskResponse,
  Task,
} from "@aws-sdk/client-ecs";
import { LogStream } from "../server/log-stream";
import type { Collection } from "../server/store";
import { AwsError, type Wire, type WireOutput } from "../server/json-service";
import type { OwnedProcess } from "../server/processes";
import type { Clusters } from "./clusters";
import type { EcsContext } from "./context";
import { contentOf } from "./images";
import type { TaskDefinitionDocument, TaskDefinitions } from "./task-definitions";

type Document = Wire<Task> & Required<Pick<Wire<Task>, "taskArn" | "clusterArn">>;
type Container = TaskDefinitionDocument["containerDefinitions"][number];

/** Tasks: each container is a process with the task's environment and nothing else of this machine's. */
export class Tasks {
  private readonly documents: Collection<Document>;
  private readonly processes = new Map<string, OwnedProcess[]>();

  constructor(
    private readonly context: EcsContext,
    private readonly clusters: Clusters,
    private readonly definitions: TaskDefinitions,
  ) {
    this.documents = context.store.collection("task");
    for (const task of this.documents.all()) {
      if (task.lastStatus !== "STOPPED") this.stopped(idOf(task.taskArn), "The local cloud was restarted.");
    }
  }

  run = (input: Wire<RunTaskRequest>): Promise<WireOutput<RunTaskResponse>> => {
    const cluster = this.clusters.named(input.cluster);
    const definition = this.definitions.named(input.taskDefinition);
    if (definition.status !== "ACTIVE") {
      throw new AwsError("ClientException", `TaskDefinition ${definition.taskDefinitionArn} is inactive.`);
    }
    if (definition.networkMode === "awsvpc" && !input.networkConfiguration?.awsvpcConfiguration?.subnets?.length) {
      throw new AwsError(
        "InvalidParameterException",
        "Network Configuration must be provided when networkMode 'awsvpc' is specified: give its subnets.",
      );
    }
    const unknown = (input.overrides?.containerOverrides ?? []).filter(
      (override) => !definition.containerDefinitions.some((container) => container.name === override.name),
    );
    if (unknown.length > 0) {
      throw new AwsError(
        "InvalidParameterException",
        `Override for container named ${unknown.map((each) => each.name).join(", ")} is not a container in the TaskDefinition.`,
      );
    }
    const count = input.count ?? 1;
    const tasks = Array.from({ length: count }, () => this.start(cluster.clusterArn, definition, input));
    return Promise.resolve({ tasks, failures: [] } as unknown as WireOutput<RunTaskResponse>);
  };

  describe = (input: Wire<DescribeTasksRequest>): Promise<WireOutput<DescribeTasksResponse>> => {
    this.clusters.named(input.cluster);
    const tasks: Document[] = [];
    const failures: { arn: string; reason: string }[] = [];
    for (const id of input.tasks) {
      const found = this.documents.get(idOf(id));
      if (found) tasks.push(found);
      else failures.push({ arn: id, reason: "MISSING" });
    }
    return Promise.resolve({ tasks, failures } as unknown as WireOutput<DescribeTasksResponse>);
  };

  list = (input: Wire<ListTasksRequest>): Promise<WireOutput<ListTasksResponse>> => {
    const { clusterArn } = this.clusters.named(input.cluster);
    const { family, desiredStatus = "RUNNING" } = input as Partial<ListTasksRequest>;
    const taskArns = this.documents
      .all()
      .filter((task) => task.clusterArn === clusterArn && task.desiredStatus === desiredStatus)
      .filter((task) => family === undefined || task.group === `family:${family}`)
      .map((task) => task.taskArn);
    return Promise.resolve({ taskArns } as WireOutput<ListTasksResponse>);
  };

  stop = async (input: Wire<StopTaskRequest>): Promise<WireOutput<StopTaskResponse>> => {
    const id = idOf(input.task);
    if (!this.documents.get(id))
      throw new AwsError("InvalidParameterException", `The referenced task was not found: ${input.task}`);
    this.documents.update(id, (task) => ({
      ...task,
      desiredStatus: "STOPPED",
      stoppedReason: input.reason ?? "Task stopped by user",
      stopCode: "UserInitiated" as const,
    }));
    await Promise.all((this.processes.get(id) ?? []).map((each) => each.stop()));
    return { task: this.documents.get(id) };
  };

  private start(clusterArn: string, definition: TaskDefinitionDocument, input: Wire<RunTaskRequest>): Document {
    const id = randomUUID().replaceAll("-", "");
    const cluster = clusterArn.split("/").pop() ?? "";
    const taskArn = this.context.arn(`task/${cluster}/${id}`);
    const task = {
      taskArn,
      clusterArn,
      taskDefinitionArn: definition.taskDefinitionArn,
      group: input.group ?? `family:${definition.family}`,
      launchType: input.launchType ?? "FARGATE",
      desiredStatus: "RUNNING",
      lastStatus: "PROVISIONING",
      createdAt: Date.now() / 1000,
      ...(input.startedBy ? { startedBy: input.startedBy } : {}),
      ...(input.overrides ? { overrides: input.overrides } : {}),
      containers: definition.containerDefinitions.map((container) => ({
        name: container.name,
        image: container.image,
        taskArn,
        lastStatus: "PENDING",
      })),
    } as unknown as Document;
    this.documents.insert(id, task);
    void this.runContainers(id, definition, input.overrides?.containerOverrides ?? []);
    return task;
  }

  private async runContainers(
    id: string,
    definition: TaskDefinitionDocument,
    overrides: Wire<ContainerOverride>[],
  ): Promise<void> {
    const ends = definition.containerDefinitions.map((container) =>
      this.runContainer(
        id,
        container,
        overrides.find((override) => override.name === container.name),
      ),
    );
    this.documents.update(id, (task) => ({ ...task, lastStatus: "RUNNING", startedAt: Date.now() / 1000 }));
    await Promise.all(ends);
    this.processes.delete(id);
    this.stopped(id, "Essential container in task exited");
  }

  /** Runs one container to its end and records how it ended. */
  private async runContainer(
    id: string,
    container: Container,
    override: Wire<ContainerOverride> | undefined,
  ): Promise<void> {
    const name = container.name ?? "";
    const end = (exitCode: number | undefined, reason?: string) =>
      this.documents.update(id, (task) => {
        const found = task.containers?.find((each) => each.name === name);
        if (found)
          Object.assign(found, { lastStatus: "STOPPED", exitCode, ...(reason === undefined ? {} : { reason }) });
      });
    const content = contentOf(container.image ?? "");
    if (!content) {
      end(
        undefined,
        `CannotPullContainerError: image ${container.image} has no content here: build dist/launcher first.`,
      );
      return;
    }
    const [command = "", ...args] = override?.command ?? container.command ?? content.command;
    const scratch = `${this.context.server.directory("ecs")}/${id}`;
    mkdirSync(scratch, { recursive: true });
    const log = this.logOf(container, id);
    const owned = this.context.server.processes.start({
      command: command === "node" ? process.execPath : command,
      arguments: args,
      environment: {
        ...this.context.server.childEnvironment(),
        HOME: scratch,
        TMPDIR: scratch,
        ...variables(container.environment),
        ...variables(override?.environment),
      },
      workingDirectory: content.directory,
      onLine: (line) => log?.write(line),
    });
    this.processes.set(id, [...(this.processes.get(id) ?? []), owned]);
    const exit = await owned.exited;
    // Its last lines are there before anyone is told that it ended.
    await log?.close();
    end(exit.code ?? 137, exit.error?.message);
  }

  private logOf(container: Container, id: string): LogStream | undefined {
    const { logDriver, options } = container.logConfiguration ?? {};
    const group = options?.["awslogs-group"];
    if (logDriver !== "awslogs" || group === undefined) return undefined;
    return new LogStream(
      this.context.logs,
      group,
      `${options?.["awslogs-stream-prefix"] ?? "ecs"}/${container.name}/${id}`,
    );
  }

  private stopped(id: string, reason: string): void {
    this.documents.update(id, (task) => ({
      ...task,
      desiredStatus: "STOPPED",
      lastStatus: "STOPPED",
      stoppedReason: task.stoppedReason ?? reason,
      stoppedAt: Date.now() / 1000,
    }));
  }
}

const idOf = (task: string) => task.split("/").pop() ?? task;

const variables = (pairs: readonly Wire<KeyValuePair>[] | undefined): Record<string, string> =>
  Object.fromEntries((pairs ?? []).map(({ name, value }) => [name ?? "", value ?? ""]));
