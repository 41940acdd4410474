import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { AwsError, Wire } from "../server/json-service";
import { evaluateMath, MathError, type Series } from "./metric-math";
import { isStatistic } from "./statistics";

const ID = /^[a-z][a-zA-Z0-9_]*$/;

/**
 * Holds queries to what CloudWatch takes, and to what is computed here: ids, statistics, periods, expressions.
 *
 * @param refuse the error of the operation that has them
 */
export function checkQueries(queries: readonly Wire<MetricDataQuery>[], refuse: (message: string) => AwsError): void {
  const ids = queries.map(({ Id }) => Id);
  if (new Set(ids).size < ids.length) throw refuse("The ids of metric queries must be unique.");
  const periods = new Set(queries.flatMap(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? []));
  if (periods.size > 1) {
    throw refuse(
      `The queries have periods of ${[...periods].join(", ")} seconds: only one at a time is computed here.`,
    );
  }
  for (const { Id, MetricStat, Expression, Period } of queries) {
    if (!ID.test(Id)) throw refuse(`The value ${Id} for parameter Id is invalid: it begins with a small letter.`);
    if ((MetricStat === undefined) === (Expression === undefined)) {
      throw refuse(`The query ${Id} must have either MetricStat or Expression.`);
    }
    const wrong = wrongPeriod(MetricStat?.Period ?? Period);
    if (wrong) throw refuse(`The period of ${Id} ${wrong}`);
    if (MetricStat && !isStatistic(MetricStat.Stat)) {
      throw refuse(
        `The statistic ${MetricStat.Stat} of ${Id} is not computed here: the basic ones and p0 to p100 are.`,
      );
    }
    if (Expression !== undefined && periods.size === 0) {
      throw refuse(`The expression ${Id} has no period: no metric gives it one.`);
    }
  }
  try {
    resolveQueries(queries, () => [1], { start: 0, periodSeconds: 60, count: 1 });
  } catch (error) {
    if (error instanceof MathError) throw refuse(error.message);
    throw error;
  }
}

/** Consecutive periods: `count` of them, the first from `start` (epoch seconds) on. */
export interface Periods {
  start: number;
  periodSeconds: number;
  count: number;
}

/** Starts of the periods, epoch seconds. */
export function starts({ start, periodSeconds, count }: Periods): number[] {
  return Array.from({ length: count }, (_, index) => start + index * periodSeconds);
}

/**
 * What each of the queries gives, by its id.
 *
 * @param read the series of a query that is a metric
 * @throws MathError for an expression that can't be computed
 */
export function resolveQueries(
  queries: readonly Wire<MetricDataQuery>[],
  read: (metric: NonNullable<Wire<MetricDataQuery>["MetricStat"]>) => Series,
  periods: Periods,
): Map<string, Series> {
  const results = new Map<string, Series>();
  const pending = new Set<string>();
  const ids = queries.filter(({ MetricStat }) => MetricStat).map(({ Id }) => Id);
  const times = starts(periods);
  const resolve = (id: string): Series | undefined => {
    const known = results.get(id);
    const query = known ? undefined : queries.find((each) => each.Id === id);
    if (!query) return known;
    if (pending.has(id)) throw new MathError(`The expression ${id} refers to itself.`);
    pending.add(id);
    const found = query.MetricStat
      ? read(query.MetricStat)
      : evaluateMath(query.Expression ?? "", { resolve, ids, periods: times, periodSeconds: periods.periodSeconds });
    results.set(id, found);
    return found;
  };
  for (const { Id } of queries) resolve(Id);
  return results;
}

/** What is wrong with a period in seconds, if anything. */
export function wrongPeriod(period: number | undefined): string | undefined {
  if (period === undefined || [1, 5, 10, 20, 30].includes(period) || (period > 0 && period % 60 === 0))
    return undefined;
  return `is ${period} seconds, neither 1, 5, 10, 20 or 30 nor a multiple of 60.`;
}
