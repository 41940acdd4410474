import * as t from "io-ts";

/**
 * Who asks for a deployment: a `pipeline` at its deploy step, the `approval` of a package, its `promotion` from another
 * stack, a person's `command`, changed `settings` (of the package that is live), or the idle schedule: `sleep` takes
 * the endpoint down, `wake` brings the champion back.
 */
export const RequestKind = t.keyof(
  { pipeline: null, approval: null, promotion: null, command: null, settings: null, sleep: null, wake: null },
  "RequestKind",
);
export type RequestKind = t.TypeOf<typeof RequestKind>;

/** A deployment that somebody asked for. */
export const Request = t.intersection(
  [
    t.type({
      /** The same for the same request, however often it comes. */
      id: t.string,
      kind: RequestKind,
      /** ISO 8601. */
      requestedAt: t.string,
    }),
    t.partial({
      /** The callback's token and its execution, of a pipeline that waits for an answer. */
      token: t.string,
      pipelineExecutionArn: t.string,
      /** The model, where somebody made it; else it is made of the package. */
      modelName: t.string,
      modelPackageArn: t.string,
      /** Of changed `settings`: {@link settingsHash} of those that are wanted. */
      settingsHash: t.string,
      /** Who asked, and why. */
      requestedBy: t.string,
      because: t.string,
    }),
  ],
  "Request",
);
export type Request = t.TypeOf<typeof Request>;

/**
 * How far a deployment is: `checking` until its model is known to be the one that was evaluated, `starting` from
 * before the first call that changes the endpoint, `started` once SageMaker has taken the change, `settled` once
 * whoever asked has an answer.
 */
export const Phase = t.keyof({ checking: null, starting: null, started: null, settled: null }, "Phase");
export type Phase = t.TypeOf<typeof Phase>;

/** The deployment that an endpoint is at, or was at last. */
export const Deployment = t.intersection(
  [
    Request,
    t.type({
      endpointName: t.string,
      phase: Phase,
      /** From 1. */
      attempt: t.number,
      /** ISO 8601: when its turn came. */
      begunAt: t.string,
    }),
    t.partial({
      /** The endpoint config that is to be live, once it is known. */
      configName: t.string,
      /** Whether its model is to answer requests, or only to get a copy of them. Default: live. */
      servesAs: t.keyof({ live: null, shadow: null }),
      /** ISO 8601: when whoever asked was told that it takes too long. */
      overdueAt: t.string,
    }),
  ],
  "Deployment",
);
export type Deployment = t.TypeOf<typeof Deployment>;

/** What became of a request; `succeeded` and `reason` once it is settled. */
export const RequestRecord = t.intersection(
  [
    Request,
    t.type({ state: t.keyof({ queued: null, running: null, settled: null }) }),
    t.partial({
      attempt: t.number,
      modelName: t.string,
      configName: t.string,
      succeeded: t.boolean,
      reason: t.string,
      settledAt: t.string,
      /** ISO 8601: when its endpoint config and model were removed. */
      removedAt: t.string,
    }),
  ],
  "RequestRecord",
);
export type RequestRecord = t.TypeOf<typeof RequestRecord>;

/** While it is frozen, nothing is deployed but what a person asks for. */
export const Freeze = t.type(
  { frozen: t.boolean, requestedBy: t.string, because: t.string, requestedAt: t.string },
  "Freeze",
);
export type Freeze = t.TypeOf<typeof Freeze>;

export interface Outcome {
  succeeded: boolean;
  reason: string;
}

/** A request in the queue, by the record that it is. */
export const QueueItem = t.type({ record: t.string, id: t.string, kind: RequestKind, attempt: t.number }, "QueueItem");
