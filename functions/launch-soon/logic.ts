import * as t from "io-ts";
import { exitCodes } from "../../pipeline/exit-codes";

const ObjectCreated = t.type(
  {
    "detail-type": t.literal("Object Created"),
    detail: t.type({ object: t.intersection([t.type({ key: t.string }), t.partial({ size: t.number })]) }),
  },
  "ObjectCreated",
);

const TaskStateChange = t.type(
  {
    "detail-type": t.literal("ECS Task State Change"),
    detail: t.type({
      taskArn: t.string,
      lastStatus: t.string,
      containers: t.array(t.partial({ exitCode: t.number })),
    }),
  },
  "TaskStateChange",
);

/** What asks for a launch: S3's event of an object, and ECS's of a launcher that found a run under way. */
export const LaunchEvent = t.union([ObjectCreated, TaskStateChange], "LaunchEvent");
export type LaunchEvent = t.TypeOf<typeof LaunchEvent>;

/** A run takes longer than this: a launch that was postponed looks again no sooner, in minutes. */
export const POSTPONED_MINUTES = 10;

/** Minutes from now until the launch that an event asks for; undefined where it asks for none. */
export function minutesUntilLaunch(event: LaunchEvent, quietMinutes: number): number | undefined {
  if (event["detail-type"] === "ECS Task State Change") {
    const { lastStatus, containers } = event.detail;
    const postponed = containers.some(({ exitCode }) => exitCode === exitCodes.postponed);
    return lastStatus === "STOPPED" && postponed ? Math.max(quietMinutes, POSTPONED_MINUTES) : undefined;
  }
  const { key, size } = event.detail.object;
  // Consoles mark folders so; no run reads anything of them.
  return key.endsWith("/") && size === 0 ? undefined : quietMinutes;
}

/** `at(2026-11-21T13:00:00)`, in UTC: the next whole second. */
export function atExpression(time: number): string {
  return `at(${new Date(Math.ceil(time / 1000) * 1000).toISOString().slice(0, 19)})`;
}

/** Milliseconds since 1970 of a one-time expression in UTC; undefined for any other. */
export function timeOf(expression: string | undefined): number | undefined {
  const [, written] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression ?? "") ?? [];
  return written === undefined ? undefined : Date.parse(`${written}Z`);
}
