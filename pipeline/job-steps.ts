import type {
  DescribeModelOutput,
  DescribeProcessingJobResponse,
  DescribeTrainingJobResponse,
} from "@aws-sdk/client-sagemaker";
import { JsonFileValue, StepValue, type Expression, type Scalar, type Value } from "./expressions";
import {
  cacheRequest,
  DescribedStep,
  retryRequest,
  tagsRequest,
  type Argument,
  type Caching,
  type RetryPolicy,
  type StepOptions,
} from "./step";

/** What the steps that run jobs have in common. */
interface JobOptions extends StepOptions {
  /** Begins the name of the job, to which SageMaker adds an ending of its own. Default: a name of SageMaker's. */
  readonly namePrefix?: string;
  readonly image: Value<string>;
  readonly roleArn: Value<string>;
  readonly instanceType: Value<string>;
  /** Default 1. */
  readonly instanceCount?: Value<number>;
  /** Default 30. */
  readonly volumeSizeGb?: Value<number>;
  readonly maxRuntimeSeconds?: Value<number>;
  readonly environment?: Readonly<Record<string, Value<string>>>;
  /** Key that encrypts what the job writes to S3. Default: the bucket's. */
  readonly outputKmsKeyArn?: string;
  readonly tags?: Readonly<Record<string, Value<string>>>;
  readonly retries?: readonly RetryPolicy[];
  readonly caching?: Caching;
  /** Default: none; the job reaches what the internet reaches. */
  readonly network?: JobNetwork;
}

function vpcConfig(network: JobNetwork | undefined): Argument {
  return network && { SecurityGroupIds: network.securityGroupIds, Subnets: network.subnetIds };
}

function stopping(maxRuntimeSeconds: Value<number> | undefined): Argument {
  return maxRuntimeSeconds === undefined ? undefined : { MaxRuntimeInSeconds: maxRuntimeSeconds };
}

/** Where a processing job finds something from S3. */
export interface ProcessingInput {
  readonly uri: Value<string>;
  /** Under /opt/ml/processing. */
  readonly path: string;
}

/** What a processing job leaves in S3 at its end. */
export interface ProcessingOutput {
  readonly uri: Value<string>;
  /** Under /opt/ml/processing. */
  readonly path: string;
}

/** Where a job runs, or a model serves, within a VPC. */
export interface JobNetwork {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

export interface ProcessingOptions<Output extends string, File extends string> extends JobOptions {
  readonly entrypoint: readonly string[];
  readonly arguments?: readonly Value<string>[];
  readonly inputs: Readonly<Record<string, ProcessingInput>>;
  readonly outputs: Readonly<Record<Output, ProcessingOutput>>;
  /** JSON files, in the named output's folder, whose values later steps may use. */
  readonly propertyFiles?: Readonly<Record<File, { readonly output: NoInfer<Output>; readonly path: string }>>;
}

/** Runs a container over files from S3. */
export class ProcessingStep<
  Output extends string,
  File extends string,
> extends DescribedStep<DescribeProcessingJobResponse> {
  readonly type = "Processing";

  constructor(
    name: string,
    private readonly job: ProcessingOptions<Output, File>,
  ) {
    super(name, job);
  }

  /** Where the named output is in S3. */
  output(name: Output): Expression<string> {
    return new StepValue(this, `ProcessingOutputConfig.Outputs['${name}'].S3Output.S3Uri`);
  }

  /**
   * A value in a property file.
   * @param path such as `metrics.rocAuc.value`.
   */
  json<T extends Scalar>(file: File, path: string): Expression<T> {
    return new JsonFileValue<T>(this, file, path);
  }

  override arguments(): Readonly<Record<string, Argument>> {
    const { job } = this;
    const inputs = Object.entries(job.inputs);
    const outputs = Object.entries<ProcessingOutput>(job.outputs);
    return {
      ProcessingJobName: job.namePrefix,
      ProcessingResources: {
        ClusterConfig: {
          InstanceType: job.instanceType,
          InstanceCount: job.instanceCount ?? 1,
          VolumeSizeInGB: job.volumeSizeGb ?? 30,
        },
      },
      AppSpecification: {
        ImageUri: job.image,
        ContainerArguments: job.arguments,
        ContainerEntrypoint: job.entrypoint,
      },
      RoleArn: job.roleArn,
      ProcessingInputs:
        inputs.length === 0
          ? undefined
          : inputs.map(([InputName, { uri, path }]) => ({
              InputName,
              AppManaged: false,
              S3Input: {
                S3Uri: uri,
                LocalPath: path,
                S3DataType: "S3Prefix",
                S3InputMode: "File",
                S3DataDistributionType: "FullyReplicated",
                S3CompressionType: "None",
              },
            })),
      ProcessingOutputConfig:
        outputs.length === 0
          ? undefined
          : {
              Outputs: outputs.map(([OutputName, { uri, path }]) => ({
                OutputName,
                AppManaged: false,
                S3Output: { S3Uri: uri, LocalPath: path, S3UploadMode: "EndOfJob" },
              })),
              KmsKeyId: job.outputKmsKeyArn,
            },
      Environment: job.environment,
      NetworkConfig: job.network && {
        EnableNetworkIsolation: false,
        VpcConfig: vpcConfig(job.network),
      },
      StoppingCondition: stopping(job.maxRuntimeSeconds),
      Tags: tagsRequest(job.tags),
    };
  }

  override settings(): Readonly<Record<string, Argument>> {
    const files = Object.entries<{ output: string; path: string }>(this.job.propertyFiles ?? {});
    return {
      PropertyFiles:
        files.length === 0
          ? undefined
          : files.map(([PropertyFileName, { output, path }]) => ({
              PropertyFileName,
              OutputName: output,
              FilePath: path,
            })),
      RetryPolicies: retryRequest(this.job.retries),
      CacheConfig: cacheRequest(this.job.caching),
    };
  }
}

/** A step that runs a container over files from S3. Names of outputs and property files are typed. */
export function processing<const Output extends string, const File extends string = never>(
  name: string,
  options: ProcessingOptions<Output, File>,
): ProcessingStep<Output, File> {
  return new ProcessingStep(name, options);
}

export interface TrainingOptions extends JobOptions {
  /** Text, as the API wants it: see `text`. */
  readonly hyperparameters: Readonly<Record<string, Value<string>>>;
  /** Data by the name of the channel. */
  readonly channels: Readonly<Record<string, { readonly uri: Value<string>; readonly contentType?: Value<string> }>>;
  /** The model goes to a folder of the job's under it. */
  readonly outputUri: Value<string>;
  /** Figures that SageMaker takes out of the log: a regular expression with one group, by name. */
  readonly metrics?: Readonly<Record<string, string>>;
}

/** Trains a model. */
export class TrainingStep extends DescribedStep<DescribeTrainingJobResponse> {
  readonly type = "Training";

