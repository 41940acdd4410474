import type { ChampionReport, EvaluationReport, Metric, MetricName } from "../../../functions/shared/evaluation-report";

const metric = (value: number): Metric => ({ value, interval: [Math.max(0, value - 0.02), Math.min(1, value + 0.02)] });

/** A whole evaluation report with the given metrics. */
export function evaluationReport(values: Partial<Record<MetricName, number>> = {}, frauds = 75): EvaluationReport {
  return {
    schemaVersion: 2,
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
    calibrationError: { expected: 0.0004, maximum: 0.02 },
    curves: {
      roc: [
        [0, 0],
        [1, 1],
      ],
      precisionRecall: [[0, 1]],
      calibration: [[0.1, 0.09, 120]],
      scoreHistogram: { edges: [0, 1], legitimate: [5900], fraud: [75] },
    },
    champion: { status: "none", detail: "There is no champion yet." },
  };
}

/** A champion that was compared: AUPRC of the new model less its own, with interval. */
export function comparedChampion(value: number, interval: [number, number]): ChampionReport {
  const difference = { value, interval };
  const none = { value: 0, interval: [0, 0] as [number, number] };
  return {
    status: "compared",
    detail: "The champion, version 3, scored the same rows.",
    packageArn: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/3",
    mlflowVersion: "3",
    algorithm: "xgboost",
    threshold: 0.25,
    metrics: evaluationReport({ auprc: 0.8 - value }).metrics,
    costTotal: 1300,
    difference: {
      rocAuc: none,
      auprc: difference,
      recallAtFpr001: none,
      precision: none,
      recall: none,
      f1: none,
      brier: none,
    },
  };
}
