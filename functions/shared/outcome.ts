import type { DescribeEndpointCommandOutput } from "@aws-sdk/client-sagemaker";
import type { Outcome } from "./deployment-records";

export type EndpointState = Pick<
  DescribeEndpointCommandOutput,
  "EndpointStatus" | "EndpointConfigName" | "FailureReason" | "PendingDeploymentSummary"
>;

const IN_TRANSITION = new Set(["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"]);

/** Whether SageMaker is changing the endpoint now. */
export const inTransition = ({ EndpointStatus }: EndpointState): boolean => IN_TRANSITION.has(EndpointStatus ?? "");

/**
 * How a started deployment ended, or undefined while it has not. Only a live config that is the wanted one is a
 * success: an update that was rolled back also ends `InService`.
 */
export function outcomeOf(endpoint: EndpointState | undefined, wantedConfig: string): Outcome | undefined {
  if (endpoint === undefined) return { succeeded: false, reason: "The endpoint was deleted during its deployment." };
  if (inTransition(endpoint)) return undefined;
  const { EndpointStatus: status, EndpointConfigName: live, FailureReason: failure } = endpoint;
  const because = failure === undefined ? "" : ` ${failure}`;
  if (status !== "InService")
    return { succeeded: false, reason: `The endpoint is ${status ?? "in no state"}.${because}` };
  if (live === wantedConfig) return { succeeded: true, reason: `${wantedConfig} is live.` };
  return { succeeded: false, reason: `The update was rolled back; ${live ?? "no config"} is live.${because}` };
}

/** Whether AWS had no instances to give: the model is not to blame, and another time it may work. */
export const lacksCapacity = (reason: string): boolean =>
  /InsufficientInstanceCapacity|CapacityError|unable to provision requested ML compute capacity/i.test(reason);

/** Whether SageMaker says that alarms made it go back. */
export const blamesAlarms = (reason: string): boolean => /\balarms?\b/i.test(reason);
