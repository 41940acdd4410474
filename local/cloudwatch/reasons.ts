import { COMPARISONS, type AlarmRule, type AlarmState, type Verdict } from "./evaluation";

/** One period of an evaluation. */
export interface Point {
  /** Start of the period, epoch seconds. */
  start: number;
  value: number | undefined;
}

/** Why an alarm changed its state, for people and, as JSON, for programs. */
export interface Reason {
  text: string;
  data: object;
}

/** Where an alarm's datapoints come from, as far as a reason tells. */
export interface ReasonContext {
  rule: AlarmRule;
  /** Absent for metric math. */
  statistic?: string | undefined;
  unit?: string | undefined;
  periodSeconds: number;
  /** When the datapoints were asked for, epoch seconds. */
  queriedAt: number;
}

/** The reason of a state in the words that CloudWatch uses. */
export function reasonOf(
  context: ReasonContext,
  points: readonly Point[],
  { state, decidedBy, filled }: Verdict & { state: AlarmState },
  previous: AlarmState,
): Reason {
  const decisive = decidedBy.flatMap((index) => points[index] ?? []);
  return {
    text: state === "INSUFFICIENT_DATA" ? unknown(filled) : crossed(context, decisive, state, filled, previous),
    data: reasonData(context, decisive, points),
  };
}

function unknown(missing: number): string {
  return `Insufficient Data: ${missing} ${missing === 1 ? "datapoint was" : "datapoints were"} unknown.`;
}

function crossed(
  { rule }: ReasonContext,
  decisive: readonly Point[],
  state: AlarmState,
  filled: number,
  previous: AlarmState,
): string {
  const { evaluationPeriods: n, datapointsToAlarm: m } = rule;
  const treated = rule.treatMissingData === "breaching" ? "Breaching" : "NonBreaching";
  if (decisive.length === 0) {
    const periods = `${n} ${n === 1 ? "period" : "periods"}`;
    const missing = `${filled} missing ${filled === 1 ? "datapoint was" : "datapoints were"}`;
    return `Threshold Crossed: no datapoints were received for ${periods} and ${missing} treated as [${treated}].`;
  }
  const { breaches, words } = COMPARISONS[rule.comparison];
  const told = decisive.filter(({ value = 0 }) => breaches(value, rule.threshold) === (state === "ALARM"));
  const shown = told.map(({ start, value = 0 }) => `${decimal(value)} (${shortDate(start)})`).join(", ");
  const were = told.length === 1 ? "datapoint" : "datapoints";
  const verb = `${told.length === 1 ? "was" : "were"}${state === "ALARM" ? "" : " not"}`;
  const minimum = state === "ALARM" ? m : n - m + 1;
  const transition = `(minimum ${minimum} ${minimum === 1 ? "datapoint" : "datapoints"} for ${previous} -> ${state} transition)`;
  return `Threshold Crossed: ${told.length} out of the last ${n} ${were} [${shown}] ${verb} ${words} the threshold (${decimal(rule.threshold)}) ${transition}.`;
}

function reasonData(context: ReasonContext, decisive: readonly Point[], points: readonly Point[]): object {
  const { rule, statistic, unit, periodSeconds, queriedAt } = context;
  const first = decisive.at(-1) ?? points[0];
  return {
    version: "1.0",
    queryDate: awsDate(queriedAt),
    ...(decisive.length > 0 && first ? { startDate: awsDate(first.start) } : {}),
    ...(statistic === undefined ? {} : { statistic }),
    ...(unit === undefined ? {} : { unit }),
    period: periodSeconds,
    recentDatapoints: decisive.map(({ value }) => value).reverse(),
    threshold: rule.threshold,
    evaluatedDatapoints: decisive.map(({ start, value }) => ({ timestamp: awsDate(start), value })),
  };
}

/** Epoch seconds as CloudWatch writes them: `2019-10-02T17:04:40.985+0000`. */
export function awsDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace("Z", "+0000");
}

/** `02/10/19 16:59:00`: day, month, year. */
function shortDate(seconds: number): string {
  const [date = "", time = ""] = new Date(seconds * 1000).toISOString().split("T");
  const [year = "", month, day] = date.split("-");
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}

/** Always with a fraction, as Java prints numbers. */
function decimal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
