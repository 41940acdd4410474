import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { apply, array, either } from "fp-ts";
import { algorithms, chooseAlgorithm, containerOf } from "./algorithms";
import { canonicalJson } from "./canonical-json";
import { configErrors, describeErrors, dictionary, text } from "../config/codec";
import { Hyperparameter } from "../config/training";
import { executionId as newExecutionId } from "./execution-id";
import { fraudPipeline, type CodeLocations } from "./fraud-pipeline";
import { resolveHyperparameters, type Hyperparameters } from "./hyperparameters";
import { jobCode, readJobCode, type CodeFile } from "./job-code";
import { newRawData, readLaunchReason, type LaunchReason } from "./launch-reason";
import { readLaunchSettings, type LaunchSettings } from "./launch-settings";
import { findFiles, uploadArchive, uploadFiles, type Folder, type StoredFiles } from "./object-store";
import {
  exitCodes,
  followToEnd,
  postponedFor,
  skippedFor,
  type Ending,
  type Follower,
  type LaunchLine,
} from "./outcome";
import { oldestUnderWay, runReading } from "./overlap";
import { rdsRoots } from "./rds-roots";
import { resume } from "./resume";
import { startExecution, stopExecution, upsertPipeline } from "./pipeline-client";
import { chooseEngine, containers, type Engine, type EngineChoice, type Preprocessing } from "./preprocess-engine";
import { sparkConfiguration } from "./spark-cluster";
import { readWheels, type Container } from "./wheels";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a launch needs of the outside. */
export interface LaunchContext extends Follower {
  readonly environment: Environment;
  /** Folder that holds jobs/ and models/. */
  readonly root: string;
  readonly follow: boolean;
  readonly s3: S3Client;
}

/**
 * Compiles the pipeline, brings it up to date and starts it; follows it if asked to.
 * @returns the exit code.
 * @throws {Error} that says what is wrong with the settings, the sources, or the raw data.
 */
export async function launch(context: LaunchContext): Promise<number> {
  const { environment, s3, sagemaker, print } = context;
  const configured = readLaunchSettings(environment);
  const { legitimateWeight, training, hyperparameters, rawDataKey, reason } = await readOverrides(
    configured,
    environment,
    context.root,
  );
  const gitRevision = configured.gitRevision ?? (await readRevision(context.root));
  const settings: LaunchSettings = { ...configured, training, gitRevision };
  const end = (ending: Ending): number => {
    print(ending);
    return exitCodes[ending.outcome];
  };
  const giveWay = (other: string) => end(reason === newRawData ? postponedFor(other) : skippedFor(other));
  // By the clock, a run under way is all that is wanted; for new raw data, only one that reads them.
  const before = reason === newRawData ? undefined : await runBefore(sagemaker, settings);
  if (before !== undefined) return giveWay(before);
  const rawData = rawDataKey === undefined ? undefined : await findFiles(s3, settings.bucket, rawDataKey);
  if (reason === newRawData) {
    const reading = await alreadyRead(sagemaker, settings, rawData);
    if (reading !== undefined) {
      return end({ outcome: "skipped", reason: `${reading} reads the raw data that are there now` });
    }
    const standing = await runBefore(sagemaker, settings);
    if (standing !== undefined) return giveWay(standing);
  }
  const choice = chooseEngine(settings.preprocess, rawData?.csvBytes);
  print({ preprocessing: choice.engine, reason: choice.reason });
  const [code, preprocessing] = await Promise.all([
    uploadCode(s3, settings, choice.engine, context.root),
    preparePreprocessing(s3, settings, choice.engine),
  ]);

  const executionId = newExecutionId(new Date());
  const pipeline = await upsertPipeline(sagemaker, {
    name: settings.pipelineName,
    roleArn: settings.sagemakerRoleArn,
    definition: fraudPipeline({ settings, code, preprocessing, hyperparameters }),
    description: "Credit card fraud: preprocess, train, evaluate, baselines, gate, register, deploy",
    tags: settings.tags,
  });
  const pipelineExecutionArn = await startExecution(sagemaker, {
    pipelineName: settings.pipelineName,
    executionId,
    description: describeRun(settings, code, choice),
    parameters: {
      ExecutionId: executionId,
      ...(rawData === undefined ? {} : { RawDataUri: rawData.uri, RawDataVersion: rawData.version }),
      LegitimateWeight: String(legitimateWeight),
    },
  });
  const first = await runBefore(sagemaker, settings);
  if (first !== undefined && first !== pipelineExecutionArn) {
    await stopExecution(sagemaker, pipelineExecutionArn);
    return giveWay(first);
  }
  print({ executionId, pipelineExecutionArn, pipeline });
  return context.follow ? followToEnd(context, pipelineExecutionArn) : exitCodes.succeeded;
}

