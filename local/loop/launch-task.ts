// Starts the training pipeline, or goes on with it, the way a schedule or a merge does: by the launcher's ECS task.
import { CloudWatchLogsClient, GetLogEventsCommand, ResourceNotFoundException } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTaskDefinitionCommand, DescribeTasksCommand, ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import type { PlatformOutputs } from "../../components/outputs";
import { StageError, claim } from "./errors";
import { waitFor } from "./wait";

/** What the launcher prints as its last line. */
const Launched = t.type({ executionId: t.string, pipelineExecutionArn: t.string });
export type Launched = t.TypeOf<typeof Launched>;

/** What one run of the task is given instead of what its definition says. */
export interface TaskOverride {
  /** Of the container's environment (`S3_RAW_DATA_KEY`, `LEGITIMATE_WEIGHT`, …). */
  environment?: Record<string, string>;
  /** Instead of the image's own. */
  command?: string[];
}

/** The command that goes on with an execution that failed or was stopped, and follows it. */
export const resuming = (execution: string): string[] => ["node", "index.js", "--follow", "--resume", execution];

/**
 * Runs the task and waits until it has started the execution.
 *
 * @throws StageError with the end of the task's log where it did not.
 */
export async function launchPipeline(
  launcher: PlatformOutputs["launcher"],
  environment: Record<string, string>,
  timeoutSeconds = 120,
): Promise<Launched> {
  const { ended, lines } = await runLauncher(launcher, { environment }, { timeoutSeconds });
  if (ended !== 0) throw new StageError(`The launcher ended with ${ended}:\n${lines.slice(-8).join("\n")}`);
  for (const line of [...lines].reverse()) {
    const launched = Launched.decode(parse(line));
    if (!isLeft(launched)) return launched.right;
  }
  throw new StageError(
    `The launcher ended well, but its log names no pipeline execution:\n${lines.slice(0, 8).join("\n")}`,
  );
}

/**
 * Runs the task to its end.
 *
 * @param options onLine: takes each line of its log as it comes
 * @returns its exit code, or why it has none, and its log.
 */
export async function runLauncher(
  launcher: PlatformOutputs["launcher"],
  { environment = {}, command }: TaskOverride,
  options: { timeoutSeconds: number; onLine?: (line: string) => void },
): Promise<{ ended: number | string; lines: string[] }> {
  const ecs = new ECSClient();
  const { tasks, failures } = await ecs.send(
    new RunTaskCommand({
      cluster: launcher.clusterArn,
      taskDefinition: launcher.taskFamily,
      launchType: "FARGATE",
      networkConfiguration: {
        awsvpcConfiguration: { subnets: launcher.subnetIds, securityGroups: launcher.securityGroupIds },
      },
      overrides: {
        containerOverrides: [
          {
            name: launcher.containerName,
            environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
            ...(command === undefined ? {} : { command }),
          },
        ],
      },
    }),
  );
  const taskArn = tasks?.[0]?.taskArn;
  claim(
    taskArn !== undefined,
    `ECS started no task: ${failures?.map((failure) => failure.reason).join(", ") ?? "no reason given"}`,
  );
  const logStream = await logOf(ecs, launcher, taskArn);
  const lines: string[] = [];
  const tell = async () => {
    const all = await logStream();
    for (const line of all.slice(lines.length)) {
      lines.push(line);
      options.onLine?.(line);
    }
  };
  const stopped = await waitFor(
    async () => {
      const answer = await ecs.send(new DescribeTasksCommand({ cluster: launcher.clusterArn, tasks: [taskArn] }));
      if (options.onLine !== undefined) await tell();
      return answer.tasks?.find((task) => task.lastStatus === "STOPPED");
    },
    { what: "the launcher's task to stop", timeoutSeconds: options.timeoutSeconds },
  );
  await tell();
  const exitCode = stopped.containers?.find((container) => container.name === launcher.containerName)?.exitCode;
  return { ended: exitCode ?? stopped.stoppedReason ?? "no exit code", lines };
}

/** The lines of a task's log so far; none before its first. */
async function logOf(
  ecs: ECSClient,
  launcher: PlatformOutputs["launcher"],
  taskArn: string,
): Promise<() => Promise<string[]>> {
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: launcher.taskFamily }));
  const options = taskDefinition?.containerDefinitions?.find((each) => each.name === launcher.containerName)
    ?.logConfiguration?.options;
  const group = options?.["awslogs-group"];
  const prefix = options?.["awslogs-stream-prefix"];
  claim(group !== undefined && prefix !== undefined, "The launcher's task definition has no awslogs configuration.");
  const logs = new CloudWatchLogsClient();
  const logStreamName = `${prefix}/${launcher.containerName}/${taskArn.split("/").pop()}`;
  return async () => {
    try {
      const { events = [] } = await logs.send(
        new GetLogEventsCommand({ logGroupName: group, logStreamName, startFromHead: true }),
      );
      return events.map(({ message = "" }) => message);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return [];
      throw error;
    }
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // an ordinary log line
  }
}
