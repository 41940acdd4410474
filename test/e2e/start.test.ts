// `npm start` as a newcomer runs it: the command line in, exit code, output, report and what is left running out.
import { readFileSync, mkdtempSync, rmSync, writeFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  paginateListMetrics,
} from "@aws-sdk/client-cloudwatch";
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { APIGatewayClient, GetApiKeysCommand } from "@aws-sdk/client-api-gateway";
import {
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  SageMakerClient,
  UpdateEndpointCommand,
} from "@aws-sdk/client-sagemaker";
import { ListTopicsCommand, SNSClient } from "@aws-sdk/client-sns";
import { ListQueuesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { isLeft } from "fp-ts/Either";
import { createFraudClient, type Transaction } from "../../clients/typescript";
import { FEATURES } from "../../functions/shared/transactions";
import { stopCloud } from "../../local/cloud";
import { waitFor } from "../../local/loop/wait";
import { RunReport } from "../../local/report/report";
import { localDirectory, projectRoot, tools } from "../../local/tools";
import type { CallRecord } from "../../local/iam/calls";
import { outdated, refused, unexplained } from "./unreached-statements";
import { changedSettingsGoLive } from "./changed-settings";
import { destroyedAndUpAgain } from "./destroyed";
import { liveCloud } from "./live-stack";
import { largeFileIsTransformed, TRANSFORM_FROM_BYTES } from "./transformed-file";
import { subscribedQueue } from "../local/support/subscribed-queue";

interface Ended {
  code: number | null;
  output: string;
}

/** Runs `npm start` with a marker that every process it starts inherits. */
const start = (args: string[], marker: string, onOutput?: (text: string, pid: number) => void): Promise<Ended> =>
  command(["start", ...args], marker, onOutput);

/** Runs the command line. */
function command(args: string[], marker: string, onOutput?: (text: string, pid: number) => void): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(projectRoot, "tools/run.mjs"), "local/cli.ts", ...args], {
      cwd: projectRoot,
      env: { ...process.env, FRAUD_TEST_MARKER: marker },
    });
    let output = "";
    const take = (data: Buffer) => {
      output += data.toString();
      if (child.pid !== undefined) onOutput?.(output, child.pid);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("close", (code) => done({ code, output }));
  });
}

/** Processes that carry the marker, or live in the cloud's folder: what a run left behind. */
function leftBehind(marker: string): string[] {
  const signs = [`FRAUD_TEST_MARKER=${marker}`, `HOME=${join(localDirectory, "cloud")}`];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
        return signs.some((sign) => environment.includes(sign));
      } catch {
        return false; // it ended meanwhile, or is another user's
      }
    })
    .map((pid) => `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")}`);
}

function report(): RunReport {
  const decoded = RunReport.decode(JSON.parse(readFileSync(join(localDirectory, "report.json"), "utf8")));
  if (isLeft(decoded)) throw new Error("report.json does not decode");
  return decoded.right;
}

const ROWS = 20_000;

/** A message among the scorer's dead letters must be seen by the alarm that the program made for them. */
async function deadLettersRaiseTheStacksAlarm(): Promise<string> {
  const { client: options } = await liveCloud();
  const [sqs, cloudWatch] = [new SQSClient(options), new CloudWatchClient(options)];
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "stream-files-dead-letters" }));
  await sqs.send(new SendMessageCommand({ QueueUrl: QueueUrls[0], MessageBody: "poison" }));
  const until = Date.now() + 30_000;
  for (;;) {
    const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({}));
    const raised = MetricAlarms.filter(({ StateValue }) => StateValue === "ALARM").map(
      ({ AlarmName = "" }) => AlarmName,
    );
    if (raised.length === 1) {
      expect(raised[0]).to.match(/^stream-files-dead-letters/);
      return raised[0] ?? "";
    }
    if (Date.now() > until) throw new Error(`of ${MetricAlarms.length} alarms these are raised: ${raised.join()}`);
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/** Metrics that the local cloud does not put, and those that a loop in which all goes well gives no cause for. */
const UNFED =
  /^AWS\/(Sagemaker\/ModelBuildingPipeline|ApiGateway) | ApproximateAgeOfOldestMessage | Monitor(Failures|EmptyPeriods) /;

