import type { ScalableDimension, ServiceNamespace } from "@aws-sdk/client-application-auto-scaling";
import { AwsError } from "../server/json-service";
import type { Store } from "../server/store";

/** What the parts of the local Application Auto Scaling share. */
export interface AutoScalingContext {
  store: Store;
  region: string;
  accountId: string;
  /** Epoch seconds. */
  now: () => number;
}

/** What is scaled: which of a service's resources, and in what. */
export interface Scalable {
  ServiceNamespace: ServiceNamespace;
  ResourceId: string;
  ScalableDimension: ScalableDimension;
}

export const SERVICE_NAMESPACE = "sagemaker";
export const DIMENSION = "sagemaker:variant:DesiredInstanceCount";
const RESOURCE = /^endpoint\/([^/]+)\/variant\/([^/]+)$/;

/**
 * The variant of an endpoint that is meant.
 *
 * @throws AwsError for all else that AWS scales
 */
export function variantOf(scalable: Scalable): { endpointName: string; variantName: string } {
  const { ServiceNamespace, ScalableDimension, ResourceId } = scalable;
  if (ServiceNamespace !== SERVICE_NAMESPACE || ScalableDimension !== DIMENSION) {
    throw invalid(
      `Only ${DIMENSION} of ServiceNamespace ${SERVICE_NAMESPACE} is scaled here, not ${ScalableDimension} of ${ServiceNamespace}.`,
    );
  }
  const [, endpointName, variantName] = RESOURCE.exec(ResourceId) ?? [];
  if (!endpointName || !variantName) {
    throw invalid(`Unsupported resource ID ${ResourceId}: endpoint/NAME/variant/NAME is wanted.`);
  }
  return { endpointName, variantName };
}

export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function notFound(what: string, { ServiceNamespace, ResourceId, ScalableDimension }: Scalable): AwsError {
  return new AwsError(
    "ObjectNotFoundException",
    `No ${what} for service namespace: ${ServiceNamespace}, resource ID: ${ResourceId}, ` +
      `scalable dimension: ${ScalableDimension}`,
  );
}
