import * as t from "io-ts";
import { AwsError } from "../../server/json-service";

/** What a retry policy can be for. */
const EXCEPTIONS = {
  /** A service that the step calls has failed. */
  "Step.SERVICE_FAULT": null,
  /** A service that the step calls has too much to do. */
  "Step.THROTTLING": null,
  /** The job failed for a reason of SageMaker's own. */
  "SageMaker.JOB_INTERNAL_ERROR": null,
  "SageMaker.CAPACITY_ERROR": null,
  "SageMaker.RESOURCE_LIMIT": null,
};
export type RetryException = keyof typeof EXCEPTIONS;

const RetryPolicy = t.intersection([
  t.type({ ExceptionType: t.array(t.keyof(EXCEPTIONS)) }),
  t.partial({ IntervalSeconds: t.number, BackoffRate: t.number, MaxAttempts: t.number, ExpireAfterMin: t.number }),
]);
export type RetryPolicy = t.TypeOf<typeof RetryPolicy>;
export const RetryPolicies = t.array(RetryPolicy);

const MAX_INTERVAL_SECONDS = 43_200;
const MAX_ATTEMPTS = 20;
const MAX_EXPIRE_MINUTES = 14_400;

/** SageMaker's own defaults, for what a policy leaves open and for faults of services that no policy is for. */
const DEFAULTS = { IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 5 };

/** What is wrong with a step's policies: one sentence for each fault. */
export function wrongPolicies(policies: readonly RetryPolicy[]): string[] {
  return policies.flatMap((policy, index) => {
    const { ExceptionType, IntervalSeconds = 1, BackoffRate = 2, MaxAttempts, ExpireAfterMin } = policy;
    const at = `RetryPolicies[${index}]`;
    const within = (name: string, value: number, max: number): string[] =>
      Number.isInteger(value) && value >= 0 && value <= max
        ? []
        : [`${at}.${name} = ${value} is not an integer from 0 to ${max}`];
    return [
      ...(ExceptionType.length === 0 ? [`${at}.ExceptionType is empty`] : []),
      ...within("IntervalSeconds", IntervalSeconds, MAX_INTERVAL_SECONDS),
      ...(BackoffRate >= 0 ? [] : [`${at}.BackoffRate = ${BackoffRate} is negative`]),
      ...within("MaxAttempts", MaxAttempts ?? 0, MAX_ATTEMPTS),
      ...within("ExpireAfterMin", ExpireAfterMin ?? 0, MAX_EXPIRE_MINUTES),
      ...(MaxAttempts !== undefined && ExpireAfterMin !== undefined
        ? [`${at} has both MaxAttempts and ExpireAfterMin: only one of them may be given`]
        : []),
    ];
  });
}

/** What has been retried of a step so far. */
export interface RetryHistory {
  /** When the first attempt started, epoch seconds. */
  started: number;
  /** Retries so far by the exception they were for. */
  retries: Readonly<Partial<Record<RetryException, number>>>;
}

/**
 * Whether a step is tried again, and when: the first policy that names the exception decides. Service faults and
 * throttling are retried without a policy, too.
 *
 * @param now epoch seconds
 * @returns seconds until the next attempt; undefined when the step has failed for good
 */
export function retryDelay(
  policies: readonly RetryPolicy[],
  exception: RetryException,
  { started, retries }: RetryHistory,
  now: number,
): number | undefined {
  const own = policies.find(({ ExceptionType }) => ExceptionType.includes(exception));
  if (!own && !exception.startsWith("Step.")) return undefined;
  const { IntervalSeconds, BackoffRate, ...limits } = { ...DEFAULTS, ...own };
  const names = own?.ExceptionType ?? [exception];
  const done = names.reduce((sum, name) => sum + (retries[name] ?? 0), 0);
  const expires = own?.ExpireAfterMin;
  if (expires === undefined ? done >= limits.MaxAttempts : now - started >= expires * 60) return undefined;
  return Math.min(IntervalSeconds * BackoffRate ** done, MAX_INTERVAL_SECONDS);
}

/** What a thrown error is to a retry policy; undefined for what the pipeline's author has to mend. */
export function exceptionOf(error: unknown): RetryException | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, code, $fault, $retryable } = error as Error & {
    code?: unknown;
    $fault?: unknown;
    $retryable?: { throttling?: boolean };
  };
  const text = `${name} ${String(code)}`;
  if (/ResourceLimitExceeded/.test(text)) return "SageMaker.RESOURCE_LIMIT";
  if ($retryable?.throttling || /Throttl|TooManyRequests/.test(text)) return "Step.THROTTLING";
  const unreachable = /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|TimeoutError/.test(text);
  if ($fault === "server" || unreachable || (error instanceof AwsError && error.status >= 500)) {
    return "Step.SERVICE_FAULT";
  }
  return exceptionOf(error.cause);
}

/** The same of a job's FailureReason. */
export function exceptionOfReason(reason: string): RetryException | undefined {
  if (/^InternalServerError/.test(reason)) return "SageMaker.JOB_INTERNAL_ERROR";
  if (/^CapacityError|InsufficientInstanceCapacity/.test(reason)) return "SageMaker.CAPACITY_ERROR";
  return /^ResourceLimitExceeded/.test(reason) ? "SageMaker.RESOURCE_LIMIT" : undefined;
}
