import type { PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import type { Wire } from "../server/json-service";
import { invalid, invalidCombination } from "./errors";
import { COMPARISONS } from "./evaluation";
import { checkQueries, wrongPeriod } from "./queries";
import { isStatistic } from "./statistics";

const TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"];
const DAY_SECONDS = 86_400;
/** What actions may be: anything else AWS would do, and nobody here would. */
const ACTION = /^arn:aws[a-z-]*:(sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?|lambda:[a-z0-9-]+:\d{12}:function:[\w:$-]+)$/;

/** @throws AwsError for what AWS refuses beyond its model, and for what is not done here */
export function checkMetricAlarm(input: Wire<PutMetricAlarmInput>): void {
  checkActions(input);
  const { MetricName, Metrics, TreatMissingData, EvaluationPeriods, DatapointsToAlarm, ThresholdMetricId } = input;
  if (EvaluationPeriods === undefined) throw invalid("EvaluationPeriods must be specified.");
  if ((MetricName === undefined) === (Metrics === undefined)) {
    throw invalidCombination("Exactly one of MetricName and Metrics must be specified.");
  }
  if (ThresholdMetricId !== undefined || !Object.hasOwn(COMPARISONS, input.ComparisonOperator ?? "")) {
    throw invalid("Anomaly detection is not done here: only alarms with a static threshold are evaluated.");
  }
  if (input.Threshold === undefined) throw invalid("Threshold must be specified.");
  if (TreatMissingData !== undefined && !TREATMENTS.includes(TreatMissingData)) {
    throw invalid(`The value ${TreatMissingData} for parameter TreatMissingData is none of ${TREATMENTS.join(", ")}.`);
  }
  if (DatapointsToAlarm !== undefined && DatapointsToAlarm > EvaluationPeriods) {
    throw invalid(`DatapointsToAlarm is ${DatapointsToAlarm}, more than the ${EvaluationPeriods} EvaluationPeriods.`);
  }
  const low = input.EvaluateLowSampleCountPercentile;
  if (low !== undefined && !["evaluate", "ignore"].includes(low)) {
    throw invalid(`Option ${low} is not supported: EvaluateLowSampleCountPercentile is evaluate or ignore.`);
  }
  const periods = Metrics ? checkMetrics(Metrics) : [checkMetric(input)];
  for (const period of periods) {
    if (period * EvaluationPeriods > DAY_SECONDS * (period >= 3600 ? 7 : 1)) {
      throw invalid(
        `Metrics cannot be checked across more than a day (a week where the period is an hour or more): EvaluationPeriods * Period is ${period * EvaluationPeriods} seconds.`,
      );
    }
  }
}

/** @throws AwsError for actions that nobody here would take */
export function checkActions(input: {
  OKActions?: string[];
  AlarmActions?: string[];
  InsufficientDataActions?: string[];
}): void {
  const { OKActions = [], AlarmActions = [], InsufficientDataActions = [] } = input;
  for (const arn of [...OKActions, ...AlarmActions, ...InsufficientDataActions]) {
    if (!ACTION.test(arn)) {
      throw invalid(`Invalid alarm action ${arn}: here SNS topics and Lambda functions are told, nothing else is.`);
    }
  }
}

function checkMetric({
  Namespace,
  Statistic,
  ExtendedStatistic,
  Period,
  MetricName,
}: Wire<PutMetricAlarmInput>): number {
  if (!Namespace) throw invalid(`Namespace must be specified with the metric ${MetricName}.`);
  if ((Statistic === undefined) === (ExtendedStatistic === undefined)) {
    throw invalidCombination("Exactly one of Statistic and ExtendedStatistic must be specified with a metric.");
  }
  const name = Statistic ?? ExtendedStatistic ?? "";
  if (!isStatistic(name)) {
    throw invalid(`The value ${name} for parameter ExtendedStatistic is not computed here: p0 to p100 are.`);
  }
  if (Period === undefined) throw invalid("Period must be specified with a metric.");
  const wrong = wrongAlarmPeriod(Period);
  if (wrong) throw invalid(`Period ${wrong}`);
  return Period;
}

function checkMetrics(queries: NonNullable<Wire<PutMetricAlarmInput>["Metrics"]>): number[] {
  checkQueries(queries, invalid);
  const returned = queries.filter(({ ReturnData }) => ReturnData !== false);
  if (returned.length !== 1) {
    throw invalid(
      `Exactly one of Metrics must return data, not ${returned.length}: set ReturnData to false on the others.`,
    );
  }
  const periods = queries.flatMap(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? []);
  const wrong = periods.map(wrongAlarmPeriod).find((reason) => reason !== undefined);
  if (wrong) throw invalid(`Period ${wrong}`);
  return periods;
}

function wrongAlarmPeriod(period: number): string | undefined {
  return period < 10 ? `is ${period} seconds: an alarm's is 10 at least.` : wrongPeriod(period);
}