/** The execution that this launch must give way to, if there is one before it. */
async function runBefore(sagemaker: SageMakerClient, settings: LaunchSettings): Promise<string | undefined> {
  if (settings.overlappingRuns === "allow") return undefined;
  return oldestUnderWay(sagemaker, settings.pipelineName, new Date());
}

/** The execution that makes a launch for new raw data needless. A table says nothing of what is new in it. */
async function alreadyRead(
  sagemaker: SageMakerClient,
  settings: LaunchSettings,
  rawData: StoredFiles | undefined,
): Promise<string | undefined> {
  return rawData === undefined ? undefined : runReading(sagemaker, settings.pipelineName, rawData);
}

/** What the environment may change of a run. Everything that is wrong with it is reported at once. */
async function readOverrides(settings: LaunchSettings, environment: Environment, root: string) {
  const attempt = <A>(read: () => A) => either.tryCatch(read, (error) => [messageOf(error)]);
  const chosen = attempt(() => chooseAlgorithm(settings.training, environment));
  const training = either.isRight(chosen) ? chosen.right : settings.training;
  const algorithm = algorithms[training.algorithm];
  const defaults = await readDefaults(path.join(root, "models", algorithm.defaultsFile));
  const overrides = allOf({
    rawDataKey: attempt(() => chooseRawDataKey(settings, environment)),
    reason: attempt((): LaunchReason | undefined => readLaunchReason(environment)),
    legitimateWeight: attempt(() => readLegitimateWeight(environment)),
    training: chosen,
    hyperparameters: attempt(() => resolveHyperparameters(algorithm, defaults, training.hyperparameters, environment)),
  });
  if (either.isRight(overrides)) return overrides.right;
  throw new Error(`the run's settings are wrong:\n${overrides.left.join("\n")}`);
}

/** All values, or all problems. */
const allOf = apply.sequenceS(either.getApplicativeValidation(array.getSemigroup<string>()));

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * S3_RAW_DATA_KEY is relative to the prefix, like the configured key; one that begins with the prefix is whole.
 * @returns the key, or undefined where the transactions come from a database.
 * @throws {Error} if it is given and they do.
 */
export function chooseRawDataKey(
  settings: Pick<LaunchSettings, "prefix" | "source">,
  environment: Environment,
): string | undefined {
  const override = environment["S3_RAW_DATA_KEY"]?.replace(/^\/+|\/+$/g, "") ?? "";
  const { source } = settings;
  if (source.type === "rds") {
    if (override === "") return undefined;
    throw new Error(
      `S3_RAW_DATA_KEY=${override} names a file, and the source is table ${source.database}.${source.table}: ` +
        "unset it, or configure source.type s3",
    );
  }
  const key = override === "" ? source.key : override;
  return key.startsWith(`${settings.prefix}/`) ? key : `${settings.prefix}/${key}`;
}

/** The commit that the image was built from, where whoever built it wrote it down. */
async function readRevision(root: string): Promise<string | undefined> {
  const file = path.join(root, "git-revision");
  if (!existsSync(file)) return undefined;
  const revision = (await readFile(file, "utf8")).trim();
  if (/^[0-9a-f]{7,64}$/.test(revision)) return revision;
  throw new Error(`${file} holds ${JSON.stringify(revision)}, which is no commit's hash: build the image again`);
}

/** How many real legitimate rows each one in the data stands for. */
export function readLegitimateWeight(environment: Environment): number {
  const written = environment["LEGITIMATE_WEIGHT"];
  if (written === undefined || written === "") return 1;
  const weight = Number(written);
  if (Number.isFinite(weight) && weight > 0) return weight;
  throw new Error(
    `LEGITIMATE_WEIGHT=${written} is not a number above 0: give one such as 1 or 10.5, or leave it unset`,
  );
}

const Defaults = dictionary(
  text("a hyperparameter's name", /[a-z][a-z0-9_]*/, "use lower-case letters, digits and _"),
  Hyperparameter,
);

async function readDefaults(file: string): Promise<Hyperparameters> {
  const decoded = Defaults.decode(JSON.parse(await readFile(file, "utf8")) as unknown);
  if (either.isRight(decoded)) return decoded.right;
  throw new Error(`${file} is wrong:\n${describeErrors(configErrors(decoded.left))}`);
}

function scriptsFolder({ bucket, prefix }: LaunchSettings): Folder {
  return { bucket, prefix: `${prefix}/scripts` };
}

/** What a job's code is besides its own folder and the shared one, and how it is put into S3. */
interface More {
  readonly folders?: readonly string[];
  readonly made?: readonly CodeFile[];
  readonly upload?: typeof uploadFiles;
}

