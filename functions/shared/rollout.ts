import * as t from "io-ts";

/** How an endpoint goes over to a new model. Percentages are of the variant's instances, waits in seconds. */
export const Rollout = t.union(
  [
    t.intersection([
      t.type({ type: t.literal("all-at-once") }),
      /** How long the old fleet is kept beside the new one, for alarms to fire. Default: not at all. */
      t.partial({ bakeSeconds: t.number }),
    ]),
    t.type({ type: t.literal("canary"), canaryPercent: t.number, waitIntervalSeconds: t.number }),
    t.type({ type: t.literal("linear"), stepPercent: t.number, waitIntervalSeconds: t.number }),
    /** The new model gets a copy of `samplePercent` of the requests; nobody is given its answers. */
    t.type({ type: t.literal("shadow"), samplePercent: t.number }),
  ],
  "Rollout",
);
export type Rollout = t.TypeOf<typeof Rollout>;

/** Seconds during which alarms on the new fleet are watched, once it takes requests: 0 when none would be heard. */
export function bakeSeconds(rollout: Rollout): number {
  switch (rollout.type) {
    case "all-at-once":
      return rollout.bakeSeconds ?? 0;
    case "canary":
    case "linear":
      return rollout.waitIntervalSeconds;
    case "shadow":
      return 0;
  }
}
