// What a preview prints with --json.
import * as t from "io-ts";
import type { Planned } from "./plan";
import { Cost } from "./cost";

const count = t.number;

const Step = t.type({
  urn: t.string,
  type: t.string,
  op: t.union([t.literal("create"), t.literal("update"), t.literal("replace"), t.literal("delete")]),
  /** Property path → how it changes: `add`, `delete`, `update`, or one of these with `-replace`. */
  differences: t.record(t.string, t.string),
});

export const PreviewReport = t.type(
  {
    stack: t.string,
    /** The commit that the head is compared with; null: with nothing. */
    base: t.union([t.string, t.null]),
    changes: t.type({ create: count, update: count, replace: count, delete: count, same: count }),
    /** All of the head's, components included. Secrets are `[secret]`, what only AWS can tell is made up but stays the same. */
    resources: t.array(t.type({ urn: t.string, type: t.string, inputs: t.UnknownRecord })),
    /** What is not the same. */
    steps: t.array(Step),
    policy: t.array(
      t.type({
        policy: t.string,
        enforcement: t.union([t.literal("mandatory"), t.literal("advisory")]),
        urn: t.string,
        message: t.string,
      }),
    ),
    cost: Cost,
    /** What the preview could not take as it is, and what the engine warned of. */
    notes: t.array(t.string),
  },
  "PreviewReport",
);
export type PreviewReport = t.TypeOf<typeof PreviewReport>;

/** The report of a preview. Its lists are sorted: the same program gives the same text. */
export function reportOf(stack: string, base: string | null, planned: Planned, cost: Cost): PreviewReport {
  const { plan, changes, warnings, notes } = planned;
  const resources = byUrn(plan.resources);
  return {
    stack,
    base,
    changes,
    resources: resources.flatMap(({ urn, type, after }) => (after ? [{ urn, type, inputs: after }] : [])),
    steps: resources.flatMap(({ urn, type, op, differences }) =>
      op === "same" ? [] : [{ urn, type, op, differences }],
    ),
    policy: [...plan.violations].sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b))),
    cost,
    notes: [...notes, ...warnings],
  };
}

/** In an order that does not hang on when each was planned. */
export function byUrn<R extends { urn: string }>(resources: readonly R[]): R[] {
  return [...resources].sort((one, other) => compare(one.urn, other.urn));
}

/** By code units: the same on every machine. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
