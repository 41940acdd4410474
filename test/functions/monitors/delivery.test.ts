// What comes twice, at once or again after a kill: a job's end, and labels, on the emulator's DynamoDB and S3.
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { SNSClient } from "@aws-sdk/client-sns";
import { expect } from "chai";
import { readLabels, type EventLabel } from "../../../functions/merge-labels/logic";
import { mergeInto } from "../../../functions/merge-labels/stores";
import { MonitorRuns } from "../../../functions/settle-monitor/runs";
import { settleMonitor, type SettleClients, type SettleSettings } from "../../../functions/settle-monitor/settle";
import { inferenceId } from "../../../functions/shared/inference-id";
import { startMiniStack, type Emulator } from "../../local/support/ministack";

const BUCKET = "monitored";
const SETTINGS: SettleSettings = {
  endpointName: "fraud",
  alertsTopicArn: "arn:aws:sns:eu-west-1:123456789012:alerts",
  retraining: {
    cooldownHours: 24,
    maxPerWeek: 2,
    clusterArn: "arn:aws:ecs:eu-west-1:123456789012:cluster/training",
    taskFamily: "fraud-launcher",
    subnetIds: ["subnet-1"],
    securityGroupIds: [],
  },
};

interface Sent {
  input: Record<string, unknown>;
}

/** A client that keeps what it is sent, and fails where it is told to. */
function recorder(answer: (sent: Sent) => unknown) {
  const sent: Sent[] = [];
  let failures = 0;
  const send = async (command: Sent): Promise<unknown> => {
    if (failures > 0) {
      failures--;
      throw new Error("the connection broke");
    }
    sent.push(command);
    return Promise.resolve(answer(command));
  };
  return { sent, fail: (times: number) => void (failures = times), client: { send } };
}

