import type { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import {
  DeregisterScalableTargetCommand,
  ObjectNotFoundException,
  PutScalingPolicyCommand,
  RegisterScalableTargetCommand,
  type PutScalingPolicyCommandInput,
} from "@aws-sdk/client-application-auto-scaling";
import type { EndpointSettings } from "./endpoint-settings";

interface VariantNames {
  endpointName: string;
  variantName: string;
}

const target = ({ endpointName, variantName }: VariantNames) => ({
  ServiceNamespace: "sagemaker" as const,
  ResourceId: `endpoint/${endpointName}/variant/${variantName}`,
  ScalableDimension: "sagemaker:variant:DesiredInstanceCount" as const,
});

/** The one policy of an endpoint: instances follow the invocations of each in a minute. Undefined without a fleet. */
export function scalingPolicy(settings: EndpointSettings): PutScalingPolicyCommandInput | undefined {
  if (!("instances" in settings.capacity)) return undefined;
  const { invocationsPerInstance, scaleInCooldownSeconds, scaleOutCooldownSeconds } = settings.capacity.instances;
  return {
    ...target(settings),
    PolicyName: "invocations-per-instance",
    PolicyType: "TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: invocationsPerInstance,
      PredefinedMetricSpecification: { PredefinedMetricType: "SageMakerVariantInvocationsPerInstance" },
      ScaleInCooldown: scaleInCooldownSeconds,
      ScaleOutCooldown: scaleOutCooldownSeconds,
    },
  };
}

/** Lets the fleet of a live endpoint scale as it is configured now; what is registered already is set anew. */
export async function registerScaling(
  autoscaling: ApplicationAutoScalingClient,
  settings: EndpointSettings,
): Promise<void> {
  const policy = scalingPolicy(settings);
  if (policy === undefined || !("instances" in settings.capacity)) return;
  const { minCapacity, maxCapacity } = settings.capacity.instances;
  await autoscaling.send(
    new RegisterScalableTargetCommand({ ...target(settings), MinCapacity: minCapacity, MaxCapacity: maxCapacity }),
  );
  await autoscaling.send(new PutScalingPolicyCommand(policy));
}

/** Ends the scaling, which an endpoint must not outlive: AWS refuses to delete one that is a scalable target. */
export async function deregisterScaling(autoscaling: ApplicationAutoScalingClient, names: VariantNames): Promise<void> {
  try {
    await autoscaling.send(new DeregisterScalableTargetCommand(target(names)));
  } catch (error) {
    if (!(error instanceof ObjectNotFoundException)) throw error;
  }
}
