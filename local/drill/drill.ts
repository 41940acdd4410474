// `npm run drill`: the game day. Rollouts of models, good and bad, under load, on the platform as `npm start` deploys it.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { RunningCloud } from "../cloud";
import { Interrupted, interruption } from "../interrupt";
import { splitRows, transaction, type LabelledRow } from "../loop/checks/rows";
import { StageError } from "../loop/errors";
import { PLAN } from "../loop/plan";
import { runLoop, type Findings } from "../loop/run";
import { Stages } from "../loop/stage";
import { explain } from "../loop/errors";
import { localDirectory } from "../tools";
import { registerCandidate } from "./candidates";
import { Load } from "./load-process";
import { renderDrill } from "./page";
import { play, type Played } from "./play";
import { DRILL_SETTINGS, ROLLOUTS, type DrillReport, type PlayedRollout } from "./rollouts";
import { EndpointWatch } from "./watch";

export interface DrillOptions {
  /** As of `npm start`; 40,000 generated rows without it. */
  data?: string;
  set: string[];
}

/** Requests a second at the most. */
const ENDPOINT_RATE = 200;
const API_RATE = 6;
const ROWS_PER_API_REQUEST = 25;
const LOAD_ROWS = 500;
const DEFAULT_ROWS = 40_000;

export async function drill(options: DrillOptions): Promise<void> {
  const signal = interruption();
  const startedAt = new Date();
  const plan = ROLLOUTS.map(({ name, title }) => ({ name: `drill-${name}`, title }));
  const stages = new Stages([...PLAN, ...plan], process.stdout);
  const played: Played[] = [];
  let cloud: RunningCloud | undefined;
  let load: Load | undefined;
  let watch: EndpointWatch | undefined;
  let failure: unknown;
  try {
    const findings: Findings = {};
    const settings = [...DRILL_SETTINGS, ...options.set];
    const source = options.data === undefined ? { rows: DEFAULT_ROWS } : { data: options.data };
    await runLoop(stages, { ...source, set: settings, signal }, findings, (running) => (cloud = running));
    const { stack, endpoint, registry, processed } = findings;
    if (!stack || !endpoint || !registry) throw new StageError("The loop ended without a model that serves.");
    const { outputs, apiKey } = stack;
    const rows = (await splitRows(processed?.test ?? "")).slice(0, LOAD_ROWS);
    const awsUrl = cloud?.description.awsEndpointUrl ?? "";
    load = Load.start({
      endpoint: {
        url: `${awsUrl}/endpoints/${endpoint.name}/invocations`,
        rows: rows.map(({ values }) => values.join(",")),
        rate: ENDPOINT_RATE,
      },
      api: { url: `${outputs.apiUrl}/predict`, key: apiKey, bodies: requestBodies(rows), rate: API_RATE },
    });
    const sagemaker = new SageMakerClient();
    watch = new EndpointWatch(sagemaker, endpoint.name);
    const registeredModelName = outputs.modelPackageGroupName;
    const stage = { sagemaker, outputs, registeredModelName, load, watch };
    let championArn = registry.modelPackageArn;
    for (const rollout of ROLLOUTS) {
      signal.throwIfAborted();
      const one = await stages.run(`drill-${rollout.name}`, async (progress) => {
        progress("registering the candidate");
        const candidate = await registerCandidate(outputs, registeredModelName, championArn, rollout);
        const value = await play(stage, rollout, candidate, championArn, progress);
        played.push(value);
        if (value.problems.length > 0) throw new StageError(value.problems.join(" "));
        return { value, detail: inWords(value) };
      });
      if (one.outcome === "succeeded") championArn = one.candidate.packageArn;
    }
  } catch (error) {
    failure = error;
  }
  await load?.stop();
  await watch?.end();
  if (cloud !== undefined && !cloud.wasUp) await cloud.stop();
  const report: DrillReport = {
    rollouts: played.map(told),
    passed: failure === undefined && played.length === ROLLOUTS.length,
  };
  writeFiles(report, renderDrill({ startedAt, played, report, failure: failure && explain(failure) }));
  process.stdout.write(`\n${report.passed ? "The drill passed." : "The drill did not pass."}`);
  process.stdout.write(` ${join(".local", "drill.html")} and drill.json\n`);
  if (failure !== undefined) process.stderr.write(`\n${explain(failure)}\n`);
  process.exit(failure instanceof Interrupted ? failure.exitCode : report.passed ? 0 : 1);
}

/** Just what drill.json promises. */
function told({ name, outcome, requests, failedRequests, liveConfig, seconds }: Played): PlayedRollout {
  return { name, outcome, requests, failedRequests, liveConfig, seconds };
}

function inWords({ outcome, requests, failedRequests, split, rollbackSeconds }: Played): string {
  const parts = [
    outcome === "succeeded" ? "rolled out" : "rolled back",
    `${requests} requests, ${failedRequests} failed`,
    ...(outcome === "succeeded" && split ? [`canary ${(100 * split.share).toFixed(2)}% of ${split.requests}`] : []),
    ...(rollbackSeconds === undefined ? [] : [`${rollbackSeconds.toFixed(1)} s after the alarm`]),
  ];
  return parts.join("; ");
}

function requestBodies(rows: readonly LabelledRow[]): string[] {
  const count = Math.max(1, Math.floor(rows.length / ROWS_PER_API_REQUEST));
  return Array.from({ length: count }, (_, index) => {
    const part = rows.slice(index * ROWS_PER_API_REQUEST, (index + 1) * ROWS_PER_API_REQUEST);
    return JSON.stringify({ transactions: part.map((row, at) => transaction(row, `drill-${index}-${at}`)) });
  });
}

function writeFiles(report: DrillReport, page: string): void {
  mkdirSync(localDirectory, { recursive: true });
  for (const [name, text] of [
    ["drill.json", `${JSON.stringify(report, undefined, 2)}\n`],
    ["drill.html", page],
  ] as const) {
    const file = join(localDirectory, name);
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  }
}
