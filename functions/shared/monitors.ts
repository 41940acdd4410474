import { createHash } from "node:crypto";
import * as t from "io-ts";

/** The kinds of monitor, as their folders, metrics and commands name them. */
export const monitorKinds = ["data-quality", "model-quality", "model-bias", "model-explainability"] as const;
export type MonitorKind = (typeof monitorKinds)[number];

export const MonitorKind = t.keyof(
  { "data-quality": null, "model-quality": null, "model-bias": null, "model-explainability": null },
  "MonitorKind",
);

/** The kinds that hold decisions against labels. */
export const needsLabels = (kind: MonitorKind): boolean => kind === "model-quality" || kind === "model-bias";

const NAME_CHARACTERS = 63;
const HASH_CHARACTERS = 8;

/**
 * What a monitor's metrics name as its schedule, and where AWS runs it, the name of the schedule itself. Also how a job
 * that has ended is known for this endpoint's.
 */
export function monitorScheduleName(endpointName: string, kind: MonitorKind): string {
  const name = `${endpointName}-${kind}`;
  if (name.length <= NAME_CHARACTERS) return name;
  const hash = createHash("sha256").update(endpointName).digest("hex").slice(0, HASH_CHARACTERS);
  const room = NAME_CHARACTERS - kind.length - hash.length - 2;
  return `${endpointName.slice(0, room).replace(/-+$/, "")}-${hash}-${kind}`;
}

/** Dimensions of a monitor's metrics in the platform's namespace. */
export const monitorDimensions = (endpointName: string, kind: MonitorKind): Record<string, string> => ({
  Endpoint: endpointName,
  Monitor: kind,
});

/** Metrics of a monitor, in the platform's namespace; each is put as 1 when it happens. */
export const monitorMetrics = {
  /** The monitor has dealt with a period, or begun to be watched: an alarm misses it. */
  heartbeat: "MonitorHeartbeat",
  /** Nothing was captured in a period, or no label of it has arrived. */
  empty: "MonitorEmptyPeriods",
  failed: "MonitorFailures",
  violations: "MonitorViolations",
} as const;

/** From `start`, which belongs to it, to `end`, which does not. */
export interface Period {
  start: Date;
  end: Date;
}

const HOUR_MILLISECONDS = 3_600_000;

/**
 * The period that a monitor looks at when it runs: between the last two times of its schedule. Those of successive runs
 * follow each other without gap or overlap.
 *
 * @param hours of the day (UTC) at which the monitor runs, rising, one at least
 * @param time of the run, which comes some minutes after its hour
 * @param delayHours how long before the run the period ends
 */
export function periodBefore(hours: readonly number[], time: Date, delayHours = 0): Period {
  const scheduled = (hour: number): boolean => hours.includes(new Date(hour * HOUR_MILLISECONDS).getUTCHours());
  const latest = (from: number): number => {
    for (let hour = from; hour > from - 24; hour--) if (scheduled(hour)) return hour;
    throw new Error("a schedule without hours never runs");
  };
  const end = latest(Math.floor(time.getTime() / HOUR_MILLISECONDS));
  const start = latest(end - 1);
  const at = (hour: number): Date => new Date((hour - delayHours) * HOUR_MILLISECONDS);
  return { start: at(start), end: at(end) };
}

/** `yyyy/mm/dd/hh` of every hour that a period touches: the folders of captures and labels. */
export function hourFolders({ start, end }: Period): string[] {
  const folders: string[] = [];
  const first = Math.floor(start.getTime() / HOUR_MILLISECONDS);
  for (let hour = first; hour * HOUR_MILLISECONDS < end.getTime(); hour++) {
    folders.push(hourFolder(new Date(hour * HOUR_MILLISECONDS)));
  }
  return folders;
}

/** `yyyy/mm/dd/hh` in UTC. */
export const hourFolder = (time: Date): string => time.toISOString().slice(0, 13).replace(/[-T]/g, "/");
