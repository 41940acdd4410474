import type { TargetTrackingScalingPolicyConfiguration } from "@aws-sdk/client-application-auto-scaling";
import type { MetricDataQuery, PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import type { Wire } from "../server/json-service";
import { invalid, variantOf, type Scalable } from "./context";

export type TargetTracking = Wire<TargetTrackingScalingPolicyConfiguration>;

/** The metric that a policy tracks: what its alarms look at. */
type TrackedMetric = Pick<
  PutMetricAlarmInput,
  "Namespace" | "MetricName" | "Dimensions" | "Statistic" | "Unit" | "Period" | "Metrics"
>;

/** Predefined metrics of variants, with the statistic and the period that AWS's alarms on them have. */
const PREDEFINED: Readonly<
  Record<string, { name: string; statistic: "Sum" | "Average" | "Maximum"; periodSeconds: number }>
> = {
  SageMakerVariantInvocationsPerInstance: { name: "InvocationsPerInstance", statistic: "Sum", periodSeconds: 60 },
  SageMakerVariantConcurrentRequestsPerModelHighResolution: {
    name: "ConcurrentRequestsPerModel",
    statistic: "Maximum",
    periodSeconds: 10,
  },
};

const CUSTOM_PERIOD_SECONDS = 60;
/** Seconds that pass between two changes in the same direction when the policy does not say, as for SageMaker. */
const COOLDOWN_SECONDS = 300;
/** Periods in a row above the target until more instances are wanted, and below until fewer are. */
const HIGH_PERIODS = 3;
const LOW_PERIODS = 15;
/** What of the target is low. */
const LOW_SHARE = 0.9;

/** @throws AwsError for a metric that is not measured here */
export function trackedMetric(config: TargetTracking, scalable: Scalable): TrackedMetric {
  const { PredefinedMetricSpecification: predefined, CustomizedMetricSpecification: custom } = config;
  if ((predefined === undefined) === (custom === undefined)) {
    throw invalid("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is wanted.");
  }
  if (custom?.Metrics) {
    if (custom.MetricName !== undefined) throw invalid("Metrics and MetricName exclude each other.");
    // Queries of policies have no period of their own.
    const Metrics = custom.Metrics.map(({ MetricStat, ...query }): object => ({
      ...query,
      ...(MetricStat ? { MetricStat: { ...MetricStat, Period: CUSTOM_PERIOD_SECONDS } } : {}),
    }));
    return { Metrics: Metrics as MetricDataQuery[] };
  }
  if (custom) {
    const { Namespace, MetricName, Dimensions = [], Statistic, Unit } = custom;
    if (!Namespace || !MetricName || !Statistic) {
      throw invalid("A customized metric needs Namespace, MetricName and Statistic, or Metrics.");
    }
    return {
      Namespace,
      MetricName,
      Dimensions,
      Statistic,
      Period: CUSTOM_PERIOD_SECONDS,
      ...(Unit ? { Unit: Unit as never } : {}),
    };
  }
  const metric = PREDEFINED[predefined?.PredefinedMetricType ?? ""];
  if (!metric) {
    const known = Object.keys(PREDEFINED).join(", ");
    throw invalid(`PredefinedMetricType ${predefined?.PredefinedMetricType} is none of a variant: ${known}.`);
  }
  const { endpointName, variantName } = variantOf(scalable);
  return {
    Namespace: "AWS/SageMaker",
    MetricName: metric.name,
    Dimensions: [
      { Name: "EndpointName", Value: endpointName },
      { Name: "VariantName", Value: variantName },
    ],
    Statistic: metric.statistic,
    Period: metric.periodSeconds,
  };
}

/** The two alarms of a policy, as AWS makes them. */
export function alarmsOf(
  config: TargetTracking,
  scalable: Scalable,
  names: { high: string; low: string },
  policyArn: string,
): PutMetricAlarmInput[] {
  const metric = trackedMetric(config, scalable);
  const description = `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policyArn}.`;
  const common = { ...metric, AlarmDescription: description, TreatMissingData: "missing" };
  return [
    {
      ...common,
      AlarmName: names.high,
      ComparisonOperator: "GreaterThanThreshold",
      Threshold: config.TargetValue,
      EvaluationPeriods: HIGH_PERIODS,
    },
    {
      ...common,
      AlarmName: names.low,
      ComparisonOperator: "LessThanThreshold",
      Threshold: config.TargetValue * LOW_SHARE,
      EvaluationPeriods: LOW_PERIODS,
    },
  ];
}

/** A change that was made, or is under way. */
export interface Change {
  from: number;
  to: number;
  /** Epoch seconds. */
  at: number;
}

/** What a policy sees when it is asked. */
export interface Observation {
  /** Instances now. */
  current: number;
  high: boolean;
  low: boolean;
  /** The metric's datapoints in the range that the alarm looks at, oldest first. */
  values: readonly number[];
  /** The last change of each direction. */
  lastOut: Change | undefined;
  lastIn: Change | undefined;
  /** Epoch seconds. */
  now: number;
}

/**
 * How many instances a policy wants: in proportion to how far the metric is from its target. What the last increase
 * brought counts as brought for as long as it cools down, and only a greater one is made meanwhile.
 */
export function desiredBy(config: TargetTracking, seen: Observation): number {
  const { current, values, lastOut, lastIn, now } = seen;
  const highest = Math.max(...values);
  if (values.length === 0 || (!seen.high && !seen.low)) return current;
  const proportional = (instances: number): number => Math.ceil((instances * highest) / config.TargetValue - 1e-9);
  const cooling = (change: Change | undefined, seconds = COOLDOWN_SECONDS): boolean =>
    change !== undefined && now < change.at + seconds;
  if (seen.high) {
    const base = lastOut && cooling(lastOut, config.ScaleOutCooldown) ? lastOut.from : current;
    return Math.max(current, proportional(base));
  }
  if (config.DisableScaleIn === true || cooling(lastIn, config.ScaleInCooldown)) return current;
  // Never below the last instance, nor at a bound by one datapoint: the highest of them all decides.
  return Math.min(current, Math.max(1, proportional(current)));
}