/** Every metric that the stack's dashboard shows must be one that the loop has put, dimensions and all. */
async function dashboardShowsWhatTheLoopPut(): Promise<void> {
  const client = new CloudWatchClient((await liveCloud()).client);
  const { DashboardBody = "" } = await client.send(new GetDashboardCommand({ DashboardName: "fraud-local" }));
  const { widgets } = JSON.parse(DashboardBody) as { widgets: { properties: { metrics?: unknown[][] } }[] };
  const text = (namespace: string, name: string, dimensions: string[]) =>
    [namespace, name, ...dimensions.sort()].join(" ");
  const shown = widgets
    .flatMap(({ properties: { metrics = [] } }) => metrics)
    .map((metric) => metric.filter((part) => typeof part === "string"))
    .map(([namespace = "", name = "", ...rest]) =>
      text(
        namespace,
        name,
        rest.flatMap((part, i) => (i % 2 ? [] : [`${part}=${rest[i + 1] ?? ""}`])),
      ),
    );
  const put = new Set<string>();
  for await (const { Metrics = [] } of paginateListMetrics({ client }, {})) {
    for (const { Namespace = "", MetricName = "", Dimensions = [] } of Metrics) {
      put.add(
        text(
          Namespace,
          MetricName,
          Dimensions.map(({ Name = "", Value = "" }) => `${Name}=${Value}`),
        ),
      );
    }
  }
  const expected = shown.filter((metric) => !UNFED.test(metric));
  expect(expected).to.have.length.greaterThan(15);
  expect(expected.filter((metric) => !put.has(metric))).to.deep.equal([]);
}

/** Subscribes a queue to the stack's alerts; answers a function that receives the next one's text. */
async function hearAlerts(): Promise<() => Promise<string>> {
  const { client: options } = await liveCloud();
  const [sns, sqs] = [new SNSClient(options), new SQSClient(options)];
  const { Topics = [] } = await sns.send(new ListTopicsCommand({}));
  const alerts = Topics.filter(({ TopicArn = "" }) => TopicArn.includes(":alerts"));
  expect(alerts).to.have.length(1);
  const QueueUrl = await subscribedQueue(alerts[0]?.TopicArn ?? "", "heard-alerts", { sns, sqs });
  return async () => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 10 }),
    );
    return Messages.map(({ Body = "{}" }) => (JSON.parse(Body) as { Message?: string }).Message).join("\n");
  };
}

/** Waits until an alert says something. */
async function heard(nextAlert: () => Promise<string>, text: string): Promise<void> {
  let all = "";
  for (const until = Date.now() + 60_000; !all.includes(text);) {
    if (Date.now() > until) throw new Error(`no alert says "${text}": ${all}`);
    all += await nextAlert();
  }
}

/** Brings the endpoint to a model that can't be loaded, which SageMaker rolls back. */
async function failedUpdate(): Promise<void> {
  const sagemaker = new SageMakerClient((await liveCloud()).client);
  const EndpointName = "fraud-local";
  const before = await sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
  const config = await sagemaker.send(
    new DescribeEndpointConfigCommand({ EndpointConfigName: before.EndpointConfigName }),
  );
  const [variant] = config.ProductionVariants ?? [];
  const model = await sagemaker.send(new DescribeModelCommand({ ModelName: variant?.ModelName }));
  const Environment = { ...model.PrimaryContainer?.Environment, SAGEMAKER_PROGRAM: "missing.py" };
  await sagemaker.send(
    new CreateModelCommand({
      ModelName: "broken",
      PrimaryContainer: { ...model.PrimaryContainer, Environment },
      ExecutionRoleArn: model.ExecutionRoleArn,
    }),
  );
  await sagemaker.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: "broken",
      ProductionVariants: [{ ...variant, VariantName: variant?.VariantName, ModelName: "broken" }],
    }),
  );
  await sagemaker.send(new UpdateEndpointCommand({ EndpointName, EndpointConfigName: "broken" }));
  const failed = await waitFor(
    async () => {
      const now = await sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
      return now.EndpointStatus === "InService" ? now : undefined;
    },
    { what: "the update to be rolled back", timeoutSeconds: 180 },
  );
  expect(failed.EndpointConfigName).to.equal(before.EndpointConfigName);
}

