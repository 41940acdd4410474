import * as t from "io-ts";

/** How an endpoint goes over to a new model. Percentages are of the variant's instances, waits in seconds. */
export const Rollout = t.union(
  [
    t.type({ type: t.literal("all-at-once") }),
    t.type({ type: t.literal("canary"), canaryPercent: t.number, waitIntervalSeconds: t.number }),
    t.type({ type: t.literal("linear"), stepPercent: t.number, waitIntervalSeconds: t.number }),
  ],
  "Rollout",
);
export type Rollout = t.TypeOf<typeof Rollout>;

/** What an endpoint records of its traffic: `percent` (0–100) of requests and answers, under `destinationUri`. */
export const DataCapture = t.type({ percent: t.number, destinationUri: t.string }, "DataCapture");
export type DataCapture = t.TypeOf<typeof DataCapture>;
