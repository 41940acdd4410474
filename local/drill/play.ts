// One rollout of a drill, from the request to the truth afterwards.
import { setTimeout as delay } from "node:timers/promises";
import { CloudWatchClient, DescribeAlarmHistoryCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeModelPackageCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { PlatformOutputs } from "../../components/outputs";
import { MlflowClient } from "../../functions/shared/mlflow";
import { waitFor } from "../loop/wait";
import type { Candidate } from "./candidates";
import type { Sample } from "./load";
import type { Load } from "./load-process";
import { BAKE_SECONDS, CANARY_PERCENT, type Outcome, type PlayedRollout, type Rollout } from "./rollouts";
import type { EndpointWatch, Moment } from "./watch";

export interface Stage {
  sagemaker: SageMakerClient;
  outputs: PlatformOutputs;
  registeredModelName: string;
  load: Load;
  watch: EndpointWatch;
}

/** A rollout with all that was seen of it. */
export interface Played extends PlayedRollout {
  rollout: Rollout;
  candidate: Candidate;
  /** Epoch milliseconds. */
  from: number;
  to: number;
  samples: Sample[];
  moments: Moment[];
  /** While the canary baked: share of the endpoint's requests that it answered, and how many there were. */
  split?: { share: number; requests: number };
  /** When the alarm went off that ended it, epoch milliseconds, and its name. */
  alarm?: { name: string; at: number };
  /** From the alarm to the last request that the new model was given, in seconds. */
  rollbackSeconds?: number;
  /** What was not as it has to be; empty where all was. */
  problems: string[];
}

/** A deployment of a canary: both its bakes, what starts before and between them, and what is settled after. */
const DEADLINE_SECONDS = 2 * BAKE_SECONDS + 240;
/** How long what a deployment leaves may take to be true everywhere, in seconds. */
const TRUTH_SECONDS = 60;
/** Requests that a split is judged by, and by how many points it may miss. */
const SPLIT_REQUESTS = 5_000;
const SPLIT_POINTS = 2;

/** Rolls a candidate out, and looks at everything. */
export async function play(
  stage: Stage,
  rollout: Rollout,
  candidate: Candidate,
  championArn: string,
  progress: (text: string) => void,
): Promise<Played> {
  const { outputs, watch, load } = stage;
  const from = Date.now();
  await requestDeployment(outputs, rollout, candidate);
  const begun = await waitFor(
    () => Promise.resolve(watch.since(from, ({ pendingConfig }) => pendingConfig !== undefined)),
    { what: "the deployment to begin", timeoutSeconds: DEADLINE_SECONDS },
  );
  const wanted = begun.pendingConfig ?? "";
  const ended = await waitFor(
    () => {
      progress(watch.moments.at(-1)?.text ?? "");
      return Promise.resolve(watch.since(begun.at, ({ status }) => status === "InService"));
    },
    { what: "the deployment to end", timeoutSeconds: DEADLINE_SECONDS },
  );
  const outcome: Outcome = ended.liveConfig === wanted ? "succeeded" : "rolledBack";
  progress("the truth afterwards");
  const liveArn = outcome === "succeeded" ? candidate.packageArn : championArn;
  const problems = await untruths(stage, rollout, candidate, liveArn, outcome, ended.at);
  const to = Date.now();
  // The last requests are told a moment later.
  await delay(1_000);
  const samples = load.between(from, to);
  const moments = watch.moments.filter(({ at }) => at >= from && at < to);
  const split = splitOf(samples, moments, candidate);
  const alarm = await firedAlarm(wanted, from);
  const last = lastGiven(samples, candidate);
  const played: Played = {
    name: rollout.name,
    outcome,
    requests: samples.length,
    failedRequests: samples.filter(({ status }) => status !== 200).length,
    liveConfig: ended.liveConfig,
    seconds: Number(((to - from) / 1000).toFixed(1)),
    rollout,
    candidate,
    from,
    to,
    samples,
    moments,
    problems,
    ...(split ? { split } : {}),
    ...(alarm ? { alarm } : {}),
    ...(alarm && last !== undefined ? { rollbackSeconds: Math.max(0, last - alarm.at) / 1000 } : {}),
  };
  problems.push(...misplayed(played));
  return played;
}

async function requestDeployment(
  { deployQueueUrl }: PlatformOutputs,
  { name, title }: Rollout,
  { packageArn }: Candidate,
): Promise<void> {
  const id = `drill-${name}-${Date.now()}`;
  const command = { id, kind: "command", requestedBy: "drill", because: title, modelPackageArn: packageArn };
  await new SQSClient().send(
    new SendMessageCommand({ QueueUrl: deployQueueUrl, MessageBody: JSON.stringify({ command }) }),
  );
}

/** Waits until registry, alias and API say what is so. @returns what they say otherwise when the time is up */
async function untruths(
  { sagemaker, outputs, registeredModelName, load }: Stage,
  rollout: Rollout,
  candidate: Candidate,
  liveArn: string,
  outcome: Outcome,
  since: number,
): Promise<string[]> {
  const mlflow = new MlflowClient(outputs.mlflowArn);
  const deadline = Date.now() + TRUTH_SECONDS * 1000;
  for (;;) {
    const problems: string[] = [];
    const described = await sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: candidate.packageArn }));
    const status = described.ModelApprovalStatus ?? "";
    const wanted = outcome === "succeeded" ? "Approved" : "Rejected";
    if (status !== wanted) problems.push(`The package is ${status}, not ${wanted}.`);
    if (wanted === "Rejected" && rollout.alarm && !described.ApprovalDescription?.includes(rollout.alarm)) {
      problems.push(`The package's reason does not name the alarm: ${described.ApprovalDescription ?? "none"}.`);
    }
    const champion = await mlflow.versionOfAlias(registeredModelName, "champion");
    const isCandidate = champion?.version === candidate.mlflowVersion;
    if (isCandidate !== (outcome === "succeeded"))
      problems.push(`The champion is version ${champion?.version ?? "none"}.`);
    const answers = load.samples.filter(
      ({ via, sentAt, status: code }) => via === "api" && sentAt > since && code === 200,
    );
    const answered = answers.slice(-3).map(({ packageArn }) => packageArn);
    if (answered.length < 3 || answered.some((arn) => arn !== liveArn)) {
      problems.push(`The API's last answers are of ${answered.join(", ") || "nobody"}, not of ${liveArn}.`);
    }
    if (problems.length === 0 || Date.now() > deadline) return problems;
    await delay(500);
  }
}

