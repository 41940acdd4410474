import {
  DescribeEndpointCommand,
  type DescribeEndpointCommandOutput,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";

/** SageMaker has no code of its own for a missing resource: it is a ValidationException that says so. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === "ResourceNotFound" ||
    (/^Validation(Error|Exception)$/.test(error.name) &&
      /could not find|does not exist|not found/i.test(error.message)));

/** The value of a call, or undefined when it is about something that does not exist. */
export async function unlessMissing<A>(call: Promise<A>): Promise<A | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The statuses in which an endpoint answers requests: while it changes, the fleet that was there goes on serving. */
export const SERVING: ReadonlySet<string> = new Set(["InService", "Updating", "RollingBack", "SystemUpdating"]);

/** The endpoint, or undefined when there is none of that name. */
export function describeEndpoint(
  sagemaker: SageMakerClient,
  endpointName: string,
): Promise<DescribeEndpointCommandOutput | undefined> {
  return unlessMissing(sagemaker.send(new DescribeEndpointCommand({ EndpointName: endpointName })));
}
