import { either } from "fp-ts";
import type * as t from "io-ts";
import {
  configErrors,
  describeErrors,
  dictionary,
  integer,
  list,
  number,
  oneOf,
  optional,
  struct,
  tagged,
  text,
  withDefault,
  type ConfigError,
} from "../config/codec";
import { Tags } from "../config/platform";
import { BiasFacet, Hyperparameter, PreprocessFramework, rdsTable } from "../config/training";
import {
  arn,
  BucketName,
  FrameworkVersion,
  ProcessingInstance,
  Ratio,
  ratiosSumToOne,
  RoleArn,
  S3Prefix,
  sageMakerName,
  SecurityGroupId,
  SubnetId,
  TrainingInstance,
} from "../config/values";

const FunctionArn = arn("lambda", /function:[\w-]+(?::[\w$-]+)?/, "arn:aws:lambda:<region>:123456789012:function:name");

/** Subnets and security groups of a VPC. */
const LaunchNetwork = struct("LaunchNetwork", {
  subnetIds: list(SubnetId, 1),
  securityGroupIds: list(SecurityGroupId, 1),
});

const SourceS3 = struct("LaunchSourceS3", {
  type: oneOf("s3"),
  /** Under the prefix. The environment variable S3_RAW_DATA_KEY overrides it. */
  key: S3Prefix,
});

const SourceRds = struct("LaunchSourceRds", {
  type: oneOf("rds"),
  ...rdsTable,
  /** Tag of the scikit-learn image that runs the job. Default "1.4-2". */
  frameworkVersion: withDefault(FrameworkVersion, "1.4-2"),
  /** The job runs under this role: no other may read the secret. */
  roleArn: RoleArn,
  /** Where the job runs. Without it, the job reaches what the internet reaches. */
  network: optional(LaunchNetwork),
});
export type SourceRds = t.TypeOf<typeof SourceRds>;

/** Where the raw transactions come from. */
const Source = tagged("LaunchSource", "type", { s3: SourceS3, rds: SourceRds });
export type LaunchSource = t.TypeOf<typeof Source>;

/** How the launcher makes the three data sets. The ratios sum to exactly 1. */
const Preprocess = struct("LaunchPreprocess", {
  framework: PreprocessFramework,
  instanceType: ProcessingInstance,
  /** Of Spark; one machine is one. */
  instanceCount: integer(1, 100),
  trainRatio: Ratio,
  validationRatio: Ratio,
  testRatio: Ratio,
  split: oneOf("temporal", "stratified"),
  seed: integer(0, 2 ** 31 - 1),
}).rule(["trainRatio", "validationRatio", "testRatio"], ratiosSumToOne);

const Training = struct("LaunchTraining", {
  algorithm: oneOf("xgboost", "lgbm"),
  /** Tag of the algorithm's image. Default: the algorithm's own, see `algorithms`. */
  frameworkVersion: optional(FrameworkVersion),
  instanceType: TrainingInstance,
  /** Several would each train the same model. */
  instanceCount: integer(1, 1),
  maxRuntimeSeconds: integer(60, 2_419_200),
  /** Override the defaults in `models/`. */
  hyperparameters: dictionary(
    text("a hyperparameter's name", /[a-z][a-z0-9_]*/, "use lower-case letters, digits and _"),
    Hyperparameter,
  ),
});

const Evaluation = struct("LaunchEvaluation", {
  instanceType: ProcessingInstance,
  rocAucMinThreshold: number(0, 1),
  auprcMinThreshold: number(0, 1),
  recallAtFpr001MinThreshold: number(0, 1),
  falsePositiveCost: number(0, 1_000_000),
  bootstrapSamples: integer(100, 100_000),
  championMargin: number(0, 1),
  unloadableChampion: oneOf("refuse", "ignore"),
  biasFacet: optional(BiasFacet),
});

/**
 * Everything that the launcher needs to know of its stack. It comes as JSON in the environment variable
 * `LAUNCH_SETTINGS` of the ECS task; the component that makes the task encodes it with this codec.
 */
