import type {
  GetMetricDataInput,
  GetMetricDataOutput,
  GetMetricStatisticsInput,
  GetMetricStatisticsOutput,
  ListMetricsInput,
  ListMetricsOutput,
  MetricDatum,
  PutMetricDataInput,
} from "@aws-sdk/client-cloudwatch";
import type { Operation, RequestContext, Wire, WireOutput } from "../server/json-service";
import { ascending, type Position } from "../server/paging";
import { SERVICE_ACCESS_KEY_ID } from "../server/service-caller";
import { invalidCombination, invalidValue } from "./errors";
import { MathError } from "./metric-math";
import { dimensionsKey, type KnownMetric, type MetricStore, type Put } from "./metric-store";
import { cloudWatchPage } from "./paging";
import { checkQueries, starts } from "./queries";
import { evaluateQueries, metricId } from "./series";
import { isStatistic, statistic, type Sample } from "./statistics";

const MAX_AGE_SECONDS = 14 * 24 * 3600;
const MAX_AHEAD_SECONDS = 2 * 3600;
const MAX_DATAPOINTS = 1_440;
const MAX_QUERIED_DATAPOINTS = 100_800;
const PAGE = 500;
const RECENT_SECONDS = 3 * 3600;

/** Takes metrics in, and gives them back. */
export class MetricData {
  /** @param now epoch seconds */
  constructor(
    private readonly store: MetricStore,
    private readonly now: () => number,
  ) {}

  readonly operations: Record<string, Operation> = {
    PutMetricData: (input: Wire<PutMetricDataInput>, context) => this.put(input, context),
    ListMetrics: (input: Wire<ListMetricsInput>) => this.list(input),
    GetMetricStatistics: (input: Wire<GetMetricStatisticsInput>) => this.statistics(input),
    GetMetricData: (input: Wire<GetMetricDataInput>) => this.query(input),
  };

  private put(input: Wire<PutMetricDataInput>, { accessKeyId }: RequestContext): Promise<object> {
    const { Namespace, MetricData = [], EntityMetricData = [] } = input;
    if (Namespace.startsWith("AWS/") && accessKeyId !== SERVICE_ACCESS_KEY_ID) {
      throw invalidValue(
        `The value ${Namespace} for parameter Namespace is invalid: namespaces that begin with AWS/ are AWS's own.`,
      );
    }
    const data = [...MetricData, ...EntityMetricData.flatMap((entity) => entity.MetricData ?? [])];
    if (data.length === 0) throw invalidValue("The parameter MetricData must contain at least one datum.");
    this.store.put(data.flatMap((datum, index) => this.samples(Namespace, datum, `MetricData.member.${index + 1}`)));
    return Promise.resolve({});
  }

  private samples(Namespace: string, datum: Wire<MetricDatum>, path: string): Put[] {
    const { MetricName, Dimensions = [], Unit = "None", Timestamp, StorageResolution } = datum;
    const now = this.now();
    const at = Timestamp ?? now;
    if (at < now - MAX_AGE_SECONDS || at > now + MAX_AHEAD_SECONDS) {
      throw invalidValue(
        `The value ${new Date(at * 1000).toISOString()} for parameter ${path}.Timestamp is invalid: data may be two weeks old and two hours ahead.`,
      );
    }
    if (StorageResolution !== undefined && ![1, 60].includes(StorageResolution)) {
      throw invalidValue(`The value ${StorageResolution} for parameter ${path}.StorageResolution is neither 1 nor 60.`);
    }
    const names = Dimensions.map(({ Name }) => Name);
    if (new Set(names).size < names.length) throw invalidValue(`Dimensions of ${path} have a name twice.`);
    const metric = metricId({ Namespace, MetricName, Dimensions });
    return valuesOf(datum, path).map((values) => ({ metric, unit: Unit, sample: { at: Math.floor(at), ...values } }));
  }

  private list(input: Wire<ListMetricsInput>): Promise<WireOutput<ListMetricsOutput>> {
    const { Namespace, MetricName, Dimensions = [], RecentlyActive, NextToken } = input;
    const since = RecentlyActive ? this.now() - RECENT_SECONDS : -Infinity;
    const found = this.store.metrics().filter(
      ({ namespace, name, dimensions, lastPutAt }) =>
        (Namespace === undefined || namespace === Namespace) &&
        (MetricName === undefined || name === MetricName) &&
        lastPutAt >= since &&
        Dimensions.every(({ Name, Value }) => {
          const value = Object.hasOwn(dimensions, Name) ? dimensions[Name] : undefined;
          return value !== undefined && (Value === undefined || value === Value);
        }),
    );
    found.sort((one, other) => ascending(positionOf(one), positionOf(other)));
    const { page, NextToken: next } = cloudWatchPage(found, positionOf, NextToken, PAGE);
    return Promise.resolve({
      Metrics: page.map(({ namespace, name, dimensions }) => ({
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      })),
      ...next,
    } as unknown as WireOutput<ListMetricsOutput>);
  }

