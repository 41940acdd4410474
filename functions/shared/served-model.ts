import {
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  type ProductionVariant,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { unlessMissing } from "./endpoint";

/** What an endpoint config serves. */
export interface ServedModel {
  modelName: string;
  /** Undefined of a model that nobody told of its package. */
  packageArn: string | undefined;
  serverless: boolean;
  /** The model that gets a copy of the requests; undefined where none does. */
  shadowModelName: string | undefined;
  /** Undefined where it is serverless. */
  instanceType: string | undefined;
}

/** Variable of the serving container that names the model package. */
export const PACKAGE_VARIABLE = "FRAUD_MODEL_PACKAGE_ARN";

/** The model that answers where the config is live, or undefined when the config is gone. */
export async function modelOfConfig(sagemaker: SageMakerClient, configName: string): Promise<ServedModel | undefined> {
  const config = await unlessMissing(
    sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: configName })),
  );
  const variant: ProductionVariant | undefined = config?.ProductionVariants?.[0];
  if (variant?.ModelName === undefined) return undefined;
  const model = await unlessMissing(sagemaker.send(new DescribeModelCommand({ ModelName: variant.ModelName })));
  return {
    modelName: variant.ModelName,
    packageArn: model?.PrimaryContainer?.Environment?.[PACKAGE_VARIABLE],
    serverless: variant.ServerlessConfig !== undefined,
    shadowModelName: config?.ShadowProductionVariants?.[0]?.ModelName,
    instanceType: variant.InstanceType,
  };
}
