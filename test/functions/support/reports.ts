import type { EvaluationReport, Metric, MetricName } from "../../../functions/shared/evaluation-report";

const metric = (value: number): Metric => ({ value, interval: [Math.max(0, value - 0.02), Math.min(1, value + 0.02)] });

/** A whole evaluation report with the given metrics. */
export function evaluationReport(values: Partial<Record<MetricName, number>> = {}, frauds = 75): EvaluationReport {
  return {
    schemaVersion: 1,
    algorithm: "xgboost",
    threshold: 0.31,
    rows: { test: 6000, frauds, legitimateWeight: 9.365 },
    metrics: {
      rocAuc: metric(values.rocAuc ?? 0.97),
      auprc: metric(values.auprc ?? 0.8),
      recallAtFpr001: metric(values.recallAtFpr001 ?? 0.82),
      precision: metric(values.precision ?? 0.9),
      recall: metric(values.recall ?? 0.8),
      f1: metric(values.f1 ?? 0.85),
      brier: metric(values.brier ?? 0.01),
    },
    cost: { falsePositiveCost: 5, total: 1234.5, curve: [[0.31, 1234.5]] },
    confusionMatrix: { truePositives: 60, falsePositives: 7, trueNegatives: 5900, falseNegatives: 15 },
    curves: {
      roc: [
        [0, 0],
        [1, 1],
      ],
      precisionRecall: [[0, 1]],
      calibration: [[0.1, 0.09, 120]],
      scoreHistogram: { edges: [0, 1], legitimate: [5900], fraud: [75] },
    },
  };
}
