import type {
  DeleteAlarmsInput,
  DescribeAlarmsForMetricInput,
  DescribeAlarmsForMetricOutput,
  DescribeAlarmsInput,
  DescribeAlarmsOutput,
  EnableAlarmActionsInput,
  PutCompositeAlarmInput,
  PutMetricAlarmInput,
  SetAlarmStateInput,
} from "@aws-sdk/client-cloudwatch";
import type { Operation, Wire, WireOutput } from "../server/json-service";
import type { Collection, Store } from "../server/store";
import { checkActions, checkMetricAlarm } from "./alarm-checks";
import { described, UNCHECKED, type AlarmDocument, type StateRecord } from "./alarm-documents";
import { parseCompositeRule, type CompositeRule } from "./composite-rule";
import { invalid, notFound } from "./errors";
import type { AlarmHistory } from "./history";
import { cloudWatchPage } from "./paging";
import { metricId } from "./series";
import { dimensionsKey } from "./metric-store";

/** Makes a change of state known; within the transaction that makes the change. */
export type OnTransition = (alarm: AlarmDocument, from: StateRecord, to: StateRecord) => void;

export interface AlarmsContext {
  store: Store;
  history: AlarmHistory;
  /** Epoch seconds. */
  now: () => number;
  arnOf: (alarmName: string) => string;
  onTransition: OnTransition;
}

/** Alarms of metrics and of other alarms: their definitions and their states. */
export class Alarms {
  private readonly documents: Collection<AlarmDocument>;

  constructor(private readonly context: AlarmsContext) {
    this.documents = context.store.collection("alarms");
  }

  readonly operations: Record<string, Operation> = {
    PutMetricAlarm: (input: Wire<PutMetricAlarmInput>) => {
      checkMetricAlarm(input);
      return this.put("MetricAlarm", input);
    },
    PutCompositeAlarm: (input: Wire<PutCompositeAlarmInput>) => this.putComposite(input),
    DescribeAlarms: (input: Wire<DescribeAlarmsInput>) => this.describe(input),
    DescribeAlarmsForMetric: (input: Wire<DescribeAlarmsForMetricInput>) => this.describeForMetric(input),
    DescribeAlarmHistory: (input: never) => this.context.history.describe(input),
    DeleteAlarms: (input: Wire<DeleteAlarmsInput>) => this.delete(input),
    SetAlarmState: (input: Wire<SetAlarmStateInput>) => this.setState(input),
    EnableAlarmActions: (input: Wire<EnableAlarmActionsInput>) => this.enableActions(input, true),
    DisableAlarmActions: (input: Wire<EnableAlarmActionsInput>) => this.enableActions(input, false),
  };

  all(): AlarmDocument[] {
    return this.documents.all();
  }

  /**
   * Changes the tags of an alarm.
   *
   * @returns false when there is no alarm of that ARN
   */
  retag(arn: string, change: (tags: Record<string, string>) => Record<string, string>): boolean {
    const alarm = this.all().find((each) => each.arn === arn);
    if (!alarm) return false;
    this.documents.update(alarm.definition.AlarmName, (document) => {
      document.tags = change(document.tags);
    });
    return true;
  }

  /** Gives an alarm another state, and tells of it, as one. Nothing happens where it has that state already. */
  transition(name: string, value: StateRecord["value"], reason: string, reasonData: object | undefined): void {
    this.context.store.transaction(() => {
      const alarm = this.documents.get(name);
      if (!alarm || alarm.state.value === value) return;
      const from = alarm.state;
      const to: StateRecord = {
        value,
        reason,
        ...(reasonData === undefined ? {} : { reasonData: JSON.stringify(reasonData) }),
        updatedAt: this.context.now(),
      };
      this.documents.update(name, (document) => {
        document.state = to;
      });
      const { kind } = alarm;
      const summary = `Alarm updated from ${from.value} to ${value}`;
      const told = ({ value: stateValue, reason: stateReason, reasonData: data }: StateRecord) => ({
        stateValue,
        stateReason,
        ...(data === undefined ? {} : { stateReasonData: JSON.parse(data) as object }),
      });
      this.context.history.add({ name, kind }, "StateUpdate", summary, { oldState: told(from), newState: told(to) });
      this.context.onTransition({ ...alarm, state: to }, from, to);
    });
  }

