import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import {
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  ResourceNotFound,
  type MetricDataQuery,
  type PutMetricAlarmCommandInput,
} from "@aws-sdk/client-cloudwatch";
import { configNameStem, tagList } from "./endpoint-config";
import type { EndpointSettings } from "./endpoint-settings";
import type { Tags } from "./environment";
import { bakeSeconds } from "./rollout";
import { PROBABILITY_METRIC, FLAGGED_METRIC, SCORES_NAMESPACE, scoreDimensions } from "./score-metrics";
import { packageVersion } from "./scoring";

/** What the alarms of a rollout are about; SageMaker takes ten at most. */
const ALARMS = ["server-errors", "latency", "score-shift"] as const;
type AlarmKind = (typeof ALARMS)[number];

const alarmName = (configName: string, kind: AlarmKind): string => `${configName}-${kind}`;

/** Names of all alarms that the rollout of a config may have. */
export const rolloutAlarmNames = (configName: string): string[] => ALARMS.map((kind) => alarmName(configName, kind));

export interface RolloutModels {
  /** The package that is rolled out. */
  newPackageArn: string;
  /** The package that serves now; undefined where nobody knows. */
  livePackageArn: string | undefined;
}

/**
 * The alarms that make SageMaker go back to the old fleet. They watch the new fleet alone: the endpoint's own metrics
 * mix both. None where the rollout has no bake, since nobody would hear them.
 */
export function rolloutAlarms(
  configName: string,
  settings: EndpointSettings,
  models: RolloutModels,
  tags: Tags,
): PutMetricAlarmCommandInput[] {
  if (bakeSeconds(settings.rollout) === 0) return [];
  const { alarms, endpointName, variantName } = settings;
  const common = {
    EvaluationPeriods: alarms.evaluationPeriods,
    DatapointsToAlarm: alarms.evaluationPeriods,
    ComparisonOperator: "GreaterThanThreshold" as const,
    TreatMissingData: "notBreaching",
    Tags: tagList(tags),
  };
  const newFleet = {
    Namespace: "AWS/SageMaker",
    Dimensions: [
      { Name: "EndpointName", Value: endpointName },
      { Name: "VariantName", Value: variantName },
      { Name: "EndpointConfigName", Value: configName },
    ],
    Period: alarms.periodSeconds,
  };
  const made: PutMetricAlarmCommandInput[] = [
    {
      ...common,
      ...newFleet,
      AlarmName: alarmName(configName, "server-errors"),
      AlarmDescription: `More than ${alarms.serverErrorPercent}% of the new fleet's answers are server errors: the rollout goes back.`,
      // 1 for each request that failed, 0 for any other: the mean is the share.
      MetricName: "Invocation5XXErrors",
      Statistic: "Average",
      Threshold: alarms.serverErrorPercent / 100,
    },
    {
      ...common,
      ...newFleet,
      AlarmName: alarmName(configName, "latency"),
      AlarmDescription: `One request in a hundred takes the new fleet more than ${alarms.latencyP99Milliseconds} ms: the rollout goes back.`,
      MetricName: "ModelLatency",
      ExtendedStatistic: "p99",
      // The metric is in microseconds.
      Threshold: alarms.latencyP99Milliseconds * 1000,
    },
  ];
  const { newPackageArn, livePackageArn } = models;
  if (livePackageArn === undefined || livePackageArn === newPackageArn) return made;
  made.push({
    ...common,
    AlarmName: alarmName(configName, "score-shift"),
    AlarmDescription: `The new model's scores differ by more than ${alarms.scoreShift} from those of the live model: the rollout goes back.`,
    Metrics: shiftQueries(settings, newPackageArn, livePackageArn),
    Threshold: alarms.scoreShift,
  });
  return made;
}

