import { setTimeout as sleep } from "node:timers/promises";
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import type { S3Client } from "@aws-sdk/client-s3";
import { DescribeProcessingJobCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { MonitorRun } from "../functions/run-monitor/logic";
import { Summary } from "../functions/settle-monitor/logic";
import type { MonitorKind } from "../functions/shared/monitors";
import { readJson } from "../functions/shared/objects";

export interface MonitorClients {
  lambda: LambdaClient;
  sagemaker: SageMakerClient;
  s3: S3Client;
}

/** What is looked at: from `from`, up to and without `to`. */
export interface Wanted {
  kind: MonitorKind;
  from: Date;
  to: Date;
  /** Another one makes another run of the same period. */
  attempt?: string;
}

/** A run to its end: what was started, and what it found where it started a job that ended well. */
export interface FollowedRun extends MonitorRun {
  summary?: Summary;
  /** Why the job failed. */
  failure?: string;
}

const POLL_MILLISECONDS = 500;

/**
 * Runs a monitor through its function, and follows the job to its end.
 *
 * @param progress is told of each change of the job's status
 * @throws Error when the function fails, with its reason.
 */
export async function runMonitor(
  clients: MonitorClients,
  functionName: string,
  { kind, from, to, attempt }: Wanted,
  progress: (text: string) => void = () => undefined,
): Promise<FollowedRun> {
  const event = { monitor: kind, from: from.toISOString(), to: to.toISOString(), ...(attempt && { attempt }) };
  const answer = await clients.lambda.send(
    new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }),
  );
  const text = Buffer.from(answer.Payload ?? []).toString("utf8");
  if (answer.FunctionError !== undefined) throw new Error(`${functionName} failed: ${errorMessage(text)}`);
  const run = JSON.parse(text) as MonitorRun;
  if (run.jobName === undefined || run.outputUri === undefined) return run;
  for (let status = ""; ; await sleep(POLL_MILLISECONDS)) {
    const job = await clients.sagemaker.send(new DescribeProcessingJobCommand({ ProcessingJobName: run.jobName }));
    if (job.ProcessingJobStatus !== status) progress(`${kind}: ${job.ProcessingJobStatus ?? "no status"}`);
    status = job.ProcessingJobStatus ?? "";
    if (status === "Completed") {
      return { ...run, summary: await readJson(clients.s3, `${run.outputUri}/summary.json`, Summary) };
    }
    if (status === "Failed" || status === "Stopped") {
      return { ...run, failure: job.ExitMessage ?? job.FailureReason ?? `the job was ${status.toLowerCase()}` };
    }
  }
}

function errorMessage(payload: string): string {
  const error = JSON.parse(payload) as { errorMessage?: string };
  return error.errorMessage ?? payload;
}
