import type { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { Deployments } from "./deployments";
import { describeEndpoint } from "./endpoint";
import type { EndpointSettings } from "./endpoint-settings";
import { removeLeftovers } from "./retention";
import { registerScaling } from "./scaling";

/**
 * What an endpoint needs besides its deployments, as it is configured now: a live fleet scales, and versions that
 * nobody goes back to are removed. Doing it again changes nothing.
 */
export async function maintain(
  clients: { sagemaker: SageMakerClient; autoscaling: ApplicationAutoScalingClient; deployments: Deployments },
  settings: EndpointSettings,
): Promise<void> {
  const { sagemaker, autoscaling, deployments } = clients;
  const endpoint = await describeEndpoint(sagemaker, settings.endpointName);
  const current = await deployments.current();
  const idle = await deployments.idle();
  const inUse = [
    idle?.configName,
    endpoint?.EndpointConfigName,
    endpoint?.PendingDeploymentSummary?.EndpointConfigName,
    current?.phase === "settled" ? undefined : current?.configName,
  ].filter((name) => name !== undefined);
  await removeLeftovers(sagemaker, deployments, settings.keepVersions, new Set(inUse));
  // AWS takes no target that does not run yet.
  if (endpoint?.EndpointStatus === "InService") await registerScaling(autoscaling, settings);
}
