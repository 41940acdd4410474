import { createHash } from "node:crypto";
import type {
  CreateProcessingJobCommandInput,
  ProcessingInput,
  ProcessingInstanceType,
} from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import type { Tags } from "../shared/environment";
import type { LiveModel } from "../shared/live-model";
import { MonitorKind, monitorScheduleName, needsLabels, type Period } from "../shared/monitors";
import { Time } from "../shared/time";
import type { MonitorJob, MonitorNetwork } from "./env";

/**
 * What the function is asked for: the run of a schedule's time; a run of a given period, once more where `attempt` is
 * another; or to begin watching, which puts the first heartbeat.
 */
export const RunMonitorEvent = t.union(
  [
    t.type({ monitor: MonitorKind, scheduledTime: Time }),
    t.intersection([t.type({ monitor: MonitorKind, from: Time, to: Time }), t.partial({ attempt: t.string })]),
    t.type({ monitor: MonitorKind, watch: t.literal(true) }),
  ],
  "RunMonitorEvent",
);
export type RunMonitorEvent = t.TypeOf<typeof RunMonitorEvent>;

/** What became of it. */
export interface MonitorRun {
  monitor: MonitorKind;
  /** `started` also when an earlier event of the same period started it. */
  outcome: "started" | "empty" | "no-model" | "watched";
  /** One sentence for people. */
  reason: string;
  startTime?: string;
  endTime?: string;
  jobName?: string;
  outputUri?: string;
}

/** What of the function's settings a job hangs on. */
export interface JobSettings {
  endpointName: string;
  namePrefix: string;
  roleArn: string;
  imageUri: string;
  codeUri: string;
  wheelsUri?: string | undefined;
  outputUri: string;
  kmsKeyArn: string;
  network?: MonitorNetwork | undefined;
  tags: Tags;
}

/** One run of a monitor. */
export interface Run {
  kind: MonitorKind;
  period: Period;
  job: MonitorJob;
  /** Tells runs of the same period apart, where somebody wants another. */
  attempt?: string | undefined;
}

const FOLDER = "/opt/ml/processing";
const HASH_CHARACTERS = 8;
const isoSeconds = (time: Date): string => time.toISOString().replace(/\.\d{3}Z$/, "Z");

/** The period, its monitor and its attempt make the name: an event that comes again makes no second job. */
export function jobName({ endpointName, namePrefix }: JobSettings, { kind, period, attempt }: Run): string {
  const identity = JSON.stringify([endpointName, kind, period.start, period.end, attempt ?? ""]);
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, HASH_CHARACTERS);
  // `model-` says nothing that the rest does not, and names are short of room.
  return `${namePrefix}-${kind.replace(/^model-(?=bias|expl)/, "")}-${hourDigits(period.start)}-${hash}`;
}

const hourDigits = (time: Date): string => time.toISOString().slice(0, 13).replace(/[-T]/g, "");

/**
 * Where a run's files go: `…/{kind}/{endpoint}/yyyy/mm/dd/hh` of the period's start. A period that somebody asked for
 * has a folder of its own beside, `hhmmss-{hash}`.
 */
export function outputFolder(settings: JobSettings, run: Run, asked: boolean): string {
  const { start } = run.period;
  const [day = "", time = ""] = start.toISOString().replaceAll("-", "/").split("T");
  const hash = jobName(settings, run).slice(-HASH_CHARACTERS);
  const leaf = asked ? `${time.slice(0, 8).replaceAll(":", "")}-${hash}` : time.slice(0, 2);
  return `${settings.outputUri}/${run.kind}/${settings.endpointName}/${day}/${leaf}`;
}

/**
 * The baselines of a package that a monitor holds traffic against: the folder that has all of them. Those of bias are
 * two documents that a monitor takes as one.
 */
export function baselineFolder(
  kind: Exclude<MonitorKind, "model-bias">,
  { packageArn, package: model }: LiveModel,
): string {
  const { ModelDataQuality, ModelQuality, Explainability } = model.DriftCheckBaselines ?? {};
  const sources = {
    "data-quality": [ModelDataQuality?.Statistics, ModelDataQuality?.Constraints],
    "model-quality": [ModelQuality?.Statistics, ModelQuality?.Constraints],
    "model-explainability": [Explainability?.ConfigFile, Explainability?.Constraints],
  }[kind].map((source) => source?.S3Uri);
  const uris = sources.filter((uri): uri is string => uri !== undefined);
  if (uris.length < sources.length) {
    throw new Error(`${packageArn} has no baselines of ${kind} to hold its traffic against: train again`);
  }
  return commonFolder(uris);
}

/** The deepest folder that all objects lie in, with a slash at its end. @throws Error when they share no bucket. */
export function commonFolder(uris: readonly string[]): string {
  const [first = [], ...others] = uris.map((uri) => uri.split("/").slice(0, -1));
  let depth = first.length;
  for (const other of others) {
    const differs = first.findIndex((part, index) => part !== other[index]);
    if (differs !== -1) depth = Math.min(depth, differs);
  }
  // s3: // bucket
  if (depth < 3) throw new Error(`${uris.join(", ")} lie in more than one bucket, and a job reads them as one folder`);
  return `${first.slice(0, depth).join("/")}/`;
}

