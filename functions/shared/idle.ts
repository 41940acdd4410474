import * as t from "io-ts";

/** An endpoint that the idle schedule has taken down, and what it comes back with. */
export const Idle = t.intersection(
  [
    t.type({
      /** ISO 8601: when it was taken down. */
      since: t.string,
    }),
    t.partial({
      /** What was live by then; none where the endpoint did not serve. The champion comes back in that case. */
      configName: t.string,
      modelName: t.string,
      modelPackageArn: t.string,
    }),
  ],
  "Idle",
);
export type Idle = t.TypeOf<typeof Idle>;
