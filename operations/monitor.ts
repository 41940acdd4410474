// What a monitor's run came to, for people and for programs.
import { InvalidArgumentError } from "commander";
import type { FollowedRun } from "../pipeline/monitor-client";

/** What a run's end means to whoever called. */
export const exitCodes = { clean: 0, failed: 1, violations: 2, nothing: 3 } as const;

export function exitCodeOf({ summary, failure }: FollowedRun): number {
  if (failure !== undefined) return exitCodes.failed;
  if (summary === undefined || summary.status === "Empty") return exitCodes.nothing;
  return summary.violations.length > 0 ? exitCodes.violations : exitCodes.clean;
}

/** What a run came to, for people. */
export function describeRun(run: FollowedRun): string {
  const { summary, failure, outputUri } = run;
  if (failure !== undefined) return `The job ${run.jobName ?? ""} failed: ${failure}`;
  if (summary === undefined) return run.reason;
  const labelled = summary.labelledRows === undefined ? "" : `, ${summary.labelledRows} of them labelled`;
  const count = summary.violations.length;
  const found = count === 0 ? "no violation" : `${count} ${count === 1 ? "violation" : "violations"}`;
  return [
    `${summary.monitor}, ${summary.startTime} to ${summary.endTime}: ${summary.rows} rows${labelled}, ${found}`,
    ...summary.violations.map(({ feature, metric, description }) => `  ${feature || metric}: ${description}`),
    `Output: ${outputUri ?? ""}/`,
  ].join("\n");
}

/** A time in ISO 8601; a date alone is its midnight, UTC. */
export function time(text: string): Date {
  const value = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) || isNaN(+value)) {
    throw new InvalidArgumentError("A time such as 2026-11-21T13:00:00Z, or a date, is wanted.");
  }
  return value;
}
