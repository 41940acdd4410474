import type { Deployment } from "../config/deployment";
import type { EndpointSettings } from "../functions/shared/endpoint-settings";

/** Never changes: autoscaling and what an update retains hang on it. */
export const VARIANT = "main";

/** The endpoint's settings as its functions read them, of what the stack configures; where and with which key apart. */
export function endpointSettings(
  deployment: Deployment,
  places: { captureUri: string; kmsKeyArn: string; network?: EndpointSettings["network"] },
): EndpointSettings {
  const { endpointName, rollout, timeoutSeconds, alarms, keepVersions, dataCapturePercent: percent } = deployment;
  return {
    endpointName,
    variantName: VARIANT,
    capacity: capacity(deployment),
    rollout,
    timeoutSeconds,
    alarms,
    keepVersions,
    kmsKeyArn: places.kmsKeyArn,
    ...(places.network === undefined ? {} : { network: places.network }),
    ...(percent > 0 ? { dataCapture: { percent, destinationUri: places.captureUri } } : {}),
  };
}

function capacity(deployment: Deployment): EndpointSettings["capacity"] {
  if ("serverless" in deployment) return { serverless: deployment.serverless };
  const { instanceType, minCapacity, maxCapacity, autoscaling } = deployment;
  return { instances: { instanceType, minCapacity, maxCapacity, ...autoscaling } };
}
