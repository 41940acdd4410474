import { StepValue, type Expression, type Scalar, type Value } from "./expressions";

/** Anything that a step's arguments are made of: JSON with expressions in it. Undefined members are left out. */
export type Argument = Value<Scalar> | null | undefined | readonly Argument[] | { readonly [key: string]: Argument };

/** What every step may have. */
export interface StepOptions {
  /** Shown instead of the name. */
  readonly displayName?: string;
  readonly description?: string;
  /** Steps to wait for, besides those whose values are used. */
  readonly dependsOn?: readonly Step[];
}

/** A part of a pipeline. Steps are values: made once, never changed. */
export abstract class Step {
  /** SageMaker's name of the kind of step. */
  abstract readonly type: string;

  constructor(
    /** Unique in the pipeline. */
    readonly name: string,
    readonly options: StepOptions,
  ) {}

  /** What the step is given to do, without the branches that it may hold. */
  abstract arguments(): { readonly [key: string]: Argument };

  /** What stands beside the arguments in the definition. */
  settings(): { readonly [key: string]: Argument } {
    return {};
  }

  /** Branches, by their key among the arguments. */
  get branches(): Readonly<Record<string, readonly Step[]>> {
    return {};
  }
}

/** Attempts after a fault. Give a number of attempts or a time, not both. */
export interface RetryPolicy {
  readonly on: readonly RetriedException[];
  /** Before the second attempt. */
  readonly intervalSeconds: number;
  /** Each wait is this many times the one before. */
  readonly backoffRate: number;
  readonly limit: { readonly attempts: number } | { readonly minutes: number };
}

export type RetriedException =
  | "Step.SERVICE_FAULT"
  | "Step.THROTTLING"
  | "SageMaker.JOB_INTERNAL_ERROR"
  | "SageMaker.CAPACITY_ERROR"
  | "SageMaker.RESOURCE_LIMIT";

export function retryRequest(policies: readonly RetryPolicy[] | undefined): Argument {
  if (policies === undefined || policies.length === 0) return undefined;
  return policies.map((policy) => ({
    ExceptionType: policy.on,
    IntervalSeconds: policy.intervalSeconds,
    BackoffRate: policy.backoffRate,
    ...("attempts" in policy.limit ? { MaxAttempts: policy.limit.attempts } : { ExpireAfterMin: policy.limit.minutes }),
  }));
}

/** How long a step's result may be used again for the same arguments: an ISO 8601 duration such as P30D. */
export interface Caching {
  readonly expireAfter: string;
}

export function cacheRequest(caching: Caching | undefined): Argument {
  return caching === undefined ? undefined : { Enabled: true, ExpireAfter: caching.expireAfter };
}

/** Tags as the API takes them, sorted by key, so that their order changes nothing. */
export function tagsRequest(tags: Readonly<Record<string, Value<string>>> | undefined): Argument {
  const entries = Object.entries(tags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : entries.map(([Key, Value]) => ({ Key, Value }));
}

type Key<T> = keyof NonNullable<T> & string;
type At<T, K> = K extends keyof NonNullable<T> ? NonNullable<NonNullable<T>[K]> : never;
/** What a property is in the pipeline: enumerations are text. */
type ScalarAt<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : never;

/** A step that runs one AWS call, whose description `D` gives properties to later steps. */
export abstract class DescribedStep<D> extends Step {
  /** A property of the description, by its path. A misspelt one does not compile. */
  property<A extends Key<D>>(a: A): Expression<ScalarAt<At<D, A>>>;
  property<A extends Key<D>, B extends Key<At<D, A>>>(a: A, b: B): Expression<ScalarAt<At<At<D, A>, B>>>;
  property(...path: readonly string[]): Expression {
    return new StepValue(this, path.join("."));
  }
}
