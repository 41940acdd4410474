// `npm start`: runs the loop, reports, and ends with an exit code that means something.
import { join } from "node:path";
import { CloudError, type RunningCloud } from "../cloud";
import { writeCalls } from "../iam/calls";
import { Interrupted, interruption } from "../interrupt";
import { summary } from "../report/terminal";
import { writeReport } from "../report/write";
import { localDirectory } from "../tools";
import { usage } from "../usage";
import { explain, RefusedError } from "./errors";
import { PLAN } from "./plan";
import { reportOf } from "./run-report";
import { runLoop, type Findings, type LoopOptions } from "./run";
import { Stages } from "./stage";

export interface StartOptions extends Omit<LoopOptions, "signal"> {
  keep?: boolean;
  json?: boolean;
}

export async function start(options: StartOptions): Promise<void> {
  const signal = interruption();
  // With --json, standard output is the report's alone.
  const stream = options.json ? process.stderr : process.stdout;
  const startedAt = new Date();
  const stages = new Stages(PLAN, stream);
  const findings: Findings = {};
  let cloud: RunningCloud | undefined;
  let failure: unknown;
  let cloudFailed: (error: unknown) => void = () => undefined;
  const cloudFailure = new Promise<never>((_, fail) => (cloudFailed = fail));
  try {
    const loop = runLoop(stages, { ...options, signal }, findings, (running) => {
      cloud = running;
      running.failed.catch(cloudFailed);
    });
    // Without its cloud the loop only waits: say what ended instead.
    await interruptible(Promise.race([loop, cloudFailure]), signal);
  } catch (error) {
    failure = error;
  }

  const peakMb = await cloud?.peakMemoryMb();
  if (cloud !== undefined && !signal.aborted) await recordCalls(cloud);
  // Kept after a failure too: what went wrong can be looked at. An interrupted run is over.
  const keep = options.keep === true && !(failure instanceof Interrupted || failure instanceof CloudError);
  if (keep) await cloud?.keep();
  else if (cloud !== undefined && !cloud.wasUp) await cloud.stop();

  const report = reportOf({ startedAt, stages: stages.all(), findings, failure, peakMb });
  writeReport(localDirectory, report);
  stream.write(`\n${summary(report, { colour: stream.isTTY })}\n`);
  stream.write(`\nReport: ${join(".local", "report.html")} and report.json\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  if (cloud !== undefined && (keep || cloud.wasUp)) stream.write(`\n${usage(cloud.description, findings.stack)}\n`);
  if (failure !== undefined && !(failure instanceof RefusedError)) process.stderr.write(`\n${explain(failure)}\n`);
  process.exit(exitCode(failure));
}

/** What roles were allowed, and by what, is worth a file; a cloud that is gone can't tell it. */
async function recordCalls({ description }: RunningCloud): Promise<void> {
  try {
    await writeCalls(description.awsEndpointUrl, localDirectory);
  } catch (error) {
    process.stderr.write(`.local/iam-calls.json is not written: ${explain(error)}\n`);
  }
}

/** Rejects as soon as the user interrupts, whatever the work is waiting for. */
function interruptible(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const interrupted = new Promise<never>((_, fail) =>
    signal.addEventListener("abort", () => fail(signal.reason as Error), { once: true }),
  );
  return Promise.race([work, interrupted]);
}

function exitCode(failure: unknown): number {
  if (failure === undefined) return 0;
  if (failure instanceof RefusedError) return 2;
  if (failure instanceof Interrupted) return failure.exitCode;
  return 1;
}