/** Both models score a part of the same traffic at the same time, so that a change of the traffic is no shift. */
function shiftQueries(settings: EndpointSettings, newPackageArn: string, livePackageArn: string): MetricDataQuery[] {
  const { endpointName, alarms } = settings;
  const query = (Id: string, MetricName: string, packageArn: string, Stat: string): MetricDataQuery => ({
    Id,
    ReturnData: false,
    MetricStat: {
      Metric: {
        Namespace: SCORES_NAMESPACE,
        MetricName,
        Dimensions: Object.entries(scoreDimensions(endpointName, packageVersion(packageArn))).map(([Name, Value]) => ({
          Name,
          Value,
        })),
      },
      Period: alarms.periodSeconds,
      Stat,
    },
  });
  const enough = `new_count >= ${alarms.minimumScores} AND live_count >= ${alarms.minimumScores}`;
  const difference = "MAX([ABS(new_mean - live_mean), ABS(new_flagged - live_flagged)])";
  return [
    { Id: "shift", Expression: `IF(${enough}, ${difference}, 0)`, Label: "Shift of the scores", ReturnData: true },
    query("new_mean", PROBABILITY_METRIC, newPackageArn, "Average"),
    query("live_mean", PROBABILITY_METRIC, livePackageArn, "Average"),
    query("new_flagged", FLAGGED_METRIC, newPackageArn, "Average"),
    query("live_flagged", FLAGGED_METRIC, livePackageArn, "Average"),
    query("new_count", PROBABILITY_METRIC, newPackageArn, "SampleCount"),
    query("live_count", PROBABILITY_METRIC, livePackageArn, "SampleCount"),
  ];
}

/** Makes the alarms, or sets them anew under their names. */
export async function putAlarms(
  cloudwatch: CloudWatchClient,
  alarms: readonly PutMetricAlarmCommandInput[],
): Promise<string[]> {
  for (const alarm of alarms) await cloudwatch.send(new PutMetricAlarmCommand(alarm));
  return alarms.map(({ AlarmName }) => AlarmName ?? "");
}

/** Which of a rollout's alarms have fired since `since`, with CloudWatch's reason. They may have cleared by now. */
export async function firedAlarms(cloudwatch: CloudWatchClient, configName: string, since: Date): Promise<string[]> {
  const fired: string[] = [];
  for (const AlarmName of rolloutAlarmNames(configName)) {
    const { AlarmHistoryItems } = await cloudwatch.send(
      new DescribeAlarmHistoryCommand({
        AlarmName,
        HistoryItemType: "StateUpdate",
        StartDate: since,
        EndDate: new Date(),
        ScanBy: "TimestampDescending",
      }),
    );
    const summary = AlarmHistoryItems?.find(({ HistorySummary }) => / to ALARM$/.test(HistorySummary ?? ""));
    if (summary !== undefined) fired.push(AlarmName);
  }
  return fired;
}

/** Removes the alarms of all rollouts of an endpoint; names of those that it removed. */
export async function removeAllAlarms(cloudwatch: CloudWatchClient, endpointName: string): Promise<string[]> {
  const AlarmNamePrefix = `${configNameStem(endpointName)}-`;
  const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNamePrefix, MaxRecords: 100 }));
  // What else begins so is another endpoint's, or a person's.
  const ours = new RegExp(`^[0-9a-f]{12}(?=-(?:${ALARMS.join("|")})$)`);
  const hashes = MetricAlarms.flatMap(({ AlarmName = "" }) => ours.exec(AlarmName.slice(AlarmNamePrefix.length)) ?? []);
  const removed: string[] = [];
  for (const hash of new Set(hashes)) {
    const configName = `${AlarmNamePrefix}${hash}`;
    await removeAlarms(cloudwatch, configName);
    removed.push(...rolloutAlarmNames(configName));
  }
  return removed;
}

/** Removes a rollout's alarms; those that are not there are no error. */
export async function removeAlarms(cloudwatch: CloudWatchClient, configName: string): Promise<void> {
  for (;;) {
    const { MetricAlarms = [] } = await cloudwatch.send(
      new DescribeAlarmsCommand({ AlarmNames: rolloutAlarmNames(configName) }),
    );
    const AlarmNames = MetricAlarms.flatMap(({ AlarmName }) => AlarmName ?? []);
    if (AlarmNames.length === 0) return;
    try {
      await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames }));
    } catch (error) {
      // Another function removes them too. CloudWatch deletes none where it does not find one: look again.
      if (!(error instanceof ResourceNotFound)) throw error;
    }
  }
}