export const LaunchSettings = struct("LaunchSettings", {
  region: text("a region", /[a-z]{2}(?:-[a-z]+)+-\d/, "give a region such as eu-west-1"),
  bucket: BucketName,
  prefix: S3Prefix,
  /** Encrypts what jobs write. Default: the bucket's own encryption. */
  kmsKeyArn: optional(arn("kms", /(?:key|alias)\/.+/, "arn:aws:kms:<region>:123456789012:key/<id>")),
  pipelineName: sageMakerName(63),
  /** Jobs run, and the pipeline executes, under this role. */
  sagemakerRoleArn: RoleArn,
  baseJobNamePrefix: sageMakerName(28),
  modelPackageGroupName: sageMakerName(63),
  /** The MLflow app or tracking server that jobs tell of their execution, in the experiment named after the pipeline. */
  mlflowArn: arn(
    "sagemaker",
    /mlflow-(?:app|tracking-server)\/.+/,
    "arn:aws:sagemaker:<region>:123456789012:mlflow-app/<id>",
  ),
  source: Source,
  /** Where the jobs run, the one that reads a database apart, and the models serve. Default: in none of the account's. */
  network: optional(LaunchNetwork),
  preprocess: Preprocess,
  training: Training,
  evaluation: Evaluation,
  functions: struct("LaunchFunctions", {
    findChampionArn: FunctionArn,
    gateModelArn: FunctionArn,
    registerModelArn: FunctionArn,
  }),
  /** The deploy step's callback messages go here. */
  deployQueueUrl: text("a queue's URL", /https?:\/\/\S+\/\S+/, "give the queue's URL"),
  /** Folder, beside the launcher, that holds the jobs' Python. Default jobs. */
  jobsScriptsFolder: withDefault(
    text("a relative folder", /[\w-]+(?:\/[\w-]+)*/, "give a relative folder such as jobs"),
    "jobs",
  ),
  /** manual: the pipeline ends with a package that waits for a person; nothing is deployed. Default auto. */
  approval: withDefault(oneOf("auto", "manual"), "auto"),
  /** Whether a launch starts a run while another is under way. Default skip: it says so and starts none. */
  overlappingRuns: withDefault(oneOf("skip", "allow"), "skip"),
  tags: withDefault(Tags, {}),
  /** Commit that the code was built from. */
  gitRevision: optional(text("a git revision", /[0-9a-f]{7,64}/, "give a commit's hash")),
});
export type LaunchSettings = t.TypeOf<typeof LaunchSettings>;

/** The name of the launcher's environment variable. */
export const launchSettingsVariable = "LAUNCH_SETTINGS";

/** Reads the settings from the launcher's environment. Every error at once. */
export function decodeLaunchSettings(
  environment: Readonly<Record<string, string | undefined>>,
): either.Either<ConfigError[], LaunchSettings> {
  const json = environment[launchSettingsVariable];
  const whole = (problem: string): ConfigError[] => [
    { path: launchSettingsVariable, value: json, problem, remedy: "set it to the launch settings as JSON" },
  ];
  if (json === undefined) return either.left(whole("is missing"));
  const parsed = either.tryCatch((): unknown => JSON.parse(json), String);
  if (either.isLeft(parsed)) return either.left(whole(`is not JSON (${parsed.left})`));
  return either.mapLeft((errors: t.Errors) =>
    configErrors(errors).map((error) => ({ ...error, path: `${launchSettingsVariable}.${error.path}` })),
  )(LaunchSettings.decode(parsed.right));
}

/** As `decodeLaunchSettings`. @throws {Error} that names everything that is wrong. */
export function readLaunchSettings(environment: Readonly<Record<string, string | undefined>>): LaunchSettings {
  const decoded = decodeLaunchSettings(environment);
  if (either.isRight(decoded)) return decoded.right;
  throw new Error(`the launcher's settings are wrong:\n${describeErrors(decoded.left)}`);
}
