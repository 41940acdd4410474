import type { CompositeAlarmDocument, MetricAlarmDocument } from "./alarm-documents";
import { periodOf, ruleOf } from "./alarm-documents";
import type { Alarms } from "./alarms";
import { parseCompositeRule } from "./composite-rule";
import { evaluate, evaluationRange, type AlarmState } from "./evaluation";
import type { MetricStore } from "./metric-store";
import { starts, type Periods } from "./queries";
import { reasonOf } from "./reasons";
import { evaluateQueries, hasFewSamples, metricId, seriesOf, type MetricStatistic } from "./series";
import type { Series } from "./metric-math";

/**
 * Looks at every alarm and gives it the state that its datapoints put it in. Periods end with the second that has just
 * passed, and slide with it: CloudWatch's slide by the minute, and are otherwise the same.
 */
export class Evaluator {
  /** @param now epoch seconds */
  constructor(
    private readonly store: MetricStore,
    private readonly alarms: Alarms,
    private readonly now: () => number,
  ) {}

  /** Evaluates all alarms once: those of metrics first, then those of alarms, from the innermost on. */
  run(): void {
    const all = this.alarms.all();
    for (const alarm of all) if (alarm.kind === "MetricAlarm") this.evaluateMetric(alarm);
    const composites = new Map(
      all.flatMap((alarm) => (alarm.kind === "CompositeAlarm" ? [[alarm.definition.AlarmName, alarm]] : [])),
    );
    const states = new Map(this.alarms.all().map(({ definition, state }) => [definition.AlarmName, state.value]));
    const done = new Set<string>();
    const visit = (alarm: CompositeAlarmDocument): void => {
      const name = alarm.definition.AlarmName;
      if (done.has(name)) return;
      done.add(name);
      for (const child of parseCompositeRule(alarm.definition.AlarmRule).alarms) {
        const composite = composites.get(child);
        if (composite) visit(composite);
      }
      states.set(name, this.evaluateComposite(alarm, states));
    };
    for (const alarm of composites.values()) visit(alarm);
  }

  private evaluateMetric(alarm: MetricAlarmDocument): void {
    const { definition } = alarm;
    const rule = ruleOf(alarm);
    const periodSeconds = periodOf(alarm);
    const count = evaluationRange(rule.evaluationPeriods);
    const queriedAt = this.now();
    const periods: Periods = { start: Math.floor(queriedAt) - count * periodSeconds, periodSeconds, count };
    const metric = plainStatistic(alarm);
    if (metric && definition.EvaluateLowSampleCountPercentile === "ignore") {
      if (hasFewSamples(this.store, metric, periods)) return;
    }
    const points = metric ? seriesOf(this.store, metric, periods) : this.math(alarm, periods);
    const verdict = evaluate(rule, points);
    const { state } = verdict;
    if (state === undefined || state === alarm.state.value) return;
    const context = { rule, statistic: metric?.statistic, unit: metric?.unit, periodSeconds, queriedAt };
    const timed = starts(periods).map((start, index) => ({ start, value: points[index] }));
    const { text, data } = reasonOf(context, timed, { ...verdict, state }, alarm.state.value);
    this.alarms.transition(definition.AlarmName, state, text, data);
  }

  private math({ definition }: MetricAlarmDocument, periods: Periods): Series {
    const queries = definition.Metrics ?? [];
    const returned = queries.find(({ ReturnData }) => ReturnData !== false);
    return evaluateQueries(this.store, queries, periods).get(returned?.Id ?? "") ?? [];
  }

  private evaluateComposite(alarm: CompositeAlarmDocument, states: ReadonlyMap<string, AlarmState>): AlarmState {
    const { AlarmName, AlarmRule } = alarm.definition;
    const rule = parseCompositeRule(AlarmRule);
    const value: AlarmState = rule.holds((name) => states.get(name)) ? "ALARM" : "OK";
    if (value === alarm.state.value) return value;
    const changed = rule.alarms.map((name) => ({ name, state: states.get(name) }));
    const told = changed.map(({ name, state }) => `${name} is ${state ?? "not there"}`).join(", ");
    const verb =
      alarm.state.value === "INSUFFICIENT_DATA" ? "was created and its alarm rule evaluates" : "transitioned";
    this.alarms.transition(AlarmName, value, `${alarm.arn} ${verb} to ${value}: ${told}.`, triggering(changed));
    return value;
  }
}

function plainStatistic({ definition }: MetricAlarmDocument): MetricStatistic | undefined {
  if (definition.MetricName === undefined) return undefined;
  const name = definition.Statistic ?? definition.ExtendedStatistic ?? "";
  return { metric: metricId(definition), statistic: name, unit: definition.Unit };
}

function triggering(alarms: readonly { name: string; state: AlarmState | undefined }[]): object {
  return { triggeringAlarms: alarms.map(({ name, state }) => ({ name, state: { value: state } })) };
}
