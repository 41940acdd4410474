import { createHash } from "node:crypto";
import { RunTaskCommand, type ECSClient } from "@aws-sdk/client-ecs";
import { log } from "../shared/log";
import type { Retraining } from "./env";
import { decideRetraining, remembered, type Decision } from "./logic";
import type { MonitorRuns } from "./runs";

/** Tries of a record that another function changes at the same time. */
const ATTEMPTS = 5;

/**
 * Starts a training run for a job's violations, unless there were others too lately or too often. The start is on
 * record before the task runs, under a token by which ECS knows a second request: a function that was killed between
 * the two, or an event that comes again, makes no second run.
 */
export async function retrain(
  { ecs, runs }: { ecs: ECSClient; runs: MonitorRuns },
  endpointName: string,
  jobName: string,
  retraining: Retraining,
  now: Date,
): Promise<Decision> {
  const decision = await decide(runs, endpointName, jobName, retraining, now);
  if (decision === "start" || decision === "started") await runTask(ecs, jobName, retraining);
  log.info("violations and training", { jobName, decision });
  return decision;
}

async function decide(
  runs: MonitorRuns,
  endpointName: string,
  jobName: string,
  limits: Retraining,
  now: Date,
): Promise<Decision> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { starts, version } = await runs.starts(endpointName);
    const decision = decideRetraining(starts, jobName, now, limits);
    if (decision !== "start") return decision;
    const next = [...remembered(starts, now), { at: now.toISOString(), jobName }];
    if (await runs.putStarts(endpointName, next, version)) return "start";
  }
  throw new Error(`the record of training runs of ${endpointName} kept changing; the event is tried again`);
}

async function runTask(ecs: ECSClient, jobName: string, retraining: Retraining): Promise<void> {
  const { clusterArn, taskFamily, subnetIds, securityGroupIds } = retraining;
  const { failures = [] } = await ecs.send(
    new RunTaskCommand({
      cluster: clusterArn,
      taskDefinition: taskFamily,
      launchType: "FARGATE",
      count: 1,
      startedBy: "monitor-violations",
      clientToken: createHash("sha256").update(jobName).digest("hex"),
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: subnetIds,
          ...(securityGroupIds.length > 0 ? { securityGroups: securityGroupIds } : {}),
        },
      },
    }),
  );
  const [failure] = failures;
  if (failure !== undefined) {
    throw new Error(`ECS could not run ${taskFamily}: ${failure.reason ?? "no reason given"} ${failure.detail ?? ""}`);
  }
}
