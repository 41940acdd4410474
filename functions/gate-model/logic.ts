import * as t from "io-ts";
import type { EvaluationReport, Metric } from "../shared/evaluation-report";

/** What the pipeline's Lambda step sends. Minima are inclusive, from 0 to 1. */
export const GateEvent = t.type(
  {
    evaluationUri: t.string,
    rocAucMin: t.number,
    auprcMin: t.number,
    recallAtFpr001Min: t.number,
    executionId: t.string,
  },
  "GateEvent",
);
export type GateEvent = t.TypeOf<typeof GateEvent>;

/** The step's outputs. `passed` is text, since that is what conditions compare. */
export interface GateDecision {
  passed: "true" | "false";
  reason: string;
}

/** Decides on the evaluation. The reason of a refusal names every metric below its minimum, with interval and minimum. */
export function decide(report: EvaluationReport, event: GateEvent): GateDecision {
  const { metrics, rows } = report;
  const checks = [
    { name: "ROC AUC", metric: metrics.rocAuc, minimum: event.rocAucMin },
    { name: "AUPRC", metric: metrics.auprc, minimum: event.auprcMin },
    { name: "recall at 0.1% false positives", metric: metrics.recallAtFpr001, minimum: event.recallAtFpr001Min },
  ];
  const failures = checks
    .filter(({ metric, minimum }) => !(metric.value >= minimum))
    .map(({ name, metric, minimum }) => `${name} ${figure(metric)} is below ${minimum}`);
  if (!(rows.frauds > 0)) failures.push("the test split holds no fraud, so nothing is known of the model");
  if (failures.length > 0) return { passed: "false", reason: `The model is refused: ${failures.join("; ")}.` };
  return {
    passed: "true",
    reason: `${checks.map(({ name, metric, minimum }) => `${name} ${figure(metric)} ≥ ${minimum}`).join("; ")}.`,
  };
}

const figure = ({ value, interval: [low, high] }: Metric): string =>
  `${value.toFixed(4)} (95% interval ${low.toFixed(4)}–${high.toFixed(4)})`;
