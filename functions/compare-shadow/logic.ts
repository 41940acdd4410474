import * as t from "io-ts";
import { packageVersion } from "../shared/scoring";
import { Time } from "../shared/time";
import type { Agreement, Side } from "./comparison";

/** The schedule's call, or a person's. A period that is not given is the last 24 hours, as far as they are the shadow's. */
export const CompareEvent = t.partial({ from: Time, to: Time }, "CompareEvent");
export type CompareEvent = t.TypeOf<typeof CompareEvent>;

/** What CloudWatch tells of a variant in the period; latencies are of the hour in which they were worst. */
export interface VariantLoad {
  requests: number;
  serverErrors: number;
  /** Milliseconds in the model's container; undefined without requests. */
  latencyMilliseconds: { p50: number; p99: number } | undefined;
}

export interface ShadowReport extends Agreement {
  reportVersion: 1;
  endpointName: string;
  /** ISO 8601. */
  from: string;
  to: string;
  production: Side & VariantLoad;
  shadow: Side & VariantLoad;
  captured: {
    production: number;
    shadow: number;
    /** Captures of the shadow's to which there is none of the other's, or none that names its request. */
    unmatched: number;
    /** Captures of either that are no scores. */
    unreadable: number;
  };
}

/** What became of a call: a report, or why there is none. */
export const ShadowRun = t.intersection(
  [
    t.type({ outcome: t.keyof({ compared: null, "no-shadow": null, empty: null }), reason: t.string }),
    t.partial({ reportUri: t.string, pageUri: t.string, requests: t.number, agreement: t.number }),
  ],
  "ShadowRun",
);
export type ShadowRun = t.TypeOf<typeof ShadowRun>;

/** Of the event that tells of a report. */
export const EVENT_SOURCE = "fraud.deployments";
export const EVENT_TYPE = "Shadow Comparison";

const LONGEST_HOURS = 24;
const HOUR = 3_600_000;

/** The period to look at: never before there was this shadow, never longer than a day unless somebody asks for it. */
export function periodOf({ from, to }: CompareEvent, shadowSince: Date, now: Date): { start: Date; end: Date } {
  const end = to ?? now;
  const start = from ?? new Date(Math.max(shadowSince.getTime(), end.getTime() - LONGEST_HOURS * HOUR));
  if (start >= end) {
    throw new Error(`the period from ${start.toISOString()} to ${end.toISOString()} has no length`);
  }
  return { start, end };
}

/** How whoever reads the report makes the shadow live. */
export const promotionCommand = ({ shadow }: Pick<ShadowReport, "shadow">): string =>
  `npm run rollback -- --to ${packageVersion(shadow.packageArn)} --because TEXT`;

/** The report in a sentence. */
export function inWords({ rows, requests, decisions, shadow, production }: ShadowReport): string {
  const differ = decisions.onlyProductionFraud + decisions.onlyShadowFraud;
  const names = `Package ${packageVersion(shadow.packageArn)}, the shadow, and ${packageVersion(production.packageArn)}, which answers,`;
  return `${names} decide differently on ${differ} of ${rows} transactions in ${requests} requests.`;
}
