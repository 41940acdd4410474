import type { Json } from "./canonical-json";
import { compile } from "./compile";
import { callback, condition, equals, fail, lambda } from "./control-steps";
import { execution, floatParameter, join, stringParameter, text, type Expression, type Value } from "./expressions";
import { algorithms, trainingImage } from "./algorithms";
import type { Hyperparameters } from "./hyperparameters";
import { model, processing, training } from "./job-steps";
import { processingStart, trainingStart } from "./job-start";
import type { LaunchSettings } from "./launch-settings";
import { engineJob, type Preprocessing } from "./preprocess-engine";
import { rawDataInS3, rawDataInTable, type ExtractPlaces, type RawData } from "./raw-data";
import type { RetryPolicy, Step } from "./step";

/** Where the launcher put the jobs' code. */
export interface CodeLocations {
  /** Folder of plain files; needed where the source is a database. */
  readonly extract?: string;
  /** Folders of plain files. */
  readonly preprocess: string;
  readonly evaluate: string;
  readonly baselines: string;
  /** A .tar.gz. */
  readonly training: string;
  /** Folders of wheels, of the jobs whose containers lack something. */
  readonly wheels?: Readonly<Partial<Record<Exclude<keyof CodeLocations, "wheels">, string>>>;
}

/** What is decided anew for each launch, but not for each execution. */
export interface FraudPipelineInputs {
  readonly settings: LaunchSettings;
  readonly code: CodeLocations;
  readonly preprocessing: Preprocessing;
  readonly hyperparameters: Hyperparameters;
}

/** Name of the step that fails when the gate refuses a model. */
export const refusedStepName = "Refused";

const processingFolder = "/opt/ml/processing";
/** SageMaker shows what stands in this file as the job's ExitMessage. */
const messageFile = "/opt/ml/output/message";
/** Preprocessing and evaluation take minutes; what runs this long hangs. */
const processingMaxRuntimeSeconds = 7200;

const faultRetry: RetryPolicy = {
  on: ["Step.SERVICE_FAULT", "Step.THROTTLING"],
  intervalSeconds: 5,
  backoffRate: 2,
  limit: { attempts: 5 },
};
const capacityRetry: RetryPolicy = {
  on: ["SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"],
  intervalSeconds: 60,
  backoffRate: 2,
  limit: { minutes: 120 },
};

/**
 * The platform's pipeline, as docs/architecture.md describes it. Pure: the same inputs give the same definition.
 * @throws {Error} if there is no image of a framework's version in the region, or no code for a step.
 */