  private putComposite(input: Wire<PutCompositeAlarmInput>): Promise<object> {
    checkActions(input);
    if (input.ActionsSuppressor !== undefined) {
      throw invalid("Suppressing a composite alarm's actions (ActionsSuppressor) is not done here.");
    }
    let rule: CompositeRule;
    try {
      rule = parseCompositeRule(input.AlarmRule);
    } catch (error) {
      throw invalid(`AlarmRule must not contain anything but states of alarms: ${(error as Error).message}.`);
    }
    const missing = rule.alarms.filter((name) => !this.documents.get(name));
    if (missing.length > 0) throw invalid(`AlarmRule refers to alarms that do not exist: ${missing.join(", ")}.`);
    const below = this.below(rule.alarms);
    if (below.has(input.AlarmName)) throw invalid(`AlarmRule makes ${input.AlarmName} depend on itself.`);
    return this.put("CompositeAlarm", input);
  }

  /** The alarms of these names, and all that they depend on. */
  private below(names: readonly string[], seen = new Set<string>()): Set<string> {
    for (const name of names) {
      if (seen.has(name)) continue;
      seen.add(name);
      const alarm = this.documents.get(name);
      if (alarm?.kind === "CompositeAlarm") this.below(parseCompositeRule(alarm.definition.AlarmRule).alarms, seen);
    }
    return seen;
  }

  private put(
    kind: AlarmDocument["kind"],
    { Tags = [], ...definition }: Wire<PutMetricAlarmInput> | Wire<PutCompositeAlarmInput>,
  ): Promise<object> {
    const { store, history, now, arnOf } = this.context;
    const name = definition.AlarmName;
    const before = this.documents.get(name);
    if (before && before.kind !== kind)
      throw invalid(`${name} is a ${before.kind}: an alarm can't become another kind.`);
    const document = {
      kind,
      definition,
      arn: arnOf(name),
      // The tags of an alarm that exists stay what they are.
      tags: before?.tags ?? Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
      configurationUpdatedAt: now(),
      state: before?.state ?? { value: "INSUFFICIENT_DATA", reason: UNCHECKED, updatedAt: now() },
    } as AlarmDocument;
    store.transaction(() => {
      if (before) this.documents.update(name, () => document);
      else this.documents.insert(name, document);
      const type = before ? "Update" : "Create";
      const summary = `Alarm "${name}" ${before ? "updated" : "created"}`;
      history.add({ name, kind }, "ConfigurationUpdate", summary, { type, ...described(document) });
    });
    return Promise.resolve({});
  }

  private describe(input: Wire<DescribeAlarmsInput>): Promise<WireOutput<DescribeAlarmsOutput>> {
    const { AlarmNames, AlarmNamePrefix, StateValue, ActionPrefix, ChildrenOfAlarmName, ParentsOfAlarmName } = input;
    const kinds: readonly string[] =
      input.AlarmTypes ?? (AlarmNames ? ["MetricAlarm", "CompositeAlarm"] : ["MetricAlarm"]);
    if (AlarmNames && AlarmNamePrefix !== undefined) {
      throw invalid("AlarmNames and AlarmNamePrefix must not be specified together.");
    }
    const related = this.related(ChildrenOfAlarmName, ParentsOfAlarmName);
    const found = this.all()
      .filter(
        ({ kind, definition, state }) =>
          (related ? related.has(definition.AlarmName) : kinds.includes(kind)) &&
          (AlarmNames === undefined || AlarmNames.includes(definition.AlarmName)) &&
          definition.AlarmName.startsWith(AlarmNamePrefix ?? "") &&
          (StateValue === undefined || state.value === StateValue) &&
          (ActionPrefix === undefined || actions(definition).some((arn) => arn.startsWith(ActionPrefix))),
      )
      .sort((one, other) => (one.definition.AlarmName < other.definition.AlarmName ? -1 : 1));
    const name = ({ definition }: AlarmDocument) => definition.AlarmName;
    const { page, NextToken } = cloudWatchPage(found, name, input.NextToken, input.MaxRecords ?? 50);
    const of = (wanted: AlarmDocument["kind"]) => page.filter(({ kind }) => kind === wanted).map(described);
    return Promise.resolve({
      MetricAlarms: of("MetricAlarm"),
      CompositeAlarms: of("CompositeAlarm"),
      ...NextToken,
    } as unknown as WireOutput<DescribeAlarmsOutput>);
  }

