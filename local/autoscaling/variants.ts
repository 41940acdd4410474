import {
  DescribeEndpointCommand,
  UpdateEndpointWeightsAndCapacitiesCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { invalid, variantOf, type Scalable } from "./context";

/** What a variant runs on. */
export interface Capacity {
  instances: number;
  /** Whether its endpoint is being changed: by a deployment, or by the last scaling. */
  changing: boolean;
  /** Why the endpoint's last change failed, where it did. */
  failure?: string;
}

/** The variants of SageMaker's endpoints, as what is scaled. */
export class Variants {
  constructor(private readonly sagemaker: SageMakerClient) {}

  /** @returns undefined when there is no such endpoint or variant */
  async capacity(scalable: Scalable): Promise<Capacity | undefined> {
    const { endpointName, variantName } = variantOf(scalable);
    let endpoint;
    try {
      endpoint = await this.sagemaker.send(new DescribeEndpointCommand({ EndpointName: endpointName }));
    } catch (error) {
      if (error instanceof Error && /could not find endpoint/i.test(error.message)) return undefined;
      throw error;
    }
    const variant = endpoint.ProductionVariants?.find(({ VariantName }) => VariantName === variantName);
    if (!variant) return undefined;
    return {
      instances: variant.CurrentInstanceCount ?? 0,
      changing: endpoint.EndpointStatus !== "InService",
      ...(endpoint.FailureReason ? { failure: endpoint.FailureReason } : {}),
    };
  }

  /** @throws AwsError when there is none */
  async check(scalable: Scalable): Promise<void> {
    if (await this.capacity(scalable)) return;
    throw invalid(
      `Could not find the variant ${scalable.ResourceId}: there is no such endpoint, or it has no such one.`,
    );
  }

  async scale(scalable: Scalable, instances: number): Promise<void> {
    const { endpointName, variantName } = variantOf(scalable);
    const wanted = [{ VariantName: variantName, DesiredInstanceCount: instances }];
    await this.sagemaker.send(
      new UpdateEndpointWeightsAndCapacitiesCommand({
        EndpointName: endpointName,
        DesiredWeightsAndCapacities: wanted,
      }),
    );
  }
}