export function fraudPipeline({ settings, code, preprocessing, hyperparameters }: FraudPipelineInputs): Json {
  const { preprocess: split, training: trainingSettings, evaluation, region, sagemakerRoleArn: roleArn } = settings;
  const engine = engineJob(preprocessing, settings, {
    code: code.preprocess,
    wheels: code.wheels?.preprocess,
    exitMessage: messageFile,
  });
  const modelImage = trainingImage(trainingSettings, region);

  const executionId = stringParameter("ExecutionId");
  const legitimateWeight = floatParameter("LegitimateWeight", { default: 1 });

  const ofExecution = (...folders: readonly string[]): Expression<string> =>
    join("/", [`s3://${settings.bucket}/${settings.prefix}`, executionId, ...folders]);
  const tags: Record<string, Value<string>> = {
    ...settings.tags,
    execution_id: executionId,
    pipeline: settings.pipelineName,
  };
  const job = {
    roleArn,
    tags,
    retries: [faultRetry, capacityRetry],
    ...(settings.kmsKeyArn === undefined ? {} : { outputKmsKeyArn: settings.kmsKeyArn }),
    ...(settings.network === undefined ? {} : { network: settings.network }),
  };
  const named = (task: string): string => `${settings.baseJobNamePrefix}-${task}`;
  const raw = rawData(settings, code, { ofExecution, tags, retries: job.retries });
  const splitOutput = (name: string) => ({
    path: `${processingFolder}/output/${name}`,
    uri: ofExecution("processed", name),
  });

  const preprocess = processing("Preprocess", {
    ...job,
    namePrefix: named("preprocess"),
    image: engine.image,
    instanceType: split.instanceType,
    instanceCount: engine.instanceCount,
    maxRuntimeSeconds: processingMaxRuntimeSeconds,
    entrypoint: engine.entrypoint,
    arguments: [
      ...["--input", `${processingFolder}/input/raw`],
      ...["--output", `${processingFolder}/output`],
      ...["--train-ratio", split.trainRatio],
      ...["--validation-ratio", split.validationRatio],
      ...["--test-ratio", split.testRatio],
      ...["--split", split.split],
      ...["--seed", String(split.seed)],
      ...["--message-file", engine.messageFile],
    ],
    inputs: {
      raw: { uri: raw.uri, path: `${processingFolder}/input/raw` },
      ...engine.inputs,
    },
    outputs: {
      train: splitOutput("train"),
      validation: splitOutput("validation"),
      test: splitOutput("test"),
      report: splitOutput("report"),
    },
    environment: {
      ...engine.environment,
      ...(raw.version === undefined ? {} : { RAW_DATA_VERSION: raw.version }),
    },
    // Rows that are extracted anew for each execution are never the same input twice.
    ...(raw.version === undefined ? {} : { caching: { expireAfter: "P30D" } }),
  });

  /** By which jobs find the execution's run in MLflow. */
  const tracking = {
    MLFLOW_ARN: settings.mlflowArn,
    MLFLOW_EXPERIMENT_NAME: settings.pipelineName,
    EXECUTION_ID: executionId,
  };

  const trainStart = trainingStart({
    program: algorithms[trainingSettings.algorithm].program,
    code: code.training,
    wheels: code.wheels?.training,
  });
  const train = training("Train", {
    ...job,
    namePrefix: named("train"),
    image: modelImage,
    instanceType: trainingSettings.instanceType,
    instanceCount: trainingSettings.instanceCount,
    maxRuntimeSeconds: trainingSettings.maxRuntimeSeconds,
    hyperparameters: {
      ...Object.fromEntries(Object.entries(hyperparameters).map(([name, value]) => [name, String(value)])),
      legitimate_weight: text(legitimateWeight),
      false_positive_cost: String(evaluation.falsePositiveCost),
      seed: String(split.seed),
      ...trainStart.hyperparameters,
      sagemaker_container_log_level: "20",
      sagemaker_region: region,
    },
    channels: {
      train: { uri: preprocess.output("train"), contentType: "text/csv" },
      validation: { uri: preprocess.output("validation"), contentType: "text/csv" },
      ...trainStart.channels,
    },
    environment: { ...trainStart.environment, ...tracking },
    outputUri: ofExecution("model"),
    metrics: {
      "validation:auc": "^validation-auc=([0-9.]+)$",
      "validation:aucpr": "^validation-aucpr=([0-9.]+)$",
    },
  });
  const artifactUri = train.property("ModelArtifacts", "S3ModelArtifacts");

  // After training, which may take hours: the new model is compared with what serves by then.
  const champion = lambda("Champion", {
    functionArn: settings.functions.findChampionArn,
    inputs: { executionId, championUri: ofExecution("champion") },
    outputs: { status: "String", championUri: "String" },
    dependsOn: [train],
  });

  const evaluateStart = processingStart({
    program: "evaluate.py",
    code: code.evaluate,
    wheels: code.wheels?.evaluate,
  });
  const evaluate = processing("Evaluate", {
    ...job,
    namePrefix: named("evaluate"),
    // The image that trained the model is the one that can load it.
    image: modelImage,
    instanceType: evaluation.instanceType,
    maxRuntimeSeconds: processingMaxRuntimeSeconds,
    entrypoint: evaluateStart.entrypoint,
    arguments: [
      ...["--model", `${processingFolder}/input/model`],
      ...["--champion", `${processingFolder}/input/champion`],
      ...["--test", `${processingFolder}/input/test`],
      ...["--output", `${processingFolder}/output/evaluation`],
      ...["--legitimate-weight", text(legitimateWeight)],
      ...["--bootstrap-samples", String(evaluation.bootstrapSamples)],
      ...["--seed", String(split.seed)],
      ...["--message-file", messageFile],
    ],
    inputs: {
      model: { uri: artifactUri, path: `${processingFolder}/input/model` },
      champion: { uri: champion.output("championUri"), path: `${processingFolder}/input/champion` },
      test: { uri: preprocess.output("test"), path: `${processingFolder}/input/test` },
      ...evaluateStart.inputs,
    },
    environment: { ...evaluateStart.environment, ...tracking },
    outputs: { evaluation: { path: `${processingFolder}/output/evaluation`, uri: ofExecution("evaluation") } },
    propertyFiles: { EvaluationReport: { output: "evaluation", path: "evaluation.json" } },
  });

  const baselinesStart = processingStart({
    program: "baselines.py",
    code: code.baselines,
    wheels: code.wheels?.baselines,
  });
  const baselines = processing("Baselines", {
    ...job,
    namePrefix: named("baselines"),
    image: modelImage,
    instanceType: evaluation.instanceType,
    maxRuntimeSeconds: processingMaxRuntimeSeconds,
    entrypoint: baselinesStart.entrypoint,
    arguments: [
      ...["--model", `${processingFolder}/input/model`],
      ...["--train", `${processingFolder}/input/train`],
      ...["--test", `${processingFolder}/input/test`],
      ...["--output", `${processingFolder}/output/baselines`],
      ...["--legitimate-weight", text(legitimateWeight)],
      ...facetArguments(evaluation.biasFacet),
      ...["--seed", String(split.seed)],
      ...["--message-file", messageFile],
    ],
    inputs: {
      model: { uri: artifactUri, path: `${processingFolder}/input/model` },
      train: { uri: preprocess.output("train"), path: `${processingFolder}/input/train` },
      test: { uri: preprocess.output("test"), path: `${processingFolder}/input/test` },
      ...baselinesStart.inputs,
    },
    environment: baselinesStart.environment,
    outputs: { baselines: { path: `${processingFolder}/output/baselines`, uri: ofExecution("baselines") } },
  });

  const evaluationUri = join("/", [evaluate.output("evaluation"), "evaluation.json"]);

  const gate = lambda("Gate", {
    functionArn: settings.functions.gateModelArn,
    inputs: {
      evaluationUri,
      rocAucMin: evaluation.rocAucMinThreshold,
      auprcMin: evaluation.auprcMinThreshold,
      recallAtFpr001Min: evaluation.recallAtFpr001MinThreshold,
      championMargin: evaluation.championMargin,
      unloadableChampion: evaluation.unloadableChampion,
      executionId,
      pipelineExecutionArn: execution.pipelineExecutionArn,
      gitRevision: settings.gitRevision ?? "unknown",
    },
    outputs: { passed: "String", reason: "String" },
    // A refusal ends the execution: no job must be running then.
    dependsOn: [baselines],
  });

  const serving = {
    SAGEMAKER_PROGRAM: "inference.py",
    // Whoever asks for no content type: else the container names its own, and the script could not tell.
    SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: "*/*",
    SAGEMAKER_SUBMIT_DIRECTORY: "/opt/ml/model/code",
    SAGEMAKER_CONTAINER_LOG_LEVEL: "20",
    SAGEMAKER_REGION: region,
  };
  const register = lambda("Register", {
    functionArn: settings.functions.registerModelArn,
    inputs: {
      executionId,
      pipelineExecutionArn: execution.pipelineExecutionArn,
      evaluationUri,
      baselinesUri: baselines.output("baselines"),
      goldenUri: join("/", [evaluate.output("evaluation"), "golden"]),
      modelArtifactUri: artifactUri,
      image: modelImage,
      algorithm: trainingSettings.algorithm,
      gitRevision: settings.gitRevision ?? "unknown",
      environment: serving,
    },
    outputs: { modelPackageArn: "String", mlflowModelVersion: "String" },
  });
  const modelPackageArn = register.output("modelPackageArn");

  const createModel = model("CreateModel", {
    namePrefix: settings.baseJobNamePrefix,
    image: modelImage,
    artifactUri,
    roleArn,
    environment: { ...serving, FRAUD_MODEL_PACKAGE_ARN: modelPackageArn },
    tags,
    retries: [faultRetry],
    ...(settings.network === undefined ? {} : { network: settings.network }),
  });

  const deploy = callback("Deploy", {
    queueUrl: settings.deployQueueUrl,
    inputs: { modelName: createModel.property("ModelName"), modelPackageArn },
    outputs: { endpointConfigName: "String" },
  });

  const accepted: readonly Step[] = settings.approval === "auto" ? [register, createModel, deploy] : [register];
  const decision = condition("GateDecision", {
    conditions: [equals(gate.output("passed"), "true")],
    ifSteps: accepted,
    elseSteps: [fail(refusedStepName, gate.output("reason"))],
  });

  return compile({
    parameters: [executionId, ...raw.parameters, legitimateWeight],
    steps: [...raw.steps, preprocess, train, champion, evaluate, baselines, gate, decision],
  });
}

function facetArguments(facet: LaunchSettings["evaluation"]["biasFacet"]): string[] {
  return facet === undefined ? [] : ["--facet", facet.feature, "--facet-bands", ...facet.bands.map(String)];
}

function rawData(
  settings: LaunchSettings,
  code: CodeLocations,
  places: Omit<ExtractPlaces, "settings" | "code" | "wheels">,
): RawData {
  if (settings.source.type === "s3") return rawDataInS3();
  if (code.extract === undefined) throw new Error("the source is a database, and there is no code to read it with");
  return rawDataInTable(settings.source, { ...places, settings, code: code.extract, wheels: code.wheels?.extract });
}
