import {
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  DescribeModelPackageCommand,
  type DescribeModelPackageCommandOutput,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { describeEndpoint, SERVING, unlessMissing } from "./endpoint";

/** The model that an endpoint serves now. */
export interface LiveModel {
  modelName: string;
  packageArn: string;
  package: Pick<
    DescribeModelPackageCommandOutput,
    "DriftCheckBaselines" | "InferenceSpecification" | "CustomerMetadataProperties"
  >;
}

/**
 * The model that takes the endpoint's traffic, and the package that it came from; undefined where nothing serves.
 *
 * @throws Error when the model does not say which package it came from, or that is gone.
 */
export async function liveModel(sagemaker: SageMakerClient, endpointName: string): Promise<LiveModel | undefined> {
  const endpoint = await describeEndpoint(sagemaker, endpointName);
  const { EndpointStatus: status = "", EndpointConfigName: configName } = endpoint ?? {};
  if (!SERVING.has(status) || configName === undefined) return undefined;
  const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: configName }));
  const modelName = config.ProductionVariants?.[0]?.ModelName;
  if (modelName === undefined) throw new Error(`endpoint config ${configName} serves no model`);
  const model = await sagemaker.send(new DescribeModelCommand({ ModelName: modelName }));
  const container = model.PrimaryContainer ?? model.Containers?.[0];
  const packageArn = container?.Environment?.FRAUD_MODEL_PACKAGE_ARN ?? container?.ModelPackageName;
  if (packageArn === undefined) {
    throw new Error(`model ${modelName} does not say which package it came from: deploy one that the pipeline made`);
  }
  const found = await unlessMissing(sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: packageArn })));
  if (found === undefined) throw new Error(`model ${modelName} came from ${packageArn}, which is gone: deploy another`);
  return { modelName, packageArn, package: found };
}
