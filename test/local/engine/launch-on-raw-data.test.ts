// The platform's own program on the local cloud, launched by raw data that land, up to its destruction.
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  CreateScheduleCommand,
  GetScheduleCommand,
  paginateListSchedules,
  ResourceNotFoundException,
  SchedulerClient,
  UpdateScheduleCommand,
  type GetScheduleCommandOutput,
} from "@aws-sdk/client-scheduler";
import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type Task,
} from "@aws-sdk/client-ecs";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  DescribePipelineCommand,
  DescribePipelineExecutionCommand,
  ListPipelineExecutionsCommand,
  ListPipelineParametersForExecutionCommand,
  ListPipelinesCommand,
  SageMakerClient,
  SendPipelineExecutionStepFailureCommand,
  StartPipelineExecutionCommand,
  StopPipelineExecutionCommand,
  UpdatePipelineCommand,
} from "@aws-sdk/client-sagemaker";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import type { Stack } from "@pulumi/pulumi/automation";
import type { PlatformOutputs } from "../../../components/outputs";
import { bundleAll } from "../../../functions/bundle";
import program from "../../../index";
import { environment, startCloud, type RunningCloud } from "../../../local/cloud";
import { run } from "../../../local/engine";
import { waitFor } from "../../../local/loop/wait";
import { Workbench } from "../support/stack";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");
const QUIET_MINUTES = 5;