  constructor(
    name: string,
    private readonly job: TrainingOptions,
  ) {
    super(name, job);
  }

  override arguments(): Readonly<Record<string, Argument>> {
    const { job } = this;
    const metrics = Object.entries(job.metrics ?? {}).map(([Name, Regex]) => ({ Name, Regex }));
    return {
      TrainingJobName: job.namePrefix,
      AlgorithmSpecification: {
        TrainingInputMode: "File",
        TrainingImage: job.image,
        MetricDefinitions: metrics.length === 0 ? undefined : metrics,
      },
      OutputDataConfig: { S3OutputPath: job.outputUri, KmsKeyId: job.outputKmsKeyArn },
      StoppingCondition: stopping(job.maxRuntimeSeconds ?? 86_400),
      ResourceConfig: {
        VolumeSizeInGB: job.volumeSizeGb ?? 30,
        InstanceCount: job.instanceCount ?? 1,
        InstanceType: job.instanceType,
      },
      RoleArn: job.roleArn,
      InputDataConfig: Object.entries(job.channels).map(([ChannelName, { uri, contentType }]) => ({
        ChannelName,
        ContentType: contentType,
        DataSource: {
          S3DataSource: { S3DataType: "S3Prefix", S3Uri: uri, S3DataDistributionType: "FullyReplicated" },
        },
      })),
      HyperParameters: job.hyperparameters,
      Environment: job.environment,
      VpcConfig: vpcConfig(job.network),
      // Nobody looks at profiles, and SageMaker would sample them twice a second.
      ProfilerConfig: { DisableProfiler: true },
      Tags: tagsRequest(job.tags),
    };
  }

  override settings(): Readonly<Record<string, Argument>> {
    return { RetryPolicies: retryRequest(this.job.retries), CacheConfig: cacheRequest(this.job.caching) };
  }
}

/** A step that trains a model. */
export function training(name: string, options: TrainingOptions): TrainingStep {
  return new TrainingStep(name, options);
}

export interface ModelOptions extends StepOptions {
  /** Begins the name of the model, to which SageMaker adds an ending of its own. Default: a name of SageMaker's. */
  readonly namePrefix?: string;
  readonly image: Value<string>;
  /** The model.tar.gz. */
  readonly artifactUri: Value<string>;
  readonly roleArn: Value<string>;
  readonly environment?: Readonly<Record<string, Value<string>>>;
  readonly tags?: Readonly<Record<string, Value<string>>>;
  readonly retries?: readonly RetryPolicy[];
  /** Default: none. */
  readonly network?: JobNetwork;
}

/** Makes a model that an endpoint can serve. */
export class ModelStep extends DescribedStep<DescribeModelOutput> {
  readonly type = "Model";

  constructor(
    name: string,
    private readonly model: ModelOptions,
  ) {
    super(name, model);
  }

  override arguments(): Readonly<Record<string, Argument>> {
    return {
      ModelName: this.model.namePrefix,
      ExecutionRoleArn: this.model.roleArn,
      PrimaryContainer: {
        Image: this.model.image,
        Environment: this.model.environment ?? {},
        ModelDataUrl: this.model.artifactUri,
      },
      VpcConfig: vpcConfig(this.model.network),
      Tags: tagsRequest(this.model.tags),
    };
  }

  override settings(): Readonly<Record<string, Argument>> {
    return { RetryPolicies: retryRequest(this.model.retries) };
  }
}

/** A step that makes a model that an endpoint can serve. */
export function model(name: string, options: ModelOptions): ModelStep {
  return new ModelStep(name, options);
}
