import type { SageMakerContext } from "../state";
import { eventTime } from "../time";
import type { Endpoint } from "./endpoint-document";

/** `InService` as endpoint events write it: `IN_SERVICE`. */
export function eventStatus(status: string): string {
  return status.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

/** What has changed: the endpoint's status, how far the deployment is that it goes through, or both. */
export type EndpointChange = "status" | "deployment" | "both";

/** Tells EventBridge of an endpoint's change, as one event for each of what has changed. */
export function announceEndpoint(context: SageMakerContext, endpoint: Endpoint, change: EndpointChange): void {
  const detail = {
    EndpointName: endpoint.EndpointName,
    EndpointArn: endpoint.EndpointArn,
    EndpointConfigName: endpoint.EndpointConfigName,
    ProductionVariants: (endpoint.ProductionVariants ?? []).map(eventVariant),
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
            ProductionVariants: (endpoint.PendingDeploymentSummary.ProductionVariants ?? []).map(eventVariant),
          },
        }
      : {}),
  };
  const resources = [endpoint.EndpointArn];
  if (change !== "deployment")
    context.events.publish({ detailType: "SageMaker Endpoint State Change", resources, detail });
  if (change !== "status")
    context.events.publish({ detailType: "SageMaker Endpoint Deployment State Change", resources, detail });
}

type EventVariant = Pick<
  NonNullable<Endpoint["ProductionVariants"]>[number],
  "VariantName" | "CurrentWeight" | "DesiredWeight" | "CurrentInstanceCount" | "DesiredInstanceCount" | "VariantStatus"
>;

/** A variant as events tell of it, with times in milliseconds. */
function eventVariant(variant: EventVariant): object {
  return {
    VariantName: variant.VariantName,
    CurrentWeight: variant.CurrentWeight,
    DesiredWeight: variant.DesiredWeight,
    CurrentInstanceCount: variant.CurrentInstanceCount,
    DesiredInstanceCount: variant.DesiredInstanceCount,
    ...(variant.VariantStatus
      ? {
          VariantStatus: variant.VariantStatus.map((status) => ({
            ...status,
            ...(status.StartTime === undefined ? {} : { StartTime: eventTime(status.StartTime) }),
          })),
        }
      : {}),
  };
}