  private statistics(input: Wire<GetMetricStatisticsInput>): Promise<WireOutput<GetMetricStatisticsOutput>> {
    const { Period, StartTime, EndTime, Statistics = [], ExtendedStatistics = [], Unit, MetricName } = input;
    if (Statistics.length + ExtendedStatistics.length === 0) {
      throw invalidCombination("At least one of the parameters Statistics and ExtendedStatistics must be specified.");
    }
    const unknown = ExtendedStatistics.find((name) => !isStatistic(name));
    if (unknown)
      throw invalidValue(`The value ${unknown} for parameter ExtendedStatistics is not computed here: p0 to p100 are.`);
    const { start, count } = periods(StartTime, EndTime, Period);
    if (count > MAX_DATAPOINTS) {
      throw invalidCombination(
        `You have requested up to ${count} datapoints, which exceeds the limit of ${MAX_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
      );
    }
    const metric = metricId(input);
    const Datapoints = starts({ start, periodSeconds: Period, count }).flatMap((at) => {
      const samples = this.store.samples(metric, at, at + Period, Unit);
      if (samples.length === 0) return [];
      const point: Record<string, unknown> = { Timestamp: at, Unit: samples[0]?.unit ?? "None" };
      for (const name of Statistics) point[name] = statistic(name, samples);
      if (ExtendedStatistics.length > 0) {
        const extended = ExtendedStatistics.map((name) => [name, statistic(name, samples)] as const);
        point["ExtendedStatistics"] = Object.fromEntries(extended.filter(([, value]) => value !== undefined));
      }
      return [point];
    });
    return Promise.resolve({ Label: MetricName, Datapoints } as WireOutput<GetMetricStatisticsOutput>);
  }

  private query(input: Wire<GetMetricDataInput>): Promise<WireOutput<GetMetricDataOutput>> {
    const { MetricDataQueries: queries, StartTime, EndTime, ScanBy = "TimestampDescending" } = input;
    checkQueries(queries, invalidValue);
    const periodSeconds = Math.max(...queries.flatMap(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? []));
    const { start, count } = periods(StartTime, EndTime, periodSeconds);
    if (count * queries.length > MAX_QUERIED_DATAPOINTS) {
      throw invalidValue(`The request is for more than ${MAX_QUERIED_DATAPOINTS} datapoints: take longer periods.`);
    }
    const range = { start, periodSeconds, count };
    let series;
    try {
      series = evaluateQueries(this.store, queries, range);
    } catch (error) {
      if (error instanceof MathError) throw invalidValue(error.message);
      throw error;
    }
    const wanted = queries.filter(({ ReturnData }) => ReturnData !== false);
    const MetricDataResults = wanted.map(({ Id, Label, MetricStat }) => {
      const points = (series.get(Id) ?? []).flatMap((value, index) =>
        value === undefined ? [] : [{ at: start + index * periodSeconds, value }],
      );
      if (ScanBy === "TimestampDescending") points.reverse();
      return {
        Id,
        Label: Label ?? MetricStat?.Metric.MetricName ?? Id,
        Timestamps: points.map(({ at }) => at),
        Values: points.map(({ value }) => value),
        StatusCode: "Complete",
      };
    });
    return Promise.resolve({ MetricDataResults, Messages: [] } as unknown as WireOutput<GetMetricDataOutput>);
  }
}

/** The periods that touch the time asked for. CloudWatch begins them at multiples of their length. */
function periods(StartTime: number, EndTime: number, period: number): { start: number; count: number } {
  if (EndTime <= StartTime) {
    throw invalidValue("The parameter StartTime must be less than the parameter EndTime.");
  }
  const start = Math.floor(StartTime / period) * period;
  return { start, count: Math.ceil((EndTime - start) / period) };
}

function valuesOf(datum: Wire<MetricDatum>, path: string): Omit<Sample, "at">[] {
  const { Value, Values, Counts, StatisticValues: set } = datum;
  const given = [Value, Values, set].filter((each) => each !== undefined).length;
  if (given !== 1) {
    const names = `${path}.Value, ${path}.Values and ${path}.StatisticValues`;
    throw invalidCombination(`Exactly one of the parameters ${names} must be specified, not ${given}.`);
  }
  if (set) {
    const { SampleCount: count, Sum: sum, Minimum: minimum, Maximum: maximum } = set;
    if (count <= 0 || minimum > maximum) throw invalidValue(`${path}.StatisticValues contradict one another.`);
    const known = minimum === maximum || count === 1;
    return [{ count, sum, minimum, maximum, ...(known ? { value: minimum } : {}) }];
  }
  const values = Values ?? [Value as number];
  if (Counts && Counts.length !== values.length) {
    throw invalidCombination(`${path}.Counts has ${Counts.length} elements and ${path}.Values ${values.length}.`);
  }
  return values.map((value, index) => {
    const count = Counts?.[index] ?? 1;
    if (!Number.isFinite(value) || !(count > 0)) throw invalidValue(`${path} has a value or count that is no number.`);
    return { count, sum: value * count, minimum: value, maximum: value, value };
  });
}

function positionOf({ namespace, name, dimensions }: KnownMetric): Position {
  return [namespace, name, dimensionsKey({ dimensions })];
}
