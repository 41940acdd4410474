import { processingMemoryOf } from "../config/instance-types";
import type { Preprocess } from "../config/training";
import { imageUri } from "./images";
import { codeFolder, processingStart } from "./job-start";
import type { ProcessingInput } from "./job-steps";
import type { LaunchSettings } from "./launch-settings";
import type { Container } from "./wheels";

/** What a preprocessing job runs on: one machine with polars, in the scikit-learn container, or a Spark cluster. */
export type Engine = Exclude<Preprocess["framework"], "auto">;

/** An engine, and why it was taken. */
export interface EngineChoice {
  readonly engine: Engine;
  readonly reason: string;
}

/** The job's memory at its peak, in bytes for each byte of CSV: the bench (preprocess.peakMb) has 2.3. */
const peakPerCsvByte = 3;
const bytesPerMb = 1e6;
const bytesPerGib = 2 ** 30;

/**
 * The configured engine; for `auto`, one machine as long as it holds the rows, because it takes a fraction of Spark's
 * time, and Spark beyond.
 * @param csvBytes size of the raw data, unpacked; undefined where it is known only once a job has fetched it.
 */
export function chooseEngine(
  { framework, instanceType }: Pick<Preprocess, "framework" | "instanceType">,
  csvBytes: number | undefined,
): EngineChoice {
  if (framework !== "auto") return { engine: framework, reason: "configured" };
  if (csvBytes === undefined) return { engine: "pyspark", reason: "auto: how much data there is will be known later" };
  const neededGib = (csvBytes * peakPerCsvByte) / bytesPerGib;
  const memoryGib = processingMemoryOf(instanceType) ?? 0;
  // The other half is the system's, and room for what is estimated.
  const room = memoryGib / 2;
  const engine = neededGib <= room ? "scikit-learn" : "pyspark";
  const data = `about ${(csvBytes / bytesPerMb).toFixed(0)} MB of CSV need ${neededGib.toFixed(1)} GiB`;
  return { engine, reason: `auto: ${data}, and half of one ${instanceType} is ${room.toFixed(1)} GiB` };
}

/** What each engine runs in. */
export const containers: Readonly<Record<Engine, Container>> = {
  "scikit-learn": { framework: "sagemaker-scikit-learn", version: "1.4-2" },
  pyspark: { framework: "sagemaker-spark-processing", version: "3.5" },
};

/** What a preprocessing job runs on, and with Spark the folder of its configuration in S3. */
export type Preprocessing =
  | { readonly engine: Extract<Engine, "scikit-learn"> }
  | { readonly engine: Extract<Engine, "pyspark">; readonly configuration: string };

/** What of a preprocessing job hangs on its engine. */
export interface EngineJob {
  readonly image: string;
  readonly instanceCount: number;
  readonly entrypoint: readonly string[];
  /** Where the job writes why it refuses its input. */
  readonly messageFile: string;
  readonly inputs: Readonly<Record<string, ProcessingInput>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the Spark container looks for it. */
const configurationFolder = "/opt/ml/processing/input/conf";

/** What the job is given. */
export interface EngineJobGiven {
  /** Folder of its scripts in S3. */
  readonly code: string;
  /** Folder of wheels in S3, where one machine's container lacks something. Spark's holds what its job imports. */
  readonly wheels: string | undefined;
  /** SageMaker shows what stands in this file as the job's ExitMessage. */
  readonly exitMessage: string;
}

/**
 * Image, instances and command of the engine.
 * @throws {Error} if there is no image of the engine in the region.
 */
export function engineJob(preprocessing: Preprocessing, settings: LaunchSettings, given: EngineJobGiven): EngineJob {
  const { code, wheels, exitMessage } = given;
  const { framework, version } = containers[preprocessing.engine];
  const image = imageUri(framework, version, settings.region);
  if (preprocessing.engine === "scikit-learn") {
    const start = processingStart({ program: "preprocess.py", code, wheels });
    return { image, instanceCount: 1, messageFile: exitMessage, ...start };
  }
  // smspark-submit leaves a message of its own: submit.py puts the job's in its place.
  const reasonFile = "/opt/ml/output/reason";
  const submit = ["smspark-submit", "--py-files", codeFolder, `${codeFolder}/preprocess_spark.py`];
  return {
    image,
    instanceCount: settings.preprocess.instanceCount,
    entrypoint: ["python3", `${codeFolder}/submit.py`, reasonFile, exitMessage, ...submit],
    messageFile: reasonFile,
    inputs: {
      code: { uri: code, path: codeFolder },
      conf: { uri: preprocessing.configuration, path: configurationFolder },
    },
    environment: {},
  };
}
