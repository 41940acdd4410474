import * as t from "io-ts";
import { MonitorNetwork } from "../run-monitor/env";
import { Arn, json, Tags, Text } from "../shared/environment";
import { MonitorKind } from "../shared/monitors";

/** How AWS runs one monitor. */
export const ManagedMonitor = t.intersection(
  [
    t.type({
      /** As SageMaker takes it: `cron(0 * ? * * *)`. */
      schedule: t.string,
      /** Hours from one run to the next. */
      periodHours: t.number,
      instanceType: t.string,
      instanceCount: t.number,
      volumeSizeGb: t.number,
      maxRuntimeSeconds: t.number,
    }),
    t.partial({
      /** Of outputs and disks. Default: the stack's. */
      kmsKeyArn: t.string,
    }),
  ],
  "ManagedMonitor",
);
export type ManagedMonitor = t.TypeOf<typeof ManagedMonitor>;

const ManagedMonitors = t.partial(
  Object.fromEntries(Object.keys(MonitorKind.keys).map((kind) => [kind, ManagedMonitor])) as Record<
    MonitorKind,
    typeof ManagedMonitor
  >,
  "ManagedMonitors",
);

/** Environment of `reconcile-monitors`. URIs of folders have no slash at their ends. */
export const ReconcileMonitorsEnvironment = t.intersection(
  [
    t.type({
      ENDPOINT_NAME: Text,
      /** Model Monitor's image: data and model quality. */
      ANALYZER_IMAGE_URI: Text,
      /** Clarify's image: bias and explainability. */
      CLARIFY_IMAGE_URI: Text,
      /** What AWS runs the monitors' jobs under. */
      JOB_ROLE_ARN: Arn,
      /** The script by which the analyzer reads captured requests. */
      RECORD_PREPROCESSOR_URI: Text,
      /** Folder of labels by hour, in AWS's ground-truth format. */
      GROUND_TRUTH_URI: Text,
      /** Folder for the configurations and baselines that are made of a model's own. */
      INPUT_URI: Text,
      OUTPUT_URI: Text,
      KMS_KEY_ARN: Arn,
      /** JSON record of `ManagedMonitor` by kind: those that run. */
      MONITORS: json(ManagedMonitors),
      /** JSON whole number: how long labels are waited for, in hours. */
      LABEL_MATURITY_HOURS: json(t.number),
      /** What Clarify serves a copy of the model on, while it explains. */
      MODEL_INSTANCE_TYPE: Text,
      /** Begins the names of the endpoints that it does that with. */
      MODEL_ENDPOINT_PREFIX: Text,
      /** JSON record: tags of definitions and schedules; only what carries all of them is removed. */
      RESOURCE_TAGS: json(Tags),
    }),
    t.partial({
      /** JSON: where the jobs have their network interfaces. Default: in none of the account's networks. */
      NETWORK: json(MonitorNetwork),
    }),
  ],
  "ReconcileMonitorsEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type ReconcileMonitorsVariables = t.OutputOf<typeof ReconcileMonitorsEnvironment>;
