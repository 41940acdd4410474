// What state an alarm's datapoints put it in, as CloudWatch documents it ("Configuring how CloudWatch alarms treat
// missing data"). Pure: the same datapoints give the same state, whenever it is asked.

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export type MissingDataTreatment = "missing" | "ignore" | "breaching" | "notBreaching";

/** Comparisons of a datapoint with the threshold, by AWS's names, and what a reason calls them. */
export const COMPARISONS = {
  GreaterThanThreshold: { breaches: (value: number, threshold: number) => value > threshold, words: "greater than" },
  GreaterThanOrEqualToThreshold: {
    breaches: (value: number, threshold: number) => value >= threshold,
    words: "greater than or equal to",
  },
  LessThanThreshold: { breaches: (value: number, threshold: number) => value < threshold, words: "less than" },
  LessThanOrEqualToThreshold: {
    breaches: (value: number, threshold: number) => value <= threshold,
    words: "less than or equal to",
  },
} as const;

export type Comparison = keyof typeof COMPARISONS;

/** What an alarm holds its datapoints to. */
export interface AlarmRule {
  comparison: Comparison;
  threshold: number;
  /** N: datapoints that are looked at. */
  evaluationPeriods: number;
  /** M: datapoints that must breach for ALARM; at most N. */
  datapointsToAlarm: number;
  treatMissingData: MissingDataTreatment;
}

/** What an evaluation found. */
export interface Verdict {
  /** Undefined: the alarm keeps the state it has. */
  state: AlarmState | undefined;
  /** Indices of the datapoints that decided, newest first. Missing ones are not among them. */
  decidedBy: number[];
  /** Periods without a datapoint that were filled in by `treatMissingData`. */
  filled: number;
}

/** Periods that are looked at beyond the evaluation periods, for datapoints that stand in for missing ones. */
const EXTRA_PERIODS = 2;

/** Periods whose datapoints an evaluation takes: AWS's examples retrieve five for three evaluation periods. */
export function evaluationRange(evaluationPeriods: number): number {
  return evaluationPeriods + EXTRA_PERIODS;
}

/**
 * The state that datapoints put an alarm in.
 *
 * @param points one per period of the evaluation range, oldest first; undefined where there is no datapoint
 */
export function evaluate(rule: AlarmRule, points: readonly (number | undefined)[]): Verdict {
  const { evaluationPeriods: n, datapointsToAlarm: m, treatMissingData: treatment } = rule;
  const breaches = (value: number) => COMPARISONS[rule.comparison].breaches(value, rule.threshold);
  const newestFirst = points.map((value, index) => ({ value, index })).reverse();
  const present = newestFirst.flatMap(({ value, index }) => (value === undefined ? [] : [{ value, index }]));
  const decisive = present.slice(0, n);
  const breaching = decisive.filter(({ value }) => breaches(value));
  const filled = n - decisive.length;
  const decidedBy = (decisive.length > 0 ? decisive : []).map(({ index }) => index);
  const verdict = (state: AlarmState | undefined): Verdict => ({ state, decidedBy, filled });

  if (filled === 0 || treatment === "notBreaching") return verdict(breaching.length >= m ? "ALARM" : "OK");
  if (treatment === "breaching") return verdict(breaching.length + filled >= m ? "ALARM" : "OK");
  if (breaching.length >= m) return verdict("ALARM");
  if (breaching.length < decisive.length) return verdict("OK");
  if (treatment === "ignore") return verdict(undefined);
  // All that is known breaches, and is too little. It is an alarm all the same where the oldest of it is M periods old:
  // had the missing ones been reported and breached, it would have been one by now.
  const oldest = decisive.at(-1);
  const old = oldest !== undefined && points.length - oldest.index >= m;
  return verdict(old ? "ALARM" : "INSUFFICIENT_DATA");
}
