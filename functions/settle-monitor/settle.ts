import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { S3Client } from "@aws-sdk/client-s3";
import { DescribeProcessingJobCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import { log } from "../shared/log";
import { putMetrics } from "../shared/metrics";
import { monitorDimensions, monitorMetrics } from "../shared/monitors";
import { readJson } from "../shared/objects";
import type { Retraining } from "./env";
import {
  endedJob,
  EVENT_SOURCE,
  EVENT_TYPE,
  failureNotice,
  Summary,
  violationEvent,
  violationNotice,
  type EndedJob,
  type Findings,
  type Notice,
} from "./logic";
import { managedFindings } from "./managed";
import { retrain } from "./retrain";
import type { MonitorRuns } from "./runs";

export interface SettleClients {
  sagemaker: SageMakerClient;
  s3: S3Client;
  sns: SNSClient;
  events: EventBridgeClient;
  ecs: ECSClient;
  runs: MonitorRuns;
}

export interface SettleSettings {
  endpointName: string;
  alertsTopicArn: string;
  retraining?: Retraining | undefined;
}

/** What became of an event: of `another` job, of one that still runs, settled `before`, or settled now. */
export type Settled = "another" | "before" | "failed" | "violations" | "completed" | "empty";

/**
 * Tells of a monitor's job that has ended: metrics, an alert and an event on violations, a training run where that is
 * configured; where the job failed, a metric that an alarm watches, and a notice of the reason. Each is done once for a
 * job, however often its event comes; only a function that is killed between an act and its note leaves it to be done
 * again.
 *
 * @throws Error when another function is at it: the event is to come again, in case that one is killed.
 */
export async function settleMonitor(
  clients: SettleClients,
  settings: SettleSettings,
  jobName: string,
  now = new Date(),
): Promise<Settled> {
  const described = await clients.sagemaker.send(new DescribeProcessingJobCommand({ ProcessingJobName: jobName }));
  const job = endedJob(described, settings.endpointName);
  if (job === undefined) return "another";
  const claim = await clients.runs.claim(jobName, now);
  if (claim === "settled") return "before";
  if (claim === "taken") throw new Error(`another function deals with the end of ${jobName}`);
  try {
    const outcome = await tell(clients, settings, job, described.Environment ?? {}, now);
    await clients.runs.settle(jobName, outcome, now);
    return outcome;
  } catch (error) {
    await clients.runs.release(jobName);
    throw error;
  }
}

async function tell(
  clients: SettleClients,
  settings: SettleSettings,
  job: EndedJob,
  environment: Readonly<Record<string, string>>,
  now: Date,
): Promise<Settled> {
  const { endpointName, retraining } = settings;
  const { runs } = clients;
  const done = await runs.done(job.name);
  const once = async (part: string, act: () => Promise<unknown>): Promise<void> => {
    if (done.has(part)) return;
    await act();
    await runs.markDone(job.name, part);
  };
  const metric = (values: Record<string, number>): Promise<void> =>
    once("metrics", () => Promise.resolve(putMetrics(monitorDimensions(endpointName, job.kind), values)));

  if (!job.succeeded) {
    log.error("monitor failed", { jobName: job.name, reason: job.reason });
    await metric({ [monitorMetrics.failed]: 1 });
    await once("alert", () => publish(clients.sns, settings.alertsTopicArn, failureNotice(endpointName, job)));
    return "failed";
  }
  const findings: Findings = job.managed
    ? await managedFindings(clients.s3, job, environment)
    : await readJson(clients.s3, `${job.outputUri}/summary.json`, Summary);
  const { violations, rows, status } = findings;
  log.info("monitor ended", { jobName: job.name, status, rows, violations: violations.length });
  await metric({
    [monitorMetrics.heartbeat]: 1,
    [monitorMetrics.violations]: violations.length,
    ...(status === "Empty" ? { [monitorMetrics.empty]: 1 } : {}),
  });
  if (violations.length === 0) return status === "Empty" ? "empty" : "completed";
  await once("alert", () =>
    publish(clients.sns, settings.alertsTopicArn, violationNotice(endpointName, job, findings)),
  );
  await once("event", () => putEvent(clients.events, endpointName, job, findings));
  if (retraining !== undefined) {
    await once("training", () => retrain(clients, endpointName, job.name, retraining, now));
  }
  return "violations";
}

async function publish(sns: SNSClient, TopicArn: string, { subject, message }: Notice): Promise<void> {
  await sns.send(new PublishCommand({ TopicArn, Subject: subject, Message: message }));
}

async function putEvent(
  events: EventBridgeClient,
  endpointName: string,
  job: EndedJob,
  findings: Findings,
): Promise<void> {
  const Detail = JSON.stringify(violationEvent(endpointName, job, findings));
  const { Entries = [] } = await events.send(
    new PutEventsCommand({ Entries: [{ Source: EVENT_SOURCE, DetailType: EVENT_TYPE, Detail }] }),
  );
  const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (refused !== undefined) {
    throw new Error(`EventBridge took no event: ${refused.ErrorCode ?? ""} ${refused.ErrorMessage ?? ""}`);
  }
}
