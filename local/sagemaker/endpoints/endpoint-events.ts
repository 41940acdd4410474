import type { SageMakerContext } from "../state";
import { eventTime } from "../time";
import type { Endpoint } from "./endpoint-document";

/** `InService` as endpoint events write it: `IN_SERVICE`. */
export function eventStatus(status: string): string {
  return status.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

/** Tells EventBridge of an endpoint's status, and of its deployment when it is being updated or just was. */
export function announceEndpoint(context: SageMakerContext, endpoint: Endpoint, deployment: boolean): void {
  const detail = {
    EndpointName: endpoint.EndpointName,
    EndpointArn: endpoint.EndpointArn,
    EndpointConfigName: endpoint.EndpointConfigName,
    ProductionVariants: (endpoint.ProductionVariants ?? []).map((variant) => ({
      VariantName: variant.VariantName,
      CurrentWeight: variant.CurrentWeight,
      DesiredWeight: variant.DesiredWeight,
      CurrentInstanceCount: variant.CurrentInstanceCount,
      DesiredInstanceCount: variant.DesiredInstanceCount,
    })),
    EndpointStatus: eventStatus(endpoint.EndpointStatus),
    ...(endpoint.FailureReason === undefined ? {} : { FailureReason: endpoint.FailureReason }),
    CreationTime: eventTime(endpoint.CreationTime),
    LastModifiedTime: eventTime(endpoint.LastModifiedTime),
    Tags: context.tags.of(endpoint.EndpointArn),
    ...(endpoint.PendingDeploymentSummary
      ? {
          PendingDeploymentSummary: {
            EndpointConfigName: endpoint.PendingDeploymentSummary.EndpointConfigName,
            StartTime: eventTime(endpoint.PendingDeploymentSummary.StartTime ?? endpoint.LastModifiedTime),
            ProductionVariants: endpoint.PendingDeploymentSummary.ProductionVariants ?? [],
          },
        }
      : {}),
  };
  const resources = [endpoint.EndpointArn];
  context.events.publish({ detailType: "SageMaker Endpoint State Change", resources, detail });
  if (deployment)
    context.events.publish({ detailType: "SageMaker Endpoint Deployment State Change", resources, detail });
}
