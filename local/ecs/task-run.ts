import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { KeyValuePair, TaskOverride } from "@aws-sdk/client-ecs";
import { pulling } from "../iam/pulling";
import { messageOf } from "../server/errors";
import type { Wire } from "../server/json-service";
import { LogStream } from "../server/log-stream";
import type { OwnedProcess } from "../server/processes";
import type { EcsContext } from "./context";
import { imageContent, type ImageContent } from "./images";
import type { TaskDefinitionDocument } from "./task-definitions";
import { idOf, type TaskDocuments } from "./task-documents";

type Container = TaskDefinitionDocument["containerDefinitions"][number];

/** How long a container may take to end after SIGTERM where its definition says nothing, in seconds. */
const STOP_TIMEOUT_SECONDS = 30;

/** As images have it that set none. */
const IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Node.js refuses to write anywhere, and restricts nothing else. */
const READ_ONLY = [
  "--permission",
  "--allow-fs-read=*",
  ...["--allow-addons", "--allow-child-process", "--allow-wasi", "--allow-worker"],
  "--disable-warning=SecurityWarning",
];

/** A running task: each container is a process with the task's environment and nothing else of this machine's. */
export class TaskRun {
  private readonly running = new Map<string, { owned: OwnedProcess; container: Container }>();
  private readonly ends: Promise<void>[] = [];
  private readonly id: string;
  /** Where the containers find their role's credentials; nothing where the task has no role. */
  private readonly credentials: Record<string, string>;
  /** In whose name images are pulled and logs written. */
  private readonly executionRoleArn: string | undefined;
  private readonly logs: CloudWatchLogsClient;

  constructor(
    private readonly context: EcsContext,
    private readonly documents: TaskDocuments,
    taskArn: string,
    private readonly definition: TaskDefinitionDocument,
    private readonly overrides: Wire<TaskOverride>,
  ) {
    this.id = idOf(taskArn);
    const roleArn = overrides.taskRoleArn ?? definition.taskRoleArn;
    this.credentials = roleArn ? context.server.roles.issue(this.id, roleArn, this.id) : {};
    this.executionRoleArn = overrides.executionRoleArn ?? definition.executionRoleArn;
    this.logs = this.logsClient();
  }

  /** Runs the task from its containers' start to their end. Never rejects. */
  async run(): Promise<void> {
    const { containerDefinitions } = this.definition;
    this.documents.change(this.id, (task) => void (task.lastStatus = "PENDING"));
    const content = imageContent();
    const obstacle = content ? secretsOf(containerDefinitions) : notPulled(containerDefinitions);
    if (!content || obstacle) return this.stopped("TaskFailedToStart", obstacle ?? "");
    try {
      await this.pull();
      for (const container of containerDefinitions) this.start(container, content);
    } catch (error) {
      await this.stop();
      return this.stopped("TaskFailedToStart", `CannotStartContainerError: ${messageOf(error)}`);
    }
    this.documents.change(this.id, (task) => {
      task.lastStatus = "RUNNING";
      task.startedAt = Date.now() / 1000;
      for (const container of task.containers ?? []) container.lastStatus = "RUNNING";
    });
    await Promise.all(this.ends);
    rmSync(this.scratch, { recursive: true, force: true });
    this.stopped("EssentialContainerExited", "Essential container in task exited");
  }

  /** Asks every container to end, and sees to it after its stop timeout, or `graceSeconds`. */
  async stop(graceSeconds?: number): Promise<void> {
    await Promise.all(
      [...this.running.values()].map(({ owned, container }) =>
        owned.stop((graceSeconds ?? container.stopTimeout ?? STOP_TIMEOUT_SECONDS) * 1000),
      ),
    );
  }

  private get scratch(): string {
    return join(this.context.server.directory("ecs"), this.id);
  }

  /** No image is pulled; but whether it may be is asked, as where it is. */
  private async pull(): Promise<void> {
    const roleArn = this.executionRoleArn;
    if (roleArn === undefined) return;
    for (const { image = "" } of this.definition.containerDefinitions) {
      await this.context.server.access.require({ roleArn, session: this.id }, () => pulling(image));
    }
  }

  private logsClient(): CloudWatchLogsClient {
    const { logs, server } = this.context;
    const roleArn = this.executionRoleArn;
    if (!server.access.enforced || roleArn === undefined) return logs;
    const { upstream: endpoint, region } = server.settings;
    return new CloudWatchLogsClient({
      endpoint,
      region,
      credentials: () => server.roles.credentials(roleArn, this.id),
    });
  }

