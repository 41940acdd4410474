import * as t from "io-ts";
import type { Deployment } from "../shared/deployment-records";

/**
 * SageMaker's `Endpoint State Change` and `Endpoint Deployment State Change`. Nothing but the name is believed: events
 * come late, twice and out of order, so the endpoint itself is asked.
 */
export const EndpointEvent = t.type(
  { "detail-type": t.string, detail: t.type({ EndpointName: t.string }) },
  "EndpointEvent",
);

/** The schedule's call, every few minutes: settle what an event missed. */
export const SweepEvent = t.type({ sweep: t.literal(true) }, "SweepEvent");

export const SettleEvent = t.union([EndpointEvent, SweepEvent], "SettleEvent");

/** What a deployment may take beyond SageMaker's own limit, before whoever asked is told that it failed. */
const GRACE_SECONDS = 1800;

/** Whether a deployment takes longer than it can, and nobody has been told. Its limit counts from when it was begun. */
export function isOverdue({ begunAt, overdueAt, phase }: Deployment, timeoutSeconds: number, now: Date): boolean {
  const seconds = (now.getTime() - Date.parse(begunAt)) / 1000;
  return phase !== "settled" && overdueAt === undefined && seconds > timeoutSeconds + GRACE_SECONDS;
}
