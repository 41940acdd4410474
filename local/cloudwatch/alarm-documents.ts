import type {
  CompositeAlarm,
  MetricAlarm,
  PutCompositeAlarmInput,
  PutMetricAlarmInput,
} from "@aws-sdk/client-cloudwatch";
import type { Wire } from "../server/json-service";
import type { AlarmState, AlarmRule, Comparison, MissingDataTreatment } from "./evaluation";

/** An alarm's state, since when, and why. Times are epoch seconds. */
export interface StateRecord {
  value: AlarmState;
  reason: string;
  /** JSON. */
  reasonData?: string;
  updatedAt: number;
}

interface Common {
  arn: string;
  tags: Record<string, string>;
  configurationUpdatedAt: number;
  state: StateRecord;
}

/** What an alarm cannot be without: SDK types leave it open, since newer kinds of alarms do without. */
type Needed = "ComparisonOperator" | "EvaluationPeriods" | "Threshold";

export interface MetricAlarmDocument extends Common {
  kind: "MetricAlarm";
  definition: Omit<Wire<PutMetricAlarmInput>, "Tags"> & Required<Pick<Wire<PutMetricAlarmInput>, Needed>>;
}

export interface CompositeAlarmDocument extends Common {
  kind: "CompositeAlarm";
  definition: Omit<Wire<PutCompositeAlarmInput>, "Tags">;
}

export type AlarmDocument = MetricAlarmDocument | CompositeAlarmDocument;

export const UNCHECKED = "Unchecked: Initial alarm creation";

/** What a metric alarm holds its datapoints to. */
export function ruleOf({ definition }: MetricAlarmDocument): AlarmRule {
  return {
    comparison: definition.ComparisonOperator as Comparison,
    threshold: definition.Threshold,
    evaluationPeriods: definition.EvaluationPeriods,
    datapointsToAlarm: definition.DatapointsToAlarm ?? definition.EvaluationPeriods,
    treatMissingData: (definition.TreatMissingData as MissingDataTreatment | undefined) ?? "missing",
  };
}

/** Seconds of one period. Metric math has its metrics' one. */
export function periodOf({ definition }: MetricAlarmDocument): number {
  const ofQueries = (definition.Metrics ?? []).flatMap(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? []);
  return definition.Period ?? Math.max(...ofQueries);
}

/** ARNs of what is told of a state. */
export function actionsFor({ definition }: AlarmDocument, state: AlarmState): string[] {
  if (definition.ActionsEnabled === false) return [];
  const actions = {
    OK: definition.OKActions,
    ALARM: definition.AlarmActions,
    INSUFFICIENT_DATA: definition.InsufficientDataActions,
  };
  return actions[state] ?? [];
}

/** The alarm as DescribeAlarms tells it. */
export function described(alarm: AlarmDocument): Wire<MetricAlarm> | Wire<CompositeAlarm> {
  const { definition, state } = alarm;
  const { ActionsEnabled = true, OKActions = [], AlarmActions = [], InsufficientDataActions = [] } = definition;
  return {
    ...definition,
    AlarmArn: alarm.arn,
    AlarmConfigurationUpdatedTimestamp: alarm.configurationUpdatedAt,
    ActionsEnabled,
    OKActions,
    AlarmActions,
    InsufficientDataActions,
    ...(alarm.kind === "MetricAlarm" ? { Dimensions: alarm.definition.Dimensions ?? [] } : {}),
    StateValue: state.value,
    StateReason: state.reason,
    ...(state.reasonData === undefined ? {} : { StateReasonData: state.reasonData }),
    StateUpdatedTimestamp: state.updatedAt,
    StateTransitionedTimestamp: state.updatedAt,
  };
}