  private start(container: Container, content: ImageContent): void {
    const name = container.name ?? "";
    const override = this.overrides.containerOverrides?.find((candidate) => candidate.name === name);
    const words = override?.command ?? container.command ?? content.command;
    const [command = "", ...rest] = runnable(words, container.readonlyRootFilesystem ?? false);
    const scratch = join(this.scratch, name);
    mkdirSync(scratch, { recursive: true });
    const log = this.logOf(container);
    const owned = this.context.server.processes.start({
      command,
      arguments: rest,
      environment: {
        PATH: IMAGE_PATH,
        HOME: scratch,
        TMPDIR: scratch,
        AWS_EXECUTION_ENV: "AWS_ECS_FARGATE",
        ...this.context.server.cloudEnvironment(),
        ...this.credentials,
        ...content.environment,
        ...variables(container.environment),
        ...variables(override?.environment),
      },
      workingDirectory: content.directory,
      onLine: (line) => log?.write(line),
    });
    this.running.set(name, { owned, container });
    this.ends.push(this.untilEnd(container, owned, log));
  }

  /** Waits for a container's end; that of an essential one is the end of all. */
  private async untilEnd(container: Container, owned: OwnedProcess, log: LogStream | undefined): Promise<void> {
    const name = container.name ?? "";
    const exit = await owned.exited;
    // Its last lines are there before anyone is told that it ended.
    await log?.close();
    this.running.delete(name);
    this.documents.change(this.id, (task) => {
      const found = task.containers?.find((candidate) => candidate.name === name);
      if (!found) return;
      found.lastStatus = "STOPPED";
      found.exitCode = exit.code ?? 128 + signalNumber(exit.signal);
      if (exit.error) found.reason = `CannotStartContainerError: ${exit.error.message}`;
    });
    if (container.essential ?? true) await this.stop();
  }

  private logOf(container: Container): LogStream | undefined {
    const { logDriver, options } = container.logConfiguration ?? {};
    const group = options?.["awslogs-group"];
    if (logDriver !== "awslogs" || group === undefined) return undefined;
    const stream = `${options?.["awslogs-stream-prefix"] ?? "ecs"}/${container.name}/${this.id}`;
    return new LogStream(this.logs, group, stream, !this.context.server.access.enforced);
  }

  private stopped(code: "TaskFailedToStart" | "EssentialContainerExited", reason: string): void {
    this.context.server.roles.revoke(this.id);
    if (this.logs !== this.context.logs) this.logs.destroy();
    this.documents.change(this.id, (task) => {
      task.desiredStatus = "STOPPED";
      task.lastStatus = "STOPPED";
      task.stopCode ??= code;
      task.stoppedReason ??= reason;
      task.stoppedAt = Date.now() / 1000;
      for (const container of task.containers ?? []) container.lastStatus = "STOPPED";
    });
  }
}

/** The command as this machine runs it. On a root file system to be read only, Node.js itself sees to that. */
function runnable(words: readonly string[], readOnly: boolean): string[] {
  const [command = "", ...rest] = words;
  return command === "node" ? [process.execPath, ...(readOnly ? READ_ONLY : []), ...rest] : [command, ...rest];
}

function notPulled(containers: readonly Container[]): string {
  const [first] = containers;
  return `CannotPullContainerError: image ${first?.image} has no content here: build dist/launcher first (npm run build).`;
}

/** What keeps a task with secrets in its containers' environments from starting. */
function secretsOf(containers: readonly Container[]): string | undefined {
  const names = containers.flatMap(({ secrets = [] }) => secrets.map(({ name }) => name));
  if (names.length === 0) return undefined;
  return (
    `ResourceInitializationError: the local ECS does not fetch secrets into the environment (${names.join(", ")}): ` +
    "let the container read them itself."
  );
}

/** What a shell adds to 128 for a process ended by a signal. */
function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === "SIGTERM" ? 15 : signal === "SIGINT" ? 2 : 9;
}

const variables = (pairs: readonly Wire<KeyValuePair>[] | undefined): Record<string, string> =>
  Object.fromEntries((pairs ?? []).map(({ name, value }) => [name ?? "", value ?? ""]));