/** Puts the jobs' code, and the wheels of what their containers lack, into folders named after their content. */
async function uploadCode(
  s3: S3Client,
  settings: LaunchSettings,
  engine: Engine,
  root: string,
): Promise<CodeLocations> {
  const scripts = scriptsFolder(settings);
  const jobs = path.join(root, settings.jobsScriptsFolder);
  const job = async (container: Container, name: string, more: More = {}) => {
    const { folders = [], made = [], upload = uploadFiles } = more;
    const [code, wheels] = await Promise.all([
      readJobCode(
        [name, ...folders, "shared"].map((folder) => path.join(jobs, folder)),
        made,
      ),
      readWheels(root, path.join(jobs, "wheels"), container, name),
    ]);
    return {
      code: await upload(s3, scripts, code),
      wheels: wheels === undefined ? undefined : await uploadFiles(s3, scripts, wheels),
    };
  };
  const ofModel = containerOf(settings.training);
  const { source } = settings;
  const [preprocess, evaluate, baselines, training, extract] = await Promise.all([
    job(containers[engine], "preprocess"),
    job(ofModel, "evaluate"),
    job(ofModel, "baselines"),
    job(ofModel, "train", { folders: ["serve"], upload: uploadArchive }),
    source.type === "rds"
      ? job({ framework: "sagemaker-scikit-learn", version: source.frameworkVersion }, "extract", {
          made: [rdsRoots(new Date())],
        })
      : undefined,
  ]);
  return {
    preprocess: preprocess.code,
    evaluate: evaluate.code,
    baselines: baselines.code,
    training: training.code,
    extract: extract?.code,
    wheels: {
      preprocess: preprocess.wheels,
      evaluate: evaluate.wheels,
      baselines: baselines.wheels,
      training: training.wheels,
      extract: extract?.wheels,
    },
  };
}

/** Puts Spark's configuration where its jobs find it. */
async function preparePreprocessing(s3: S3Client, settings: LaunchSettings, engine: Engine): Promise<Preprocessing> {
  if (engine === "scikit-learn") return { engine };
  const content = Buffer.from(canonicalJson(sparkConfiguration(settings.preprocess)));
  const configuration = await uploadFiles(
    s3,
    scriptsFolder(settings),
    jobCode([{ path: "configuration.json", content }]),
  );
  return { engine, configuration };
}

/** Says in the execution itself which code it runs (the folders are shared by all runs of the same code) and on what. */
function describeRun(settings: LaunchSettings, { wheels, ...code }: CodeLocations, choice: EngineChoice): string {
  const revision = settings.gitRevision ?? "unknown";
  const named = (kind: string, uris: Readonly<Record<string, string | undefined>>) =>
    Object.entries(uris).flatMap(([job, uri]) => (uri === undefined ? [] : [`${job}${kind} ${uri}`]));
  const parts = [...named("", code), ...named("'s wheels", wheels ?? {})];
  const preprocessing = `preprocessing on ${choice.engine} (${choice.reason})`;
  return [`revision ${revision}`, preprocessing, ...parts].join("; ").slice(0, 3072);
}

/** LAUNCH_ROOT, else the folder of this file (bundled) or the one above it (sources), whichever has the jobs. */
export function findRoot(environment: Environment, here: string): string {
  const given = environment["LAUNCH_ROOT"];
  const candidates = given === undefined || given === "" ? [here, path.dirname(here)] : [given];
  const root = candidates.find((folder) => existsSync(path.join(folder, "models")));
  if (root !== undefined) return root;
  throw new Error(
    `neither of ${candidates.join(", ")} has models/ and jobs/: set LAUNCH_ROOT to the folder that has them`,
  );
}

const usage = "--follow waits for the end; --resume EXECUTION goes on with one that failed or was stopped";

/** @throws {Error} for what is neither `--follow` nor `--resume EXECUTION`. */
function commandLine(args: readonly string[]): { follow: boolean; resume?: string } {
  try {
    const options = { follow: { type: "boolean", default: false }, resume: { type: "string" } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new Error(`${messageOf(error)} (${usage})`, { cause: error });
  }
}

async function main(): Promise<number> {
  const { follow, resume: execution } = commandLine(process.argv.slice(2));
  const context = {
    environment: process.env,
    follow,
    sagemaker: new SageMakerClient(),
    sleep,
    print: (line: LaunchLine) => process.stdout.write(`${JSON.stringify(line)}\n`),
  };
  if (execution !== undefined) return resume({ ...context, execution });
  return launch({ ...context, root: findRoot(process.env, __dirname), s3: new S3Client() });
}

if (require.main === module) {
  main().then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
      process.stderr.write(`The launch failed: ${messageOf(error)}\n`);
      process.exitCode = exitCodes.failed;
    },
  );
}
