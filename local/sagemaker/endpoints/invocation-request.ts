/** A request to an endpoint, read and checked. */
export interface Invocation {
  endpointName: string;
  body: Buffer;
  /** When the request came in, as `performance.now()` tells it. */
  received: number;
  contentType?: string;
  accept?: string;
  /** Opaque to SageMaker: handed to the container, and captured. */
  customAttributes?: string;
  inferenceId?: string;
  /** The variant that is to answer, whatever the weights are. */
  targetVariant?: string;
}
