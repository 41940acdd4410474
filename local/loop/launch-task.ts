// Starts the training pipeline the way a schedule or a merge does: by running the launcher's ECS task.
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTaskDefinitionCommand, DescribeTasksCommand, ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import type { PlatformOutputs } from "../../components/outputs";
import { StageError, claim } from "./errors";
import { waitFor } from "./wait";

/** What the launcher prints as its last line. */
const Launched = t.type({ executionId: t.string, pipelineExecutionArn: t.string });
export type Launched = t.TypeOf<typeof Launched>;

/**
 * Runs the task and waits until it has started the execution.
 *
 * @param environment overrides of the container's environment (`S3_RAW_DATA_KEY`, `LEGITIMATE_WEIGHT`, …)
 * @throws StageError with the end of the task's log where it did not.
 */
export async function launchPipeline(
  launcher: PlatformOutputs["launcher"],
  environment: Record<string, string>,
): Promise<Launched> {
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
  const stopped = await waitFor(
    async () => {
      const answer = await ecs.send(new DescribeTasksCommand({ cluster: launcher.clusterArn, tasks: [taskArn] }));
      return answer.tasks?.find((task) => task.lastStatus === "STOPPED");
    },
    { what: "the launcher's task to stop", timeoutSeconds: 120 },
  );
  const lines = await logOf(ecs, launcher, taskArn);
  const exitCode = stopped.containers?.find((container) => container.name === launcher.containerName)?.exitCode;
  if (exitCode !== 0) {
    throw new StageError(
      `The launcher ended with ${exitCode ?? stopped.stoppedReason ?? "no exit code"}:\n${lines.slice(-8).join("\n")}`,
    );
  }
  for (const line of lines.reverse()) {
    const launched = Launched.decode(parse(line));
    if (!isLeft(launched)) return launched.right;
  }
  throw new StageError(
    `The launcher ended well, but its log names no pipeline execution:\n${lines.slice(0, 8).join("\n")}`,
  );
}

async function logOf(ecs: ECSClient, launcher: PlatformOutputs["launcher"], taskArn: string): Promise<string[]> {
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: launcher.taskFamily }));
  const options = taskDefinition?.containerDefinitions?.find((each) => each.name === launcher.containerName)
    ?.logConfiguration?.options;
  const group = options?.["awslogs-group"];
  const prefix = options?.["awslogs-stream-prefix"];
  claim(group !== undefined && prefix !== undefined, "The launcher's task definition has no awslogs configuration.");
  const { events } = await new CloudWatchLogsClient().send(
    new GetLogEventsCommand({
      logGroupName: group,
      logStreamName: `${prefix}/${launcher.containerName}/${taskArn.split("/").pop()}`,
      startFromHead: true,
    }),
  );
  return (events ?? []).map((event) => event.message ?? "");
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // an ordinary log line
  }
}
