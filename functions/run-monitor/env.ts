import * as t from "io-ts";
import { Arn, json, Tags, Text } from "../shared/environment";
import { MonitorKind } from "../shared/monitors";

/** How the job of one monitor runs. */
export const MonitorJob = t.intersection(
  [
    t.type({
      /** Of the day (UTC), rising: when the monitor runs by itself. */
      hours: t.array(t.number),
      instanceType: t.string,
      instanceCount: t.number,
      volumeSizeGb: t.number,
      maxRuntimeSeconds: t.number,
      /** By metric. */
      thresholds: t.record(t.string, t.number),
    }),
    t.partial({
      /** Of outputs and disks. Default: the stack's. */
      kmsKeyArn: t.string,
    }),
  ],
  "MonitorJob",
);
export type MonitorJob = t.TypeOf<typeof MonitorJob>;

const MonitorJobs = t.record(MonitorKind, MonitorJob, "MonitorJobs");

export const MonitorNetwork = t.type(
  { subnetIds: t.array(t.string), securityGroupIds: t.array(t.string) },
  "MonitorNetwork",
);
export type MonitorNetwork = t.TypeOf<typeof MonitorNetwork>;

/** Environment of `run-monitor`. URIs of folders have no slash at their ends. */
export const RunMonitorEnvironment = t.intersection(
  [
    t.type({
      ENDPOINT_NAME: Text,
      /** The fleet whose traffic is looked at. */
      ENDPOINT_VARIANT_NAME: Text,
      /** Begins the jobs' names; at most 28 characters. */
      JOB_NAME_PREFIX: Text,
      /** What the jobs run under. */
      JOB_ROLE_ARN: Arn,
      IMAGE_URI: Text,
      /** Folder of the jobs' code. */
      CODE_URI: Text,
      /** Folder below which the endpoint's captures lie. */
      CAPTURE_URI: Text,
      /** Folder of labels by hour, in AWS's ground-truth format. */
      GROUND_TRUTH_URI: Text,
      /** Folder for lists of what jobs read. */
      INPUT_URI: Text,
      OUTPUT_URI: Text,
      KMS_KEY_ARN: Arn,
      /** JSON record of `MonitorJob`, by kind. */
      MONITORS: json(MonitorJobs),
      /** JSON whole number: how long labels are waited for, in hours. */
      LABEL_MATURITY_HOURS: json(t.number),
      /** JSON record: tags of the jobs. */
      RESOURCE_TAGS: json(Tags),
    }),
    t.partial({
      /** Folder of the wheels that the container lacks. */
      WHEELS_URI: Text,
      /** JSON: where the jobs have their network interfaces. Default: in none of the account's networks. */
      NETWORK: json(MonitorNetwork),
    }),
  ],
  "RunMonitorEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type RunMonitorVariables = t.OutputOf<typeof RunMonitorEnvironment>;