  private related(children: string | undefined, parents: string | undefined): Set<string> | undefined {
    if (children !== undefined) {
      const alarm = this.documents.get(children);
      return new Set(alarm?.kind === "CompositeAlarm" ? parseCompositeRule(alarm.definition.AlarmRule).alarms : []);
    }
    if (parents === undefined) return undefined;
    const above = this.all().filter(
      (alarm) =>
        alarm.kind === "CompositeAlarm" && parseCompositeRule(alarm.definition.AlarmRule).alarms.includes(parents),
    );
    return new Set(above.map(({ definition }) => definition.AlarmName));
  }

  private describeForMetric(
    input: Wire<DescribeAlarmsForMetricInput>,
  ): Promise<WireOutput<DescribeAlarmsForMetricOutput>> {
    const { Namespace, MetricName, Statistic, ExtendedStatistic, Period, Unit } = input;
    const wanted = dimensionsKey(metricId(input));
    const found = this.all().filter(
      ({ kind, definition }) =>
        kind === "MetricAlarm" &&
        "MetricName" in definition &&
        definition.Namespace === Namespace &&
        definition.MetricName === MetricName &&
        dimensionsKey(metricId(definition)) === wanted &&
        [
          [Statistic, definition.Statistic],
          [ExtendedStatistic, definition.ExtendedStatistic],
          [Period, definition.Period],
          [Unit, definition.Unit],
        ].every(([asked, is]) => asked === undefined || asked === is),
    );
    return Promise.resolve({
      MetricAlarms: found.map(described),
    } as unknown as WireOutput<DescribeAlarmsForMetricOutput>);
  }

  private delete({ AlarmNames }: Wire<DeleteAlarmsInput>): Promise<object> {
    const missing = AlarmNames.filter((name) => !this.documents.get(name));
    if (missing.length > 0) throw notFound(`These alarms do not exist, and none was deleted: ${missing.join(", ")}.`);
    this.context.store.transaction(() => {
      for (const name of AlarmNames) {
        const alarm = this.documents.get(name);
        if (!alarm) continue;
        this.documents.remove(name);
        const summary = `Alarm "${name}" deleted`;
        this.context.history.add({ name, kind: alarm.kind }, "ConfigurationUpdate", summary, { type: "Delete" });
      }
    });
    return Promise.resolve({});
  }

  private setState({ AlarmName, StateValue, StateReason, StateReasonData }: Wire<SetAlarmStateInput>): Promise<object> {
    if (!this.documents.get(AlarmName)) throw notFound(`There is no alarm ${AlarmName}.`);
    let data: object | undefined;
    try {
      data = StateReasonData === undefined ? undefined : (JSON.parse(StateReasonData) as object);
    } catch {
      throw invalid("StateReasonData was not syntactically correct JSON.");
    }
    this.transition(AlarmName, StateValue, StateReason, data);
    return Promise.resolve({});
  }

  private enableActions({ AlarmNames }: Wire<EnableAlarmActionsInput>, enabled: boolean): Promise<object> {
    for (const name of AlarmNames) {
      this.documents.update(name, (document) => {
        document.definition.ActionsEnabled = enabled;
      });
    }
    return Promise.resolve({});
  }
}

function actions(definition: AlarmDocument["definition"]): string[] {
  const { OKActions = [], AlarmActions = [], InsufficientDataActions = [] } = definition;
  return [...OKActions, ...AlarmActions, ...InsufficientDataActions];
}