describe("what comes more than once", () => {
  let emulator: Emulator;
  let s3: S3Client;
  let dynamodb: DynamoDBClient;
  before(async () => {
    emulator = await startMiniStack();
    const common = {
      endpoint: emulator.endpoint,
      region: "eu-west-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    };
    s3 = new S3Client({ ...common, forcePathStyle: true });
    dynamodb = new DynamoDBClient(common);
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    await dynamodb.send(
      new CreateTableCommand({
        TableName: "runs",
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
  });
  after(() => emulator.stop());

  async function world(jobName: string, violations: number, status = "Completed", more: object = {}) {
    const outputUri = `s3://${BUCKET}/out/${jobName}`;
    const summary = {
      version: 1,
      monitor: "data-quality",
      status: violations > 0 ? "CompletedWithViolations" : "Completed",
      startTime: "2026-11-21T12:00:00Z",
      endTime: "2026-11-21T13:00:00Z",
      rows: 500,
      violations: Array.from({ length: violations }, () => ({
        feature: "V14",
        metric: "baseline_drift",
        check: "baseline_drift_check",
        description: "far",
      })),
    };
    await s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: `out/${jobName}/summary.json`, Body: JSON.stringify(summary) }),
    );
    const job = {
      ProcessingJobName: jobName,
      ProcessingJobStatus: status,
      ExitMessage: "told",
      Environment: {
        sagemaker_endpoint_name: "fraud",
        sagemaker_monitoring_schedule_name: "fraud-data-quality",
      },
      ProcessingOutputConfig: { Outputs: [{ S3Output: { S3Uri: outputUri } }] },
      ...more,
    };
    const sns = recorder(() => ({}));
    const events = recorder(() => ({ Entries: [{ EventId: "1" }] }));
    const ecs = recorder(() => ({ tasks: [{}], failures: [] }));
    const clients: SettleClients = {
      s3,
      sagemaker: recorder(() => job).client as unknown as SageMakerClient,
      sns: sns.client as unknown as SNSClient,
      events: events.client as unknown as EventBridgeClient,
      ecs: ecs.client as unknown as ECSClient,
      runs: new MonitorRuns(dynamodb, "runs"),
    };
    const told = () => [sns.sent.length, events.sent.length, ecs.sent.length];
    return { clients, sns, events, ecs, told };
  }

  it("twenty events of one job's end, at once, are one alert, one event and one training run", async () => {
    const { clients, told } = await world("job-many", 3);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => settleMonitor(clients, { ...SETTINGS, endpointName: "fraud" }, "job-many")),
    );
    const settled = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    expect(settled.filter((each) => each === "violations")).to.have.length(1);
    // The others come again: by then it is done.
    expect(await settleMonitor(clients, SETTINGS, "job-many")).to.equal("before");
    expect(told()).to.deep.equal([1, 1, 1]);
  });

  it("a function that breaks between any two acts leaves the rest to the next try, and does none again", async () => {
    const settings = { ...SETTINGS, retraining: undefined };
    const { clients, sns, events, told } = await world("job-broken", 1);
    sns.fail(1);
    let error = await settleMonitor(clients, settings, "job-broken").catch((reason: unknown) => String(reason));
    expect(error).to.contain("the connection broke");
    events.fail(1);
    error = await settleMonitor(clients, settings, "job-broken").catch((reason: unknown) => String(reason));
    expect(error).to.contain("the connection broke");
    expect(told()).to.deep.equal([1, 0, 0]);
    expect(await settleMonitor(clients, settings, "job-broken")).to.equal("violations");
    expect(told()).to.deep.equal([1, 1, 0]);
  });

  it("a killed function's job is taken over once its lease is over, not before", async () => {
    const { clients, told } = await world("job-killed", 0);
    const now = new Date("2026-11-21T13:00:00Z");
    expect(await clients.runs.claim("job-killed", now)).to.equal("claimed");
    const soon = new Date(now.getTime() + 59_000);
    const error = await settleMonitor(clients, SETTINGS, "job-killed", soon).catch((reason: unknown) => String(reason));
    expect(error).to.contain("another function deals with the end of job-killed");
    const later = new Date(now.getTime() + 60_000);
    expect(await settleMonitor(clients, SETTINGS, "job-killed", later)).to.equal("completed");
    expect(told()).to.deep.equal([0, 0, 0]);
  });

  it("two jobs' violations at once start one training run within the cooldown", async () => {
    const settings = { ...SETTINGS, endpointName: "fraud" };
    const worlds = await Promise.all(["job-one", "job-other"].map((name) => world(name, 1)));
    const later = new Date(Date.now() + 48 * 3_600_000);
    await Promise.all(
      worlds.map(({ clients }, index) =>
        settleMonitor(clients, settings, index === 0 ? "job-one" : "job-other", later),
      ),
    );
    expect(worlds.map(({ ecs }) => ecs.sent.length).reduce((sum, each) => sum + each, 0)).to.equal(1);
  });

  it("a start that ECS refuses comes again under the same token", async () => {
    const { clients, ecs } = await world("job-refused", 1);
    const now = new Date(Date.now() + 30 * 24 * 3_600_000);
    ecs.fail(1);
    const error = await settleMonitor(clients, SETTINGS, "job-refused", now).catch((reason: unknown) => String(reason));
    expect(error).to.contain("the connection broke");
    const again = new Date(now.getTime() + 61_000);
    expect(await settleMonitor(clients, SETTINGS, "job-refused", again)).to.equal("violations");
    expect(ecs.sent).to.have.length(1);
    expect(ecs.sent[0]?.input).to.include({ taskDefinition: "fraud-launcher", startedBy: "monitor-violations" });
    expect(ecs.sent[0]?.input.clientToken).to.match(/^[0-9a-f]{64}$/);
  });

  it("a job that failed is one notice with its reason, however often its event comes", async () => {
    const { clients, sns, told } = await world("job-failed", 5, "Failed");
    sns.fail(1);
    const error = await settleMonitor(clients, SETTINGS, "job-failed").catch((reason: unknown) => String(reason));
    expect(error).to.contain("the connection broke");
    expect(await settleMonitor(clients, SETTINGS, "job-failed")).to.equal("failed");
    expect(await settleMonitor(clients, SETTINGS, "job-failed")).to.equal("before");
    expect(told()).to.deep.equal([1, 0, 0]);
    expect(sns.sent[0]?.input.Message).to.contain("told");
  });

  it("a job of AWS's images is told of by the files that they write, as ours is by its summary", async () => {
    const write = (job: string, file: string, document: object) =>
      s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `out/${job}/${file}`, Body: JSON.stringify(document) }));
    const settled = async (job: string) => {
      const made = await world(job, 0, "Completed", { MonitoringScheduleArn: "arn:aws:sagemaker:::schedule" });
      return { ...made, outcome: await settleMonitor(made.clients, { ...SETTINGS, retraining: undefined }, job) };
    };
    await write("job-managed", "statistics.json", { version: 0, dataset: { item_count: 812 } });
    const violation = { feature_name: "V7", constraint_check_type: "baseline_drift_check", description: "far off" };
    await write("job-managed", "constraint_violations.json", { version: 0, violations: [violation] });
    const { outcome, sns, events } = await settled("job-managed");
    expect(outcome).to.equal("violations");
    expect(sns.sent[0]?.input.Message).to.contain("812 rows").and.to.contain("V7: far off");
    const [entry] = events.sent[0]?.input.Entries as { Detail: string }[];
    expect(JSON.parse(entry?.Detail ?? "{}")).to.include({ monitor: "data-quality", rows: 812, violationCount: 1 });
    // Without violations some of the images write no file of them.
    expect((await settled("job-managed-clean")).outcome).to.equal("completed");
  });

  it("labels that are merged into one hour at once are all there", async () => {
    const key = "fraud/ground-truth/merged/2026/11/21/13/labels.jsonl";
    const at = new Date("2026-11-21T13:00:00Z");
    const deliveries = Array.from({ length: 8 }, (_, delivery) =>
      Array.from({ length: 5 }, (_label, index): EventLabel => ({
        eventId: inferenceId(at, () => new Uint8Array(8).fill(10 * delivery + index)),
        label: "1",
        labelledAt: "2026-12-01T00:00:00.000Z",
      })),
    );
    await Promise.all([...deliveries, ...deliveries].map((labels) => mergeInto(s3, BUCKET, key, labels)));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    expect(readLabels((await Body?.transformToString()) ?? "", key)).to.have.property("size", 40);
  });
});
