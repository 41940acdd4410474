import * as t from "io-ts";
import { Arn, json, Text } from "../shared/environment";

/** When violations start a training run, and how: the launcher's task. */
export const Retraining = t.type(
  {
    /** From one such run to the next, at least. */
    cooldownHours: t.number,
    /** Within seven days, at most. */
    maxPerWeek: t.number,
    clusterArn: t.string,
    taskFamily: t.string,
    subnetIds: t.array(t.string),
    securityGroupIds: t.array(t.string),
  },
  "Retraining",
);
export type Retraining = t.TypeOf<typeof Retraining>;

/** Environment of `settle-monitor`. */
export const SettleMonitorEnvironment = t.intersection(
  [
    t.type({
      ENDPOINT_NAME: Text,
      /** Hears of violations. */
      ALERTS_TOPIC_ARN: Arn,
      /** DynamoDB table of runs and of the training runs that they started, hash key `id` (S). */
      MONITOR_RUNS_TABLE_NAME: Text,
    }),
    t.partial({
      /** JSON `Retraining`; violations start nothing without it. */
      RETRAINING: json(Retraining),
    }),
  ],
  "SettleMonitorEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type SettleMonitorVariables = t.OutputOf<typeof SettleMonitorEnvironment>;
