import type { Metric, MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { Wire } from "../server/json-service";
import type { Series } from "./metric-math";
import type { MetricId, MetricStore } from "./metric-store";
import { resolveQueries, type Periods } from "./queries";
import { percentileOf, statistic } from "./statistics";

/** One statistic of one metric. */
export interface MetricStatistic {
  metric: MetricId;
  statistic: string;
  unit?: string | undefined;
}

/** The metric that a request names. */
export function metricId({ Namespace = "", MetricName = "", Dimensions = [] }: Wire<Metric>): MetricId {
  const dimensions = Object.fromEntries(Dimensions.map(({ Name = "", Value = "" }) => [Name, Value]));
  return { namespace: Namespace, name: MetricName, dimensions };
}

/** A statistic period by period; undefined for periods without data. */
export function seriesOf(store: MetricStore, of: MetricStatistic, periods: Periods): Series {
  return samplesByPeriod(store, of, periods).map((samples) => statistic(of.statistic, samples));
}

/**
 * Whether a percentile rests on too few values to mean anything, by CloudWatch's rule: 10 / (1 - p) of them from the
 * median up, 10 / p below. Never so for other statistics.
 */
export function hasFewSamples(store: MetricStore, of: MetricStatistic, periods: Periods): boolean {
  const percentile = percentileOf(of.statistic);
  if (percentile === undefined) return false;
  const share = percentile / 100;
  const needed = 10 / (share >= 0.5 ? 1 - share : share);
  const newest = samplesByPeriod(store, of, periods)
    .map((samples) => samples.reduce((total, { count }) => total + count, 0))
    .filter((count) => count > 0)
    .at(-1);
  return newest !== undefined && newest < needed;
}

/** What each of the queries gives, by its id. All are computed over the same periods. */
export function evaluateQueries(
  store: MetricStore,
  queries: readonly Wire<MetricDataQuery>[],
  periods: Periods,
): Map<string, Series> {
  return resolveQueries(queries, (metric) => seriesOf(store, statisticOf(metric), periods), periods);
}

/** The statistic that a query is. */
export function statisticOf({ Metric: metric, Stat, Unit }: NonNullable<Wire<MetricDataQuery>["MetricStat"]>) {
  return { metric: metricId(metric), statistic: Stat, unit: Unit };
}

function samplesByPeriod(store: MetricStore, { metric, unit }: MetricStatistic, periods: Periods) {
  const { start, periodSeconds, count } = periods;
  const grouped = Array.from({ length: count }, (): ReturnType<MetricStore["samples"]> => []);
  for (const sample of store.samples(metric, start, start + count * periodSeconds, unit)) {
    grouped[Math.floor((sample.at - start) / periodSeconds)]?.push(sample);
  }
  return grouped;
}