function splitOf(samples: readonly Sample[], moments: readonly Moment[], { packageArn }: Candidate): Played["split"] {
  const start = moments.find(({ text }) => text.endsWith("Baking · canary"));
  const end = start && moments.find(({ at }) => at > start.at);
  if (!start || !end) return undefined;
  const baked = samples.filter(
    ({ via, sentAt, status }) => via === "endpoint" && status === 200 && sentAt >= start.at && sentAt < end.at - 500,
  );
  const ours = baked.filter((sample) => sample.packageArn === packageArn).length;
  return baked.length === 0 ? undefined : { share: ours / baked.length, requests: baked.length };
}

async function firedAlarm(configName: string, since: number): Promise<Played["alarm"]> {
  const { AlarmHistoryItems = [] } = await new CloudWatchClient().send(
    new DescribeAlarmHistoryCommand({
      HistoryItemType: "StateUpdate",
      StartDate: new Date(since),
      EndDate: new Date(),
    }),
  );
  const fired = AlarmHistoryItems.filter(
    ({ AlarmName, HistorySummary }) => AlarmName?.startsWith(configName) && / to ALARM$/.test(HistorySummary ?? ""),
  ).sort((one, other) => (one.Timestamp?.getTime() ?? 0) - (other.Timestamp?.getTime() ?? 0))[0];
  return fired?.AlarmName && fired.Timestamp ? { name: fired.AlarmName, at: fired.Timestamp.getTime() } : undefined;
}

/** When the last request was sent that the candidate answered, or failed. */
function lastGiven(samples: readonly Sample[], { packageArn }: Candidate): number | undefined {
  const given = samples.filter((sample) => sample.status !== 200 || sample.packageArn === packageArn);
  return given.length === 0 ? undefined : Math.max(...given.map(({ sentAt }) => sentAt));
}

/** What of the play itself is not as it has to be. */
function misplayed(played: Played): string[] {
  const { rollout, outcome, failedRequests, samples, split, alarm } = played;
  const problems: string[] = [];
  if (outcome !== rollout.outcome) problems.push(`It ${outcome}, and had to be ${rollout.outcome}.`);
  if (rollout.alarm && !alarm?.name.endsWith(rollout.alarm)) {
    problems.push(`The alarm ${alarm?.name ?? "that was not there"} ended it, not the one on ${rollout.alarm}.`);
  }
  if (rollout.name !== "errors") {
    if (failedRequests > 0) problems.push(`${failedRequests} requests failed.`);
  } else {
    const failed = samples.filter(({ status }) => status !== 200);
    const [first, last] = [failed[0], failed.at(-1)].map((sample) => sample?.sentAt ?? 0) as [number, number];
    const meanwhile = samples.filter(({ sentAt }) => sentAt >= first && sentAt <= last).length;
    const share = CANARY_PERCENT / 100;
    // Six standard deviations: a fair split does not miss it in a lifetime.
    const most = share + 6 * Math.sqrt((share * (1 - share)) / Math.max(1, meanwhile));
    if (failed.length === 0) problems.push("No request failed: the model was not given any.");
    if (failed.length > most * meanwhile) problems.push(`${failed.length} of ${meanwhile} requests failed.`);
  }
  if (rollout.outcome === "succeeded") {
    if (!split || split.requests < SPLIT_REQUESTS) {
      problems.push(`${split?.requests ?? 0} requests came while the canary baked: ${SPLIT_REQUESTS} are needed.`);
    } else if (Math.abs(100 * split.share - CANARY_PERCENT) > SPLIT_POINTS) {
      problems.push(`The canary got ${(100 * split.share).toFixed(2)}% of the requests, not ${CANARY_PERCENT}%.`);
    }
  }
  return problems;
}
