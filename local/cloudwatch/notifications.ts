// What is told of an alarm's change of state, in the forms in which CloudWatch writes it.
import type { AlarmDocument, MetricAlarmDocument, StateRecord } from "./alarm-documents";
import { percentileOf } from "./statistics";
import { awsDate } from "./reasons";

/** One change of an alarm's state. */
export interface Transition {
  alarm: AlarmDocument;
  from: StateRecord;
  to: StateRecord;
}

/** Where the alarm is. */
export interface Place {
  accountId: string;
  region: string;
  /** The region's name for people: `EU (Ireland)`. */
  regionName: string;
}

/** The detail of EventBridge's "CloudWatch Alarm State Change". */
export function eventDetail({ alarm, from, to }: Transition): object {
  const { definition } = alarm;
  const configuration =
    alarm.kind === "MetricAlarm"
      ? { metrics: metricsOf(alarm) }
      : {
          alarmRule: alarm.definition.AlarmRule,
          actionsEnabled: definition.ActionsEnabled ?? true,
        };
  return {
    alarmName: definition.AlarmName,
    configuration: {
      ...(definition.AlarmDescription === undefined ? {} : { description: definition.AlarmDescription }),
      ...configuration,
    },
    previousState: stateDetail(from),
    state: stateDetail(to),
  };
}

/** The message that SNS topics get: JSON, with the subject that its e-mails have. */
export function snsMessage({ alarm, from, to }: Transition, place: Place): { subject: string; message: string } {
  const { definition } = alarm;
  const body = {
    AlarmName: definition.AlarmName,
    AlarmDescription: definition.AlarmDescription ?? null,
    ...(alarm.kind === "CompositeAlarm" ? { AlarmRule: alarm.definition.AlarmRule } : {}),
    AWSAccountId: place.accountId,
    AlarmConfigurationUpdatedTimestamp: awsDate(alarm.configurationUpdatedAt),
    NewStateValue: to.value,
    NewStateReason: to.reason,
    StateChangeTime: awsDate(to.updatedAt),
    Region: place.regionName,
    AlarmArn: alarm.arn,
    OldStateValue: from.value,
    OKActions: definition.OKActions ?? [],
    AlarmActions: definition.AlarmActions ?? [],
    InsufficientDataActions: definition.InsufficientDataActions ?? [],
    ...(alarm.kind === "MetricAlarm" ? { Trigger: trigger(alarm) } : {}),
  };
  // Subjects of SNS are at most 100 characters.
  const subject = `${to.value}: "${definition.AlarmName}" in ${place.regionName}`.slice(0, 100);
  return { subject, message: JSON.stringify(body) };
}

/** What a Lambda function gets that an alarm calls. */
export function lambdaEvent(transition: Transition, { accountId, region }: Place): object {
  const { alarm, to } = transition;
  const { alarmName, configuration, previousState, state } = eventDetail(transition) as Record<string, object>;
  return {
    source: "aws.cloudwatch",
    alarmArn: alarm.arn,
    accountId,
    time: awsDate(to.updatedAt),
    region,
    alarmData: { alarmName, state, previousState, configuration },
  };
}

function stateDetail({ value, reason, reasonData, updatedAt }: StateRecord): object {
  return { value, reason, ...(reasonData === undefined ? {} : { reasonData }), timestamp: awsDate(updatedAt) };
}

function metricsOf({ definition, arn }: MetricAlarmDocument): object[] {
  if (definition.Metrics) {
    return definition.Metrics.map(({ Id, Expression, Label, MetricStat, ReturnData = true }) => ({
      id: Id,
      ...(Expression === undefined ? {} : { expression: Expression }),
      ...(Label === undefined ? {} : { label: Label }),
      ...(MetricStat === undefined
        ? {}
        : {
            metricStat: {
              metric: {
                namespace: MetricStat.Metric.Namespace,
                name: MetricStat.Metric.MetricName,
                dimensions: dimensionsOf(MetricStat.Metric.Dimensions),
              },
              period: MetricStat.Period,
              stat: MetricStat.Stat,
            },
          }),
      returnData: ReturnData,
    }));
  }
  return [
    {
      // Of a plain metric the id is CloudWatch's own: here the same for the same alarm.
      id: arn.slice(arn.lastIndexOf(":") + 1),
      metricStat: {
        metric: {
          namespace: definition.Namespace,
          name: definition.MetricName,
          dimensions: dimensionsOf(definition.Dimensions),
        },
        period: definition.Period,
        stat: definition.Statistic ?? definition.ExtendedStatistic,
      },
      returnData: true,
    },
  ];
}

function dimensionsOf(dimensions: MetricAlarmDocument["definition"]["Dimensions"] = []): object {
  return Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]));
}

function trigger({ definition }: MetricAlarmDocument): object {
  const common = {
    Period: definition.Period,
    EvaluationPeriods: definition.EvaluationPeriods,
    ...(definition.DatapointsToAlarm === undefined ? {} : { DatapointsToAlarm: definition.DatapointsToAlarm }),
    ComparisonOperator: definition.ComparisonOperator,
    Threshold: definition.Threshold,
    TreatMissingData: definition.TreatMissingData ?? "missing",
    EvaluateLowSampleCountPercentile: definition.EvaluateLowSampleCountPercentile ?? "",
  };
  if (definition.Metrics) {
    return {
      ...common,
      Metrics: definition.Metrics.map(({ MetricStat, ...query }) => ({
        ...query,
        ...(MetricStat === undefined
          ? {}
          : {
              MetricStat: {
                ...MetricStat,
                Metric: { ...MetricStat.Metric, Dimensions: lowerCase(MetricStat.Metric.Dimensions) },
              },
            }),
        ReturnData: query.ReturnData ?? true,
      })),
    };
  }
  const percentile = definition.ExtendedStatistic && percentileOf(definition.ExtendedStatistic) !== undefined;
  return {
    MetricName: definition.MetricName,
    Namespace: definition.Namespace,
    ...(percentile
      ? { StatisticType: "ExtendedStatistic", ExtendedStatistic: definition.ExtendedStatistic }
      : { StatisticType: "Statistic", Statistic: statisticInCapitals(definition.Statistic) }),
    Unit: definition.Unit ?? null,
    Dimensions: lowerCase(definition.Dimensions),
    ...common,
  };
}

function lowerCase(dimensions: MetricAlarmDocument["definition"]["Dimensions"] = []): object[] {
  return dimensions.map(({ Name, Value }) => ({ value: Value, name: Name }));
}

/** `SampleCount` → `SAMPLE_COUNT`, as these messages write statistics. */
function statisticInCapitals(statistic = ""): string {
  return statistic.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
