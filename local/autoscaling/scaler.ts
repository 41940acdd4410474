import {
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  type CloudWatchClient,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { messageOf } from "../server/errors";
import type { ScalingActivities } from "./activities";
import type { Scalable } from "./context";
import type { Policy, ScalingPolicies } from "./policies";
import { desiredBy } from "./target-tracking";
import type { ScalableTargets } from "./targets";
import type { Capacity, Variants } from "./variants";

/** What a scaler works on. */
export interface ScalerParts {
  targets: Pick<ScalableTargets, "all">;
  policies: Pick<ScalingPolicies, "of">;
  activities: ScalingActivities;
  variants: Pick<Variants, "capacity" | "scale">;
  cloudwatch: Pick<CloudWatchClient, "send">;
  /** Epoch seconds. */
  now: () => number;
}

type Target = ReturnType<ScalableTargets["all"]>[number];

/** Gives variants as many instances as their limits and policies want. */
export class Scaler {
  private running: Promise<void> | undefined;

  constructor(private readonly parts: ScalerParts) {}

  /** Looks at every target once. Does nothing while an earlier look goes on; never rejects. */
  run(): Promise<void> {
    this.running ??= this.look().finally(() => (this.running = undefined));
    return this.running;
  }

  private async look(): Promise<void> {
    for (const target of this.parts.targets.all()) {
      try {
        await this.lookAt(target);
      } catch (error) {
        console.error(`scaling ${target.ResourceId}: ${messageOf(error)}`);
      }
    }
  }

  private async lookAt(target: Target): Promise<void> {
    const { activities, variants } = this.parts;
    const capacity = await variants.capacity(target);
    const underWay = activities.underWay(target);
    if (underWay) {
      if (capacity?.changing) return;
      const done = capacity?.instances === underWay.to;
      return activities.end(underWay.id, done ? undefined : (capacity?.failure ?? "The variant has another count."));
    }
    // Meanwhile it is deployed, or deleted: its turn comes.
    if (!capacity || capacity.changing) return;
    const change = limited(target, capacity.instances) ?? (await this.wanted(target, capacity));
    if (!change) return;
    const id = activities.begin(target, capacity.instances, change.to, change.cause);
    try {
      await variants.scale(target, change.to);
    } catch (error) {
      activities.end(id, messageOf(error));
    }
  }

  /** What the policies want within the limits: the most that any of them wants. */
  private async wanted(target: Target, { instances }: Capacity): Promise<{ to: number; cause: string } | undefined> {
    let wanted: { to: number; cause: string } | undefined;
    for (const policy of this.parts.policies.of(target)) {
      const asked = await this.ask(policy, target, instances);
      if (!wanted || asked.to > wanted.to) wanted = asked;
    }
    if (!wanted) return undefined;
    const to = Math.min(target.MaxCapacity, Math.max(target.MinCapacity, wanted.to));
    const suspended = target.SuspendedState;
    if (to > instances && suspended?.DynamicScalingOutSuspended) return undefined;
    if (to < instances && suspended?.DynamicScalingInSuspended) return undefined;
    return to === instances ? undefined : { ...wanted, to };
  }

  private async ask(policy: Policy, target: Scalable, current: number): Promise<{ to: number; cause: string }> {
    const { activities, cloudwatch, now } = this.parts;
    const names = (policy.Alarms ?? []).map(({ AlarmName }) => AlarmName);
    const { MetricAlarms: alarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: names }));
    const on = alarms.find(({ StateValue }) => StateValue === "ALARM");
    if (!on) return { to: current, cause: "" };
    const to = desiredBy(policy.TargetTrackingScalingPolicyConfiguration, {
      current,
      high: on.AlarmName === names[0],
      low: on.AlarmName === names[1],
      values: await this.valuesOf(on),
      lastOut: activities.last(target, "out"),
      lastIn: activities.last(target, "in"),
      now: now(),
    });
    return { to, cause: `monitor alarm ${on.AlarmName} in state ALARM triggered policy ${policy.PolicyName}` };
  }

  /** The datapoints of an alarm's metric over the periods that the alarm looks at, oldest first. */
  private async valuesOf(alarm: MetricAlarm): Promise<number[]> {
    const { Namespace, MetricName, Dimensions, Statistic, Unit, EvaluationPeriods = 1 } = alarm;
    const queries = alarm.Metrics ?? [
      {
        Id: "tracked",
        MetricStat: {
          Metric: { Namespace, MetricName, Dimensions },
          Period: alarm.Period,
          Stat: Statistic,
          ...(Unit ? { Unit } : {}),
        },
      },
    ];
    const periods = queries.map(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 0);
    const now = this.parts.now();
    const answer = await this.parts.cloudwatch.send(
      new GetMetricDataCommand({
        MetricDataQueries: queries,
        StartTime: new Date((now - EvaluationPeriods * Math.max(...periods)) * 1000),
        EndTime: new Date(now * 1000),
        ScanBy: "TimestampAscending",
      }),
    );
    return answer.MetricDataResults?.[0]?.Values ?? [];
  }
}

/** What the limits alone want, whatever the policies say. */
function limited({ MinCapacity, MaxCapacity }: Target, instances: number): { to: number; cause: string } | undefined {
  if (instances < MinCapacity) return { to: MinCapacity, cause: `minimum capacity was set to ${MinCapacity}` };
  if (instances > MaxCapacity) return { to: MaxCapacity, cause: `maximum capacity was set to ${MaxCapacity}` };
  return undefined;
}
