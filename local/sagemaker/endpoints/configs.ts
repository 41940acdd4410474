import type {
  CreateEndpointConfigInput,
  CreateEndpointConfigOutput,
  DeleteEndpointConfigInput,
  DescribeEndpointConfigInput,
  DescribeEndpointConfigOutput,
  ListEndpointConfigsInput,
  ListEndpointConfigsOutput,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { couldNotFind, invalid } from "../errors";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { now } from "../time";
import type { Models } from "./models";

export type EndpointConfig = Wire<DescribeEndpointConfigOutput>;

/** Members that make of an endpoint what does not run here. */
const NOT_HERE = ["AsyncInferenceConfig", "ExplainerConfig"] as const;

/** Endpoint configs: which models an endpoint serves, on how many instances. They never change. */
export class EndpointConfigs {
  private readonly configs: Collection<EndpointConfig>;

  constructor(
    private readonly context: SageMakerContext,
    private readonly models: Models,
  ) {
    this.configs = context.store.collection<EndpointConfig>("endpoint-config");
  }

  readonly operations = {
    CreateEndpointConfig: (input: Wire<CreateEndpointConfigInput>) => Promise.resolve(this.create(input)),
    DescribeEndpointConfig: (input: Wire<DescribeEndpointConfigInput>) =>
      Promise.resolve(this.describe(input.EndpointConfigName)),
    ListEndpointConfigs: (input: Wire<ListEndpointConfigsInput>) => Promise.resolve(this.list(input)),
    DeleteEndpointConfig: (input: Wire<DeleteEndpointConfigInput>) =>
      Promise.resolve(this.delete(input.EndpointConfigName)),
  };

  describe(name: string): EndpointConfig {
    const config = this.configs.get(name);
    if (!config) throw couldNotFind("endpoint configuration", this.arn(name));
    return config;
  }

  private create(input: Wire<CreateEndpointConfigInput>): Wire<CreateEndpointConfigOutput> {
    const { Tags, ...request } = input;
    const variants = [...request.ProductionVariants, ...(request.ShadowProductionVariants ?? [])];
    const names = variants.map(({ VariantName }) => VariantName);
    if (new Set(names).size !== names.length) throw invalid(`Variant names must be unique: ${names.join(", ")}.`);
    if (request.ShadowProductionVariants?.length && variants.length > 2) {
      throw invalid("With ShadowProductionVariants, one production variant and one shadow variant can be specified.");
    }
    const unknown = NOT_HERE.find((member) => request[member] !== undefined);
    if (unknown) throw invalid(`${unknown} is not known to the local SageMaker: endpoints answer at once and plainly.`);
    for (const variant of variants) {
      if (!variant.ModelName) throw invalid(`Variant ${variant.VariantName} names no model.`);
      this.models.describe(variant.ModelName);
      const placed = variant.InitialInstanceCount !== undefined && variant.InstanceType !== undefined;
      const partly = variant.InitialInstanceCount !== undefined || variant.InstanceType !== undefined;
      if (variant.ServerlessConfig ? partly : !placed) {
        throw invalid(
          `Variant ${variant.VariantName} needs InstanceType and InitialInstanceCount, or ServerlessConfig alone.`,
        );
      }
    }
    if (variants.some(({ ServerlessConfig }) => ServerlessConfig)) {
      if (variants.length > 1) throw invalid("A serverless endpoint has one variant, and no shadow of it.");
      if (request.DataCaptureConfig) throw invalid("DataCaptureConfig is not supported for serverless endpoints.");
    }
    const destination = request.DataCaptureConfig?.DestinationS3Uri;
    if (destination !== undefined && !destination.startsWith("s3://")) {
      throw invalid(`DataCaptureConfig: DestinationS3Uri "${destination}" is not an S3 URI: s3://bucket/prefix.`);
    }
    const EndpointConfigArn = this.arn(request.EndpointConfigName);
    const config: EndpointConfig = { ...request, EndpointConfigArn, CreationTime: now() };
    if (!this.configs.insert(request.EndpointConfigName, config)) {
      throw invalid(`Cannot create already existing endpoint configuration "${EndpointConfigArn}".`);
    }
    this.context.tags.create(EndpointConfigArn, Tags);
    return { EndpointConfigArn };
  }

  private list(input: Wire<ListEndpointConfigsInput>): Wire<ListEndpointConfigsOutput> {
    const { items, ...next } = page("ListEndpointConfigs", this.configs.all(), input, (config) => ({
      name: config.EndpointConfigName,
      created: config.CreationTime,
    }));
    const EndpointConfigs = items.map(({ EndpointConfigName, EndpointConfigArn, CreationTime }) => ({
      EndpointConfigName,
      EndpointConfigArn,
      CreationTime,
    }));
    return { EndpointConfigs, ...next };
  }

  private delete(name: string): object {
    const { EndpointConfigArn } = this.describe(name);
    this.configs.remove(name);
    this.context.tags.remove(EndpointConfigArn);
    return {};
  }

  private arn(name: string): string {
    return this.context.arns.sagemaker(`endpoint-config/${name}`);
  }
}
