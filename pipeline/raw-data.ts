import { stringParameter, type Expression, type Parameter, type Value } from "./expressions";
import { processing } from "./job-steps";
import { processingStart } from "./job-start";
import type { LaunchSettings, SourceRds } from "./launch-settings";
import { imageUri } from "./images";
import type { RetryPolicy, Step } from "./step";

/** What preprocessing reads, and what the pipeline needs for it. */
export interface RawData {
  /** A CSV, plain or packed, or a folder of them. */
  readonly uri: Value<string>;
  /** Changes with what is at the URI. Left out where the URI itself does. */
  readonly version?: Value<string>;
  readonly parameters: readonly Parameter[];
  readonly steps: readonly Step[];
}

/** A parameter with this value says nothing of the raw data's version. */
const unversioned = "unversioned";

/** Files in S3, named at each start of the pipeline. */
export function rawDataInS3(): RawData {
  const uri = stringParameter("RawDataUri");
  // Step caching compares URIs, not contents: without it, new data under an old name would be a cache hit.
  const version = stringParameter("RawDataVersion", { default: unversioned });
  return { uri, version, parameters: [uri, version], steps: [] };
}

/** Where the job that reads the table finds its code and leaves its rows. */
export interface ExtractPlaces {
  readonly settings: Pick<LaunchSettings, "region" | "bucket" | "prefix" | "baseJobNamePrefix" | "kmsKeyArn">;
  /** Folder of plain files. */
  readonly code: string;
  /** Folder of wheels, where the container lacks something. */
  readonly wheels: string | undefined;
  /** A folder of the execution's. */
  readonly ofExecution: (...folders: readonly string[]) => Expression<string>;
  readonly tags: Readonly<Record<string, Value<string>>>;
  readonly retries: readonly RetryPolicy[];
}

const folder = "/opt/ml/processing";

/**
 * A table of MySQL: a first step reads it into CSV files. It has no cache, for nobody can tell an unchanged table from
 * a changed one without reading it.
 */
export function rawDataInTable(source: SourceRds, places: ExtractPlaces): RawData {
  const { settings, code, wheels, ofExecution } = places;
  const start = processingStart({ program: "extract.py", code, wheels });
  const roots = source.caBundleKey;
  const rootsFolder = `${folder}/input/roots`;
  const extract = processing("Extract", {
    namePrefix: `${settings.baseJobNamePrefix}-extract`,
    image: imageUri("sagemaker-scikit-learn", source.frameworkVersion, settings.region),
    roleArn: source.roleArn,
    instanceType: source.instanceType,
    volumeSizeGb: source.volumeSizeGb,
    maxRuntimeSeconds: source.maxRuntimeSeconds,
    entrypoint: start.entrypoint,
    arguments: [
      ...["--host", source.host],
      ...["--port", String(source.port)],
      ...["--database", source.database],
      ...["--table", source.table],
      ...["--secret-arn", source.secretArn],
      ...(roots === undefined ? [] : ["--ca-bundle", `${rootsFolder}/${roots.slice(roots.lastIndexOf("/") + 1)}`]),
      ...["--output", `${folder}/output`],
      // SageMaker shows what stands in this file as the job's ExitMessage.
      ...["--message-file", "/opt/ml/output/message"],
    ],
    inputs: {
      ...(roots === undefined
        ? {}
        : { roots: { uri: `s3://${settings.bucket}/${settings.prefix}/${roots}`, path: rootsFolder } }),
      ...start.inputs,
    },
    environment: start.environment,
    outputs: {
      rows: { uri: ofExecution("extracted", "rows"), path: `${folder}/output/rows` },
      report: { uri: ofExecution("extracted", "report"), path: `${folder}/output/report` },
    },
    tags: places.tags,
    retries: places.retries,
    ...(settings.kmsKeyArn === undefined ? {} : { outputKmsKeyArn: settings.kmsKeyArn }),
    ...(source.network === undefined ? {} : { network: source.network }),
  });
  return { uri: extract.output("rows"), parameters: [], steps: [extract] };
}
