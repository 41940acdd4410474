import type { Refusal } from "../server/json-service";

/** What the local Application Auto Scaling leaves out on purpose. */
export const refused: readonly Refusal[] = [
  {
    operations: /^(?:Put|Delete|Describe)ScheduledActions?$/,
    why: "Nothing is scaled by the clock: policies scale by what is measured, and limits can be registered anew.",
  },
  { operations: /^GetPredictiveScalingForecast$/, why: "Nothing is scaled by AWS's forecasts." },
];
