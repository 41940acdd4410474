/** What a service of the local cloud is: operations in AWS JSON 1.1, found by their target prefix. */

/** The context of one request. */
export interface RequestContext {
  requestId: string;
  /** Of whoever signed the request; undefined where it is not signed. */
  accessKeyId?: string;
}

/**
 * One operation: a validated wire body in, a wire body out. Timestamps are epoch seconds, blobs base64.
 *
 * @throws AwsError for everything the service itself refuses
 */
export type Operation = (input: never, context: RequestContext) => Promise<object>;

/** Operations of AWS's that a service leaves out on purpose. */
export interface Refusal {
  /** Of their names, from the start to the end. */
  readonly operations: RegExp;
  /** One sentence: why, and what to do instead where there is something. */
  readonly why: string;
}

/** A service that answers AWS JSON 1.1. */
export interface JsonService {
  /** The part of `X-Amz-Target` before the dot: `SageMaker`, `AmazonEC2ContainerServiceV20141113`. */
  readonly targetPrefix: string;
  /** botocore's name of the service: its model checks every input. */
  readonly serviceName: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** What it will not do. What is neither here nor among the operations is only not there yet. */
  readonly refused?: readonly Refusal[];
  /** Members that say what a request acts on, where it does not name that itself. */
  forDemands?(operation: string, input: never): object;
  /** The policy of a resource of the service, as JSON; undefined where it has none. A service whose resources have none lacks it. */
  resourcePolicy?(arn: string): string | undefined;
  /** Ends what uses other services of this server; called once, while they still answer. */
  drain?(): Promise<void>;
  /** Ends what the service has under way; called once, before the process ends. */
  close?(): Promise<void>;
}

/** An error in the service's own words, as its clients know it. */
export class AwsError extends Error {
  /**
   * @param code AWS's exception name, for example `ResourceNotFound`
   * @param message what is wrong, with the value and the remedy
   * @param status HTTP status (400 for what the caller did wrong, 500 for what we did)
   * @param members further members of the exception
   */
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
    readonly members: object = {},
  ) {
    super(message);
    this.name = "AwsError";
  }
}

/**
 * A type of the AWS SDK as it is on the wire: dates are epoch seconds, bytes are base64, and a member that the model
 * requires is there, because the input was validated.
 */
export type Wire<T> = T extends Date
  ? number
  : T extends Uint8Array
    ? string
    : T extends readonly (infer E)[]
      ? Wire<E>[]
      : T extends object
        ? { [K in keyof T]: Wire<NonNullable<T[K]>> }
        : T;

/** An operation's output on the wire. */
export type WireOutput<T> = Wire<Omit<T, "$metadata">>;