describe("a launch for raw data that land, on the local cloud", function () {
  const directory = mkdtempSync(join(tmpdir(), "landing-"));
  let cloud: RunningCloud;
  let bench: Workbench;
  let stack: Stack;
  let outputs: PlatformOutputs;
  let clients: {
    scheduler: SchedulerClient;
    ecs: ECSClient;
    s3: S3Client;
    sagemaker: SageMakerClient;
    sqs: SQSClient;
  };

  before(async () => {
    cloud = await startCloud({ directory: join(directory, "cloud"), region: "eu-west-1" });
    const options = {
      region: cloud.description.region,
      endpoint: cloud.description.awsEndpointUrl,
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    };
    clients = {
      scheduler: new SchedulerClient(options),
      ecs: new ECSClient(options),
      s3: new S3Client({ ...options, forcePathStyle: true }),
      sagemaker: new SageMakerClient(options),
      sqs: new SQSClient(options),
    };
    await bundleAll({ outDir: join(PROJECT_ROOT, "dist") });
    bench = new Workbench(environment(cloud.description));
    await bench.prepare();
    const local = readFileSync(join(PROJECT_ROOT, "Pulumi.local.yaml"), "utf8");
    const configuration = local
      .replace("  fraud:ecs:\n", `  fraud:ecs:\n    launchOnRawData: { quietMinutes: ${QUIET_MINUTES} }\n`)
      .concat("  fraud:source: { type: s3, key: raw/parts }\n");
    stack = await bench.open("local", program, { configuration });
    const { outputs: told } = await run(stack, "up");
    outputs = Object.fromEntries(Object.entries(told).map(([name, { value }]) => [name, value as unknown])) as never;
  });
  after(async () => {
    await cloud.stop();
    bench.clean();
    rmSync(directory, { recursive: true, force: true });
  });

  const eventually = <A>(what: string, ask: () => Promise<A | undefined>) => waitFor(ask, { what, timeoutSeconds: 90 });
  const land = (name: string) =>
    clients.s3.send(
      new PutObjectCommand({ Bucket: outputs.bucketName, Key: `${outputs.prefix}/raw/parts/${name}`, Body: name }),
    );
  const allSchedules = async (): Promise<GetScheduleCommandOutput[]> => {
    const found: GetScheduleCommandOutput[] = [];
    for await (const { Schedules = [] } of paginateListSchedules({ client: clients.scheduler }, {})) {
      for (const { Name, GroupName } of Schedules) {
        const get = new GetScheduleCommand({ Name, GroupName });
        // One that fires goes between the list and the look.
        const schedule = await clients.scheduler.send(get).catch((error: unknown) => {
          if (error instanceof ResourceNotFoundException) return undefined;
          throw error;
        });
        if (schedule !== undefined) found.push(schedule);
      }
    }
    return found;
  };
  /** Those that were made at run time. */
  const schedules = async () => (await allSchedules()).filter(({ Name }) => Name === "launch");
  const timeOf = ({ ScheduleExpression = "" }: GetScheduleCommandOutput) =>
    Date.parse(ScheduleExpression.replace(/^at\((.*)\)$/, "$1Z"));
  /** The one schedule, once it is due at that time or later. */
  const scheduled = (dueAt: number) =>
    eventually("the schedule", async () => {
      const found = await schedules();
      expect(found).to.have.length.at.most(1);
      return found.find((each) => timeOf(each) >= dueAt);
    });
  /** Moves the clock to the schedule's time, by moving the schedule's time to now. */
  const fastForward = async (schedule: GetScheduleCommandOutput) => {
    const ScheduleExpression = `at(${new Date().toISOString().slice(0, 19)})`;
    const { $metadata, Arn, CreationDate, LastModificationDate, ...rest } = schedule;
    expect([$metadata, Arn, CreationDate, LastModificationDate]).to.have.length(4);
    const changed = { ...rest, ScheduleExpression } as UpdateScheduleCommand["input"];
    await clients.scheduler.send(new UpdateScheduleCommand(changed));
    await eventually("the schedule to fire and go", async () => ((await schedules()).length === 0 ? true : undefined));
  };
  const executions = async () => {
    const list = new ListPipelineExecutionsCommand({ PipelineName: outputs.pipelineName });
    return (await clients.sagemaker.send(list).catch(() => undefined))?.PipelineExecutionSummaries ?? [];
  };
  const stopAll = () =>
    eventually("all executions to end", async () => {
      const all = await executions();
      for (const { PipelineExecutionArn, PipelineExecutionStatus: status } of all) {
        const stop = new StopPipelineExecutionCommand({ PipelineExecutionArn, ClientRequestToken: randomUUID() });
        if (status === "Executing") await clients.sagemaker.send(stop).catch(() => undefined);
      }
      return all.every(({ PipelineExecutionStatus: s }) => s !== "Executing" && s !== "Stopping") ? true : undefined;
    });
  const rawDataOf = async (PipelineExecutionArn: string | undefined): Promise<Record<string, string | undefined>> => {
    const { PipelineParameters = [] } = await clients.sagemaker.send(
      new ListPipelineParametersForExecutionCommand({ PipelineExecutionArn }),
    );
    return Object.fromEntries(PipelineParameters.map(({ Name = "", Value }) => [Name, Value]));
  };
  /** The tasks that the schedule has run, once there are as many and all have stopped. */
  const launches = (count: number): Promise<Task[]> =>
    eventually(`${count} launches to end`, async () => {
      const cluster = outputs.launcher.clusterArn;
      const { taskArns = [] } = await clients.ecs.send(new ListTasksCommand({ cluster, desiredStatus: "STOPPED" }));
      if (taskArns.length < count) return undefined;
      const { tasks = [] } = await clients.ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
      expect(tasks).to.have.length(count);
      return tasks.every(({ lastStatus }) => lastStatus === "STOPPED") ? tasks : undefined;
    });

  /** Answers the callback that a run waits for, so that it ends. */
  const endWaiting = async (PipelineExecutionArn: string | undefined) => {
    const message = await eventually("the callback's message", async () => {
      const receive = new ReceiveMessageCommand({ QueueUrl: outputs.scorer.dlqUrl });
      return (await clients.sqs.send(receive)).Messages?.[0]?.Body;
    });
    const { token: CallbackToken } = JSON.parse(message) as { token: string };
    const answer = { CallbackToken, FailureReason: "enough" };
    await clients.sagemaker.send(new SendPipelineExecutionStepFailureCommand(answer));
    await eventually("the run to end", async () => {
      const look = new DescribePipelineExecutionCommand({ PipelineExecutionArn });
      return (await clients.sagemaker.send(look)).PipelineExecutionStatus === "Failed" ? true : undefined;
    });
  };

  it("comes once for a burst of objects, as long after the last one as is configured, and reads them all", async () => {
    const before = Date.now();
    await Promise.all(["a.csv", "b.csv", "c.csv"].map(land));
    const first = await scheduled(before + QUIET_MINUTES * 60_000);
    expect(timeOf(first)).to.be.most(Date.now() + QUIET_MINUTES * 60_000 + 1000);
    expect(first).to.deep.include({ ActionAfterCompletion: "DELETE", State: "ENABLED" });
    // So that the schedule's time, in whole seconds, differs.
    await eventually("the next second", () =>
      Promise.resolve(Date.now() > timeOf(first) - QUIET_MINUTES * 60_000 || undefined),
    );
    await land("d.csv");
    await fastForward(await scheduled(timeOf(first) + 1000));

    const [task] = await launches(1);
    expect(task?.containers?.[0]?.exitCode).to.equal(0);
    expect(task?.startedBy).to.equal("chronos-schedule/launch");
    const found = await executions();
    expect(found).to.have.length(1);
    expect((await rawDataOf(found[0]?.PipelineExecutionArn))["RawDataUri"]).to.equal(
      `s3://${outputs.bucketName}/${outputs.prefix}/raw/parts/`,
    );
  });

  it("comes again after a run that was under way and does not read what landed", async () => {
    const [first] = await executions();
    await stopAll();
    // A run that lasts until it is stopped.
    const { PipelineName } = await clients.sagemaker.send(
      new DescribePipelineCommand({ PipelineName: outputs.pipelineName }),
    );
    // The pipeline's own role may not send to this queue.
    const RoleArn = "arn:aws:iam::123456789012:role/of-the-test";
    const waiting = {
      Version: "2020-12-01",
      Steps: [
        { Name: "Wait", Type: "Callback", Arguments: {}, SqsQueueUrl: outputs.scorer.dlqUrl, OutputParameters: [] },
      ],
    };
    const PipelineDefinition = JSON.stringify(waiting);
    await clients.sagemaker.send(new UpdatePipelineCommand({ PipelineName, RoleArn, PipelineDefinition }));
    const start = { PipelineName, ClientRequestToken: randomUUID() };
    const { PipelineExecutionArn: standing } = await clients.sagemaker.send(new StartPipelineExecutionCommand(start));

    await land("e.csv");
    await fastForward(await scheduled(0));
    const tasks = await launches(2);
    expect(tasks.map(({ containers }) => containers?.[0]?.exitCode)).to.have.members([0, 75]);
    const again = await scheduled(Date.now() + 9 * 60_000);
    expect(await executions()).to.have.length(2);

    await endWaiting(standing);
    await fastForward(again);
    await launches(3);
    const found = await executions();
    expect(found).to.have.length(3);
    const newest = found.find(
      ({ PipelineExecutionArn: arn }) => arn !== standing && arn !== first?.PipelineExecutionArn,
    );
    const version = async (arn: string | undefined) => (await rawDataOf(arn))["RawDataVersion"];
    expect(await version(newest?.PipelineExecutionArn)).to.not.equal(await version(first?.PipelineExecutionArn));
  });

  it("goes with the stack: its schedule, the pipeline, and revisions of its task", async () => {
    await land("f.csv");
    await scheduled(0);
    const { taskFamily: family } = outputs.launcher;
    const { taskDefinition, tags } = await clients.ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: family, include: ["TAGS"] }),
    );
    const { containerDefinitions } = taskDefinition ?? {};
    const register = (changes: object) =>
      clients.ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions, tags, ...changes }));
    await register({});
    await register({});
    const others = [await register({ tags: [] }), await register({ family: `${family}-of-others` })];
    // Somebody else's schedule stays.
    const { Target } = (await schedules())[0] ?? {};
    await clients.scheduler.send(
      new CreateScheduleCommand({
        Name: "theirs",
        ScheduleExpression: "rate(30 days)",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target,
      }),
    );

    await run(stack, "destroy");
    expect((await allSchedules()).map(({ Name }) => Name)).to.deep.equal(["theirs"]);
    const { PipelineSummaries } = await clients.sagemaker.send(new ListPipelinesCommand({}));
    expect(PipelineSummaries).to.deep.equal([]);
    const { taskDefinitionArns } = await clients.ecs.send(new ListTaskDefinitionsCommand({ status: "ACTIVE" }));
    expect(taskDefinitionArns).to.have.members(others.map(({ taskDefinition: each }) => each?.taskDefinitionArn));
  });
});
