import { scheduleGaps, scheduleHours, type Monitor, type Monitors } from "../config/monitors";
import type { ManagedMonitor } from "../functions/reconcile-monitors/env";
import type { MonitorJob } from "../functions/run-monitor/env";
import type { MonitorKind } from "../functions/shared/monitors";

/** The monitors' settings by kind, and the endings of their resources' names. */
export const SETTINGS = {
  "data-quality": "dataQuality",
  "model-quality": "modelQuality",
  "model-bias": "bias",
  "model-explainability": "explainability",
} as const satisfies Record<MonitorKind, keyof Monitors>;

/** What run-monitor is told of a monitor. */
export function jobOf(monitor: Monitor): MonitorJob {
  const {
    schedule,
    instanceType,
    instanceCount,
    volumeSizeGb,
    maxRuntimeSeconds,
    thresholds = {},
    kmsKeyArn,
  } = monitor;
  return {
    hours: scheduleHours(schedule),
    ...{ instanceType, instanceCount, volumeSizeGb, maxRuntimeSeconds, thresholds },
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
}

/** What reconcile-monitors is told of one that AWS runs. */
export function managedMonitor(monitor: Monitor): ManagedMonitor {
  const { schedule, instanceType, instanceCount, volumeSizeGb, maxRuntimeSeconds, kmsKeyArn } = monitor;
  return {
    schedule,
    periodHours: Math.max(...scheduleGaps(schedule)),
    ...{ instanceType, instanceCount, volumeSizeGb, maxRuntimeSeconds },
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
}
