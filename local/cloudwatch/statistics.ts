// What CloudWatch makes of the values of one period.

/** What was put at one moment: one value `count` times, or a statistic set, of which the single values are unknown. */
export interface Sample {
  /** Epoch seconds. */
  at: number;
  count: number;
  sum: number;
  minimum: number;
  maximum: number;
  /** Absent for statistic sets of several different values. */
  value?: number;
}

const PERCENTILE = /^p(100|\d{1,2}(?:\.\d{1,10})?)$/;

const BASIC = {
  SampleCount: (samples: readonly Sample[]) => sum(samples, ({ count }) => count),
  Sum: (samples: readonly Sample[]) => sum(samples, (sample) => sample.sum),
  Average: (samples: readonly Sample[]) =>
    sum(samples, (sample) => sample.sum) / sum(samples, (sample) => sample.count),
  Minimum: (samples: readonly Sample[]) => samples.reduce((least, { minimum }) => Math.min(least, minimum), Infinity),
  Maximum: (samples: readonly Sample[]) => samples.reduce((most, { maximum }) => Math.max(most, maximum), -Infinity),
} as const;

/** Whether a statistic is one that is computed here: the five basic ones and percentiles such as `p99` and `p99.9`. */
export function isStatistic(name: string): boolean {
  return Object.hasOwn(BASIC, name) || PERCENTILE.test(name);
}

/** The percentile that a statistic names, 0 to 100; undefined for any other statistic. */
export function percentileOf(name: string): number | undefined {
  const found = PERCENTILE.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
}

/**
 * A statistic of one period's samples.
 *
 * @param name one of which {@link isStatistic} is true
 * @returns undefined without samples, and for percentiles where statistic sets hide the values, as CloudWatch has it
 */
export function statistic(name: string, samples: readonly Sample[]): number | undefined {
  if (samples.length === 0) return undefined;
  const percentile = percentileOf(name);
  return percentile === undefined ? BASIC[name as keyof typeof BASIC](samples) : nearestRank(percentile, samples);
}

function nearestRank(percentile: number, samples: readonly Sample[]): number | undefined {
  const values: { value: number; count: number }[] = [];
  for (const { value, count } of samples) {
    if (value === undefined) return undefined;
    values.push({ value, count });
  }
  values.sort((one, other) => one.value - other.value);
  const rank = (percentile / 100) * sum(values, ({ count }) => count);
  let seen = 0;
  for (const { value, count } of values) {
    seen += count;
    if (seen >= rank) return value;
  }
  return values.at(-1)?.value;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