/** The key of the stack's API. */
async function apiKey(): Promise<string> {
  const gateway = new APIGatewayClient((await liveCloud()).client);
  const { items = [] } = await gateway.send(new GetApiKeysCommand({ includeValues: true }));
  expect(items).to.have.length(1);
  return items[0]?.value ?? "";
}

/** Asks the API whatever its document allows and forbids, and holds the answers to the document. */
async function fuzz(apiUrl: string): Promise<Ended> {
  const python = tools().oracles;
  if (!python) throw new Error("schemathesis is not installed: run the tests with `npm test`");
  const args = ["--config-file", join(__dirname, "schemathesis.toml"), "run", join(projectRoot, "api/openapi.json")];
  // Where it runs, it leaves what it learnt.
  const directory = mkdtempSync(join(tmpdir(), "schemathesis-"));
  const child = spawn(join(dirname(python), "schemathesis"), args, {
    cwd: directory,
    env: { ...process.env, FRAUD_API_URL: apiUrl, FRAUD_API_KEY: await apiKey() },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((done) => child.on("close", done));
  rmSync(directory, { recursive: true, force: true });
  return { code, output };
}

interface MlflowRun {
  status: string;
  tags: Record<string, string>;
  params: Record<string, string>;
  metrics: Record<string, number>;
}

/** Every MLflow run of the stack's experiment, and what the gate's log says, over the services' own APIs. */
async function whatIsTold(): Promise<{ mlflowRuns: MlflowRun[]; gateLog: string }> {
  const { cloud, client: options } = await liveCloud();
  const { mlflowUrl } = cloud.description;
  const ask = async (path: string, body: object): Promise<Record<string, unknown[]>> => {
    const answer = await fetch(`${mlflowUrl}/api/2.0/mlflow/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, unknown[]>;
  };
  type Pairs<V> = { key: string; value: V }[];
  const record = <V>(pairs: Pairs<V> = []) => Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
  const { experiments = [] } = await ask("experiments/search", { max_results: 100 });
  const experiment_ids = (experiments as { experiment_id: string }[]).map(({ experiment_id }) => experiment_id);
  const { runs = [] } = await ask("runs/search", { experiment_ids, max_results: 100 });
  const mlflowRuns = (
    runs as {
      info: { status: string };
      data: { tags: Pairs<string>; params?: Pairs<string>; metrics?: Pairs<number> };
    }[]
  ).map(({ info, data }) => ({
    status: info.status,
    tags: record(data.tags),
    params: record(data.params),
    metrics: record(data.metrics),
  }));
  const logs = new CloudWatchLogsClient(options);
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  const group = logGroups.find(({ logGroupName = "" }) => logGroupName.includes("training-gate"));
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: group?.logGroupName }));
  return { mlflowRuns, gateLog: events.map(({ message }) => message).join("\n") };
}

describe("npm start", function () {
  this.timeout(900_000);

  it("runs the whole loop on generated rows, and reports it", async () => {
    const setting = `stream.batchTransform.fromBytes=${TRANSFORM_FROM_BYTES}`;
    const run = await start(["--rows", String(ROWS), "--keep", "--set", setting], "loop");
    expect(run.code, run.output).to.equal(0);
    const found = report();
    expect(found.passed).to.equal(true);
    expect(found.data).to.deep.include({ source: "synthetic", rows: ROWS });
    expect(found.stages.map((stage) => stage.status)).to.satisfy((all: string[]) =>
      all.every((status) => status === "passed"),
    );
    expect(found.api).to.deep.include({ predictStatus: 200, noKeyStatus: 403, healthStatus: 200 });
    const { rowsIn, scored, quarantined, written } = found.stream;
    expect(rowsIn).to.equal((scored ?? 0) + (quarantined ?? 0));
    expect(written).to.equal(scored);
    for (const [monitor, { drifted, output }] of Object.entries(found.monitors ?? {})) {
      expect(drifted.violations, monitor).to.be.above(0);
      expect(output, monitor).to.match(/^s3:\/\/.*\/monitor-output\//);
    }
    expect(Object.keys(found.monitors ?? {})).to.have.length(4);
    expect(found.monitors?.dataQuality.clean.violations).to.equal(0);
    expect(run.output).to.contain("synthetic");
    await dashboardShowsWhatTheLoopPut();
    const alerted = await hearAlerts();
    await heard(alerted, await deadLettersRaiseTheStacksAlarm());
    await failedUpdate();
    await heard(alerted, "Endpoint fraud-local is ROLLING_BACK");
  });

  it("has every function, job, task and model do what its role allows, and needs each statement of the roles", () => {
    const record = JSON.parse(readFileSync(join(localDirectory, "iam-calls.json"), "utf8")) as CallRecord;
    expect(record.calls.length).to.be.above(300);
    expect(refused(record)).to.deep.equal([]);
    expect(unexplained(record)).to.deep.equal([]);
    expect(outdated(record)).to.deep.equal([]);
  });

  it("rolls out settings that an up changed, and says at the next one that they are live", changedSettingsGoLive);

  it("scores a file that is too large for the endpoint by a transform job, to the row", largeFileIsTransformed);

  it("answers as the API's document says, whatever it is asked", async () => {
    const run = await fuzz(report().api.url ?? "");
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/\d{3,} generated/);
  });

  it("answers the typed client, problems included", async () => {
    const client = createFraudClient({ apiUrl: report().api.url ?? "", apiKey: await apiKey() });
    const features = Object.fromEntries(FEATURES.map((name) => [name, 0.5])) as unknown as Transaction;
    const query = { reasons: 2 };
    const { data } = await client.POST("/predict", { params: { query }, body: { transactions: [features] } });
    const [prediction] = data?.predictions ?? [];
    expect(prediction?.decision).to.be.oneOf(["fraud", "legitimate"]);
    expect(prediction?.reasons).to.have.length(2);
    const wrong = await client.POST("/predict", { body: { transactions: [{ ...features, V1: 1e39 }] } });
    expect(wrong.response.status).to.equal(400);
    expect(wrong.error?.violations?.map(({ path }) => path)).to.deep.equal(["transactions.0.V1"]);
    expect((await client.GET("/health")).data?.status).to.equal("ok");
  });

  it("refuses a model whose champion is better, and says so in the log, in MLflow, in the alert and at its end", async () => {
    // One stump, against the minima's lowest bar: only the champion stands in its way.
    const nextAlert = await hearAlerts();
    const stump = ["training.hyperparameters={num_round: 1, max_depth: 1}", "evaluation.rocAucMinThreshold=0.1"];
    const run = await start(["--rows", String(ROWS), "--keep", ...stump.flatMap((pair) => ["--set", pair])], "loop");
    expect(run.code, run.output).to.equal(2);
    const found = report();
    const { refusal = "", evaluation } = found;
    expect(refusal).to.match(/the champion is better: on the same rows the champion, version 1, has AUPRC/);
    expect(evaluation?.champion).to.include({ status: "compared", mlflowVersion: "1" });
    const { mlflowRuns, gateLog } = await whatIsTold();
    expect(gateLog).to.contain(refusal);
    await heard(nextAlert, refusal);
    const refused = mlflowRuns.find(({ tags }) => tags.gate === "refused");
    expect(refused?.tags).to.include({ gate_reason: refusal, champion: "compared", champion_version: "1" });
    expect(refused?.params).to.include({ algorithm: "xgboost", num_round: "1" });
    expect(refused?.metrics).to.include.keys("validation_aucpr_by_iteration", "test_auprc", "test_auprc_over_champion");
    expect(refused?.status).to.equal("FINISHED");
    const passed = mlflowRuns.filter(({ tags }) => tags.gate === "passed");
    expect(passed.map(({ tags }) => tags.champion)).to.deep.equal(["none"]);
    expect(mlflowRuns).to.have.length(2);

    // Nothing to go on with: the same data would be refused again.
    const { detail: executionId = "" } = found.stages.find(({ name }) => name === "launch") ?? {};
    const resumed = await command(["resume", executionId], "loop");
    expect(resumed.code, resumed.output).to.equal(2);
    expect(JSON.parse(resumed.output)).to.deep.equal({ outcome: "refused", reason: refusal });
  });

  it("ends with 2 and the figures where the gate refuses the model, and deploys nothing", async () => {
    const minimum = ["--set", "evaluation.rocAucMinThreshold=0.99999"];
    const run = await start(["--rows", String(ROWS), "--keep", ...minimum], "loop");
    expect(run.code, run.output).to.equal(2);
    const found = report();
    expect(found.passed).to.equal(false);
    expect(found.refusal).to.match(/ROC AUC.*0\.99999/i);
    const status = new Map(found.stages.map((stage) => [stage.name, stage.status]));
    expect(status.get("gate")).to.equal("failed");
    expect(status.get("deploy")).to.equal("skipped");
    expect(found.endpoint.name).to.equal(null);
  });

  const header = ["Time", ...Array.from({ length: 28 }, (_, i) => `V${i + 1}`), "Amount", "Class"].join(",");
  const row = (time: number, label: number, v1 = "0.5") =>
    [time, v1, ...Array.from({ length: 27 }, () => "0.1"), "10.5", label].join(",");
  const rows = (count: number, label: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => row(i, label(i)));

  interface BadInput {
    name: string;
    file: string;
    content?: string | Buffer;
    says: RegExp[];
  }
  /** Ends with 1 and one paragraph that names cause and remedy. */
  async function isRefused({ file, content, says }: BadInput, marker: string): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "fraud-start-"));
    const path = join(directory, file);
    if (content !== undefined) writeFileSync(path, content);
    const run = await start(["--data", path], marker);
    rmSync(directory, { recursive: true });
    expect(run.code, run.output).to.equal(1);
    for (const pattern of says) expect(run.output).to.match(pattern);
    expect(run.output).not.to.match(/\n\s+at .*\.ts:\d+/);
  }

  describe("given what only the jobs can see to be bad, says what and ends with 1", () => {
    const cases: BadInput[] = [
      {
        name: "text where numbers belong",
        file: "text.csv",
        content: `${header}\n${[...rows(300, (i) => Number(i % 9 === 0)), row(301, 0, "hello")].join("\n")}\n`,
        says: [/V1/, /hello/],
      },
      {
        name: "a file without fraud",
        file: "clean.csv",
        content: `${header}\n${rows(300, () => 0).join("\n")}\n`,
        says: [/no fraud/i],
      },
    ];
    for (const each of cases) it(each.name, () => isRefused(each, "loop"));
  });

  it(
    "is destroyed in the middle of a rollout, leaves its data and nothing else, and comes up again",
    destroyedAndUpAgain,
  );

  it("uses the cloud that is up all the while; down, it leaves no process", async () => {
    expect(await stopCloud(join(localDirectory, "cloud"))).to.equal(true);
    expect(leftBehind("loop")).to.deep.equal([]);
  });

  it("is ended by a signal at any time without leaving a process behind", async () => {
    let signalled = false;
    const run = await start(["--rows", String(ROWS)], "signal", (output, pid) => {
      if (signalled || !output.includes("Stack up")) return;
      signalled = true;
      process.kill(pid, "SIGTERM");
    });
    expect(run.code, run.output).to.equal(143);
    expect(leftBehind("signal")).to.deep.equal([]);
  });

  describe("given bad input, ends with 1 and one paragraph that names cause and remedy", () => {
    const cases: BadInput[] = [
      { name: "a missing file", file: "absent.csv", says: [/no such file/i] },
      { name: "an empty file", file: "empty.csv", content: "", says: [/is empty/i] },
      {
        name: "a wrong header",
        file: "header.csv",
        content: `${header.replace("V3", "X3")}\n${row(1, 0)}\n`,
        says: [/V3/, /X3/],
      },
      {
        name: "a truncated gzip",
        file: "cut.csv.gz",
        content: gzipSync(`${header}\n${rows(500, (i) => i % 7 && 1).join("\n")}\n`).subarray(0, 300),
        says: [/gzip/i, /again/],
      },
    ];
    for (const each of cases) {
      it(each.name, async () => {
        await isRefused(each, each.file);
        expect(leftBehind(each.file)).to.deep.equal([]);
      });
    }

    it("a busy port", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await new Promise((ready) => server.once("listening", ready));
      const { port } = server.address() as { port: number };
      const run = await start(["--rows", String(ROWS), "--port", String(port)], "port");
      server.close();
      expect(run.code, run.output).to.equal(1);
      expect(run.output).to.match(new RegExp(`${port}.*(in use|busy)`, "i"));
      expect(leftBehind("port")).to.deep.equal([]);
    });
  });
});
