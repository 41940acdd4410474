import {
  DescribeScalableTargetsCommand,
  type ApplicationAutoScalingClient,
} from "@aws-sdk/client-application-auto-scaling";
import { invalid } from "../errors";

/**
 * Refuses what takes variants away, or makes other instances of them, that Application Auto Scaling scales.
 *
 * @param changed names of such variants
 * @throws AwsError that names those that are registered
 */
export async function refuseScaled(
  client: Pick<ApplicationAutoScalingClient, "send">,
  endpointName: string,
  changed: readonly string[],
): Promise<void> {
  if (changed.length === 0) return;
  const resource = (variantName: string): string => `endpoint/${endpointName}/variant/${variantName}`;
  const { ScalableTargets = [] } = await client.send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: "sagemaker", ResourceIds: changed.map(resource) }),
  );
  const registered = changed.filter((name) => ScalableTargets.some(({ ResourceId }) => ResourceId === resource(name)));
  if (registered.length === 0) return;
  throw invalid(
    `The variant(s) "${JSON.stringify(registered)}" must be deregistered as scalable targets with AWS Auto Scaling ` +
      "before they can be removed or have their instance type updated.",
  );
}