/** URIs of what a job reads: manifests of the period in S3, and the folder of the baseline, with a slash at its end. */
export interface JobInputs {
  captured: string;
  groundTruth?: string | undefined;
  baseline: string;
}

/** The request that starts a run's job. @throws Error when the live model lacks what the monitor needs. */
export function processingJob(
  settings: JobSettings,
  run: Run,
  live: LiveModel,
  inputs: JobInputs,
  outputUri: string,
): CreateProcessingJobCommandInput {
  const { kind, job, period } = run;
  const { network, tags } = settings;
  const kmsKeyArn = job.kmsKeyArn ?? settings.kmsKeyArn;
  const input = (name: string): string => `${FOLDER}/input/${name}`;
  const model = kind === "model-explainability" ? modelUri(live) : undefined;
  const { start, end } = period;
  const labelled = needsLabels(kind) && inputs.groundTruth !== undefined;
  return {
    ProcessingJobName: jobName(settings, run),
    AppSpecification: {
      ImageUri: settings.imageUri,
      ContainerEntrypoint: ["python3", `${input("code")}/run_job.py`],
      ContainerArguments: [
        ...["--monitor", kind],
        ...["--captured", input("captured")],
        ...(labelled ? ["--ground-truth", input("ground-truth")] : []),
        ...["--baseline", input("baseline")],
        ...(model === undefined ? [] : ["--model", input("model")]),
        ...["--output", `${FOLDER}/output`],
        ...["--thresholds", JSON.stringify(job.thresholds)],
        ...["--message-file", "/opt/ml/output/message"],
      ],
    },
    Environment: {
      JOB_PROGRAM: "monitor.py",
      ...(settings.wheelsUri === undefined ? {} : { JOB_WHEELS: input("wheels") }),
      // AWS's contract of containers that monitor, so that the same code runs where its Model Monitor starts it.
      dataset_format: JSON.stringify({
        sagemakerCaptureJson: { captureIndexNames: ["endpointInput", "endpointOutput"] },
      }),
      dataset_source: input("captured"),
      output_path: `${FOLDER}/output`,
      start_time: isoSeconds(start),
      end_time: isoSeconds(end),
      metric_time: isoSeconds(start),
      publish_cloudwatch_metrics: "Enabled",
      sagemaker_endpoint_name: settings.endpointName,
      sagemaker_monitoring_schedule_name: monitorScheduleName(settings.endpointName, kind),
      baseline_statistics: `${input("baseline")}/statistics.json`,
      baseline_constraints: `${input("baseline")}/constraints.json`,
    },
    ProcessingInputs: [
      folderInput("code", `${settings.codeUri}/`),
      ...(settings.wheelsUri === undefined ? [] : [folderInput("wheels", `${settings.wheelsUri}/`)]),
      manifestInput("captured", inputs.captured),
      ...(labelled ? [manifestInput("ground-truth", inputs.groundTruth)] : []),
      folderInput("baseline", inputs.baseline),
      ...(model === undefined ? [] : [folderInput("model", model)]),
    ],
    ProcessingOutputConfig: {
      Outputs: [
        {
          OutputName: "monitoring_output",
          S3Output: { S3Uri: outputUri, LocalPath: `${FOLDER}/output`, S3UploadMode: "EndOfJob" },
        },
      ],
      KmsKeyId: kmsKeyArn,
    },
    ProcessingResources: {
      ClusterConfig: {
        InstanceType: job.instanceType as ProcessingInstanceType,
        InstanceCount: job.instanceCount,
        VolumeSizeInGB: job.volumeSizeGb,
        VolumeKmsKeyId: kmsKeyArn,
      },
    },
    StoppingCondition: { MaxRuntimeInSeconds: job.maxRuntimeSeconds },
    RoleArn: settings.roleArn,
    ...(network === undefined
      ? {}
      : { NetworkConfig: { VpcConfig: { Subnets: network.subnetIds, SecurityGroupIds: network.securityGroupIds } } }),
    Tags: Object.entries({ ...tags, "fraud:monitor": kind, "fraud:model-package": live.packageArn }).map(
      ([Key, Value]) => ({ Key, Value }),
    ),
  };
}

function modelUri({ packageArn, package: model }: LiveModel): string {
  const uri = model.InferenceSpecification?.Containers?.[0]?.ModelDataUrl;
  if (uri === undefined) throw new Error(`${packageArn} does not say where its model is: train again`);
  return uri;
}

type S3Input = NonNullable<ProcessingInput["S3Input"]>;

function s3Input(name: string, uri: string, S3DataType: NonNullable<S3Input["S3DataType"]>): ProcessingInput {
  return {
    InputName: name,
    S3Input: {
      S3Uri: uri,
      LocalPath: `${FOLDER}/input/${name}`,
      S3DataType,
      S3InputMode: "File",
      S3DataDistributionType: "FullyReplicated",
    },
  };
}

const folderInput = (name: string, uri: string): ProcessingInput => s3Input(name, uri, "S3Prefix");
const manifestInput = (name: string, uri = ""): ProcessingInput => s3Input(name, uri, "ManifestFile");

/** A manifest of objects below a folder, as jobs read it; paths keep what follows the folder. */
export const manifest = (folderUri: string, keys: readonly string[]): string =>
  JSON.stringify([{ prefix: `${folderUri}/` }, ...keys]);
