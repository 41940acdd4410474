// Reports for tests: one that passed in full, one that came to nothing, and any at all.
import fc from "fast-check";
import { comparedChampion } from "../../functions/support/reports";
import type { EvaluationReport } from "../../../functions/shared/evaluation-report";
import type { RunReport, TreeNode } from "../../../local/report/report";

const STAGES = ["data", "stack", "train", "gate", "deploy", "api", "stream"];

/** Scores of a model that is good, not perfect: what the evaluate job would write of them. */
export function evaluation(): EvaluationReport {
  const steps = Array.from({ length: 101 }, (_, i) => i / 100);
  const metric = (value: number) => ({ value, interval: [value - 0.02, value + 0.01] as [number, number] });
  return {
    schemaVersion: 2,
    algorithm: "xgboost",
    threshold: 0.31,
    rows: { test: 40_000, frauds: 70, legitimateWeight: 1 },
    metrics: {
      rocAuc: metric(0.975),
      auprc: metric(0.812),
      recallAtFpr001: metric(0.843),
      precision: metric(0.9),
      recall: metric(0.771),
      f1: metric(0.83),
      brier: { value: 0.0004, interval: [0.0003, 0.0006] },
    },
    cost: { falsePositiveCost: 5, total: 1830.5, curve: steps.slice(1).map((at) => [at, 1800 + 40 * (at - 0.3) ** 2]) },
    confusionMatrix: { truePositives: 54, falsePositives: 6, trueNegatives: 39_924, falseNegatives: 16 },
    calibrationError: { expected: 0.0004, maximum: 0.02 },
    curves: {
      roc: steps.map((rate) => [rate, rate ** 0.05]),
      precisionRecall: steps.map((recall) => [recall, 1 - recall ** 8]),
      calibration: [
        [0.00002, 0, 30_000],
        [0.0004, 0.0003, 9_000],
        [0.4, 0.38, 900],
        [0.97, 0.99, 100],
      ],
      scoreHistogram: { edges: [0, 0.25, 0.5, 0.75, 1], legitimate: [39_920, 6, 3, 1], fraud: [14, 2, 4, 50] },
    },
    champion: { status: "none", detail: "There is no champion yet." },
  };
}

const findings = (kind: string, features: string[]) => ({
  clean: { violations: 0 },
  drifted: { violations: 4, features },
  output: `s3://bucket/fraud/monitor-output/${kind}/fraud-live/2026/11/21/120000-0a1b2c3d`,
});

/** A run in which everything went well, on a file. */
export function passedReport(): RunReport {
  const found = evaluation();
  return {
    passed: true,
    data: { source: "file", rows: 200_000, frauds: 345 },
    stages: STAGES.map((name, i) => ({ name, status: "passed", seconds: i + 0.5, detail: `${name} is done` })),
    model: {
      algorithm: found.algorithm,
      rocAuc: found.metrics.rocAuc.value,
      auprc: found.metrics.auprc.value,
      auprcInterval: found.metrics.auprc.interval,
      threshold: found.threshold,
      recallAtFpr001: found.metrics.recallAtFpr001.value,
    },
    registry: {
      modelPackageArn: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/4",
      mlflowModelVersion: "4",
    },
    endpoint: { name: "fraud-live", configName: "fraud-live-0a1b2c", status: "InService" },
    api: {
      url: "http://127.0.0.1:4566/_aws/execute-api/abc/v1",
      predictStatus: 200,
      noKeyStatus: 403,
      healthStatus: 200,
      p50Ms: 9.87,
      p99Ms: 31.4,
    },
    stream: { rowsIn: 2005, scored: 2000, quarantined: 5, written: 2000 },
    monitors: {
      dataQuality: findings("data-quality", ["V17"]),
      modelQuality: findings("model-quality", []),
      bias: findings("model-bias", ["Amount [0, 10)"]),
      explainability: findings("model-explainability", ["V17, V4"]),
    },
    provisioned: { resources: 3, components: 2 },
    startedAt: "2026-11-20T10:20:30.000Z",
    durationSeconds: 98.7,
    resources: { peakMb: 2100 },
    evaluation: found,
    tree: [
      {
        name: "api",
        type: "fraud:platform:InferenceApi",
        children: [
          {
            name: "api-predict",
            type: "fraud:platform:LambdaFunction",
            children: [
              { name: "api-predict-function", type: "aws:lambda/function:Function", children: [] },
              { name: "api-predict-role", type: "aws:iam/role:Role", children: [] },
            ],
          },
          { name: "api-rest", type: "aws:apigateway/restApi:RestApi", children: [] },
        ],
      },
    ],
    apiExamples: [
      { request: { transactions: [{ id: "a", Time: 1 }] }, status: 200, response: { predictions: [{ id: "a" }] } },
      { request: "the same without x-api-key", status: 403, response: { code: "forbidden" } },
    ],
    quarantineReasons: ["row 334: V5 is not a finite number"],
  };
}

const nothing = <T extends object>(part: T) =>
  Object.fromEntries(Object.keys(part).map((key) => [key, null])) as { [K in keyof T]: null };

/** A run that failed before anything stood. */
export function emptyReport(): RunReport {
  const full = passedReport();
  return {
    passed: false,
    data: { source: "synthetic", rows: null, frauds: null },
    stages: STAGES.map((name, i) => ({ name, status: i === 0 ? "failed" : "skipped", seconds: 0 })),
    model: nothing(full.model),
    registry: nothing(full.registry),
    endpoint: nothing(full.endpoint),
    api: nothing(full.api),
    stream: nothing(full.stream),
    provisioned: nothing(full.provisioned),
    startedAt: full.startedAt,
    durationSeconds: 0.4,
    resources: { peakMb: null },
    error: "No Python 3.10 or newer was found.",
  };
}

/** A report that the gate ended, with the figures that it decided on. */
export function refusedReport(): RunReport {
  const { evaluation: found, tree, model, provisioned, data } = passedReport();
  return {
    ...emptyReport(),
    data,
    model,
    provisioned,
    ...(found ? { evaluation: found } : {}),
    ...(tree ? { tree } : {}),
    stages: STAGES.map((name, i) => ({ name, status: i < 3 ? "passed" : i === 3 ? "failed" : "skipped", seconds: 1 })),
    error: undefined,
    refusal: "ROC AUC 0.9750 is below 0.99",
  };
}

const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const count = fc.nat(1_000_000);
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const text = fc.string({ unit: "grapheme", maxLength: 40 });
const points = (maxY: number) => fc.array(fc.tuple(finite(0, 1), finite(0, maxY)), { maxLength: 20 });
const metric = fc.record({ value: finite(0, 1), interval: fc.tuple(finite(0, 1), finite(0, 1)) });

const anyEvaluation: fc.Arbitrary<EvaluationReport> = fc.record({
  schemaVersion: fc.constant(2 as const),
  algorithm: text,
  threshold: finite(0, 1),
  rows: fc.record({ test: count, frauds: count, legitimateWeight: finite(0.1, 1000) }),
  metrics: fc.record({
    rocAuc: metric,
    auprc: metric,
    recallAtFpr001: metric,
    precision: metric,
    recall: metric,
    f1: metric,
    brier: metric,
  }),
  cost: fc.record({ falsePositiveCost: finite(0, 100), total: finite(0, 1e9), curve: points(1e9) }),
  confusionMatrix: fc.record({
    truePositives: count,
    falsePositives: count,
    trueNegatives: count,
    falseNegatives: count,
  }),
  calibrationError: fc.record({ expected: finite(0, 1), maximum: finite(0, 1) }),
  champion: fc.oneof(
    fc.record({
      status: fc.constantFrom("none" as const, "otherFeatures" as const, "unloadable" as const),
      detail: text,
    }),
    fc.record({ algorithm: text, detail: text, mlflowVersion: text }).map((said) => ({
      ...comparedChampion(0.01, [-0.02, 0.04]),
      ...said,
    })),
  ),
  curves: fc.record({
    roc: points(1),
    precisionRecall: points(1),
    calibration: fc.array(fc.tuple(finite(0, 1), finite(0, 1), count), { maxLength: 12 }),
    scoreHistogram: fc.nat(10).chain((bins) =>
      fc.record({
        edges: fc.constant(Array.from({ length: bins + 1 }, (_, i) => i / Math.max(1, bins))),
        legitimate: fc.array(count, { minLength: bins, maxLength: bins }),
        fraud: fc.array(count, { minLength: bins, maxLength: bins }),
      }),
    ),
  }),
});

const nodeType = fc.oneof(text, fc.constantFrom("aws:s3/bucket:Bucket", "fraud:platform:Storage"));
const anyTree: fc.Memo<TreeNode> = fc.memo((depth) =>
  fc.record({
    name: text,
    type: nodeType,
    children: depth > 1 ? fc.array(anyTree(depth - 1), { maxLength: 3 }) : fc.constant([]),
  }),
);

/** Any report that the codec admits, with whatever text. */
export const anyReport: fc.Arbitrary<RunReport> = fc.record(
  {
    passed: fc.boolean(),
    data: fc.record({ source: fc.constantFrom("file", "synthetic"), rows: orNull(count), frauds: orNull(count) }),
    stages: fc.array(
      fc.record(
        { name: text, status: fc.constantFrom("passed", "failed", "skipped"), seconds: finite(0, 1e4), detail: text },
        { requiredKeys: ["name", "status", "seconds"] },
      ),
      { maxLength: 6 },
    ),
    model: fc.record({
      algorithm: orNull(text),
      rocAuc: orNull(finite(0, 1)),
      auprc: orNull(finite(0, 1)),
      auprcInterval: orNull(fc.tuple(finite(0, 1), finite(0, 1))),
      threshold: orNull(finite(0, 1)),
      recallAtFpr001: orNull(finite(0, 1)),
    }),
    registry: fc.record({ modelPackageArn: orNull(text), mlflowModelVersion: orNull(text) }),
    endpoint: fc.record({ name: orNull(text), configName: orNull(text), status: orNull(text) }),
    api: fc.record({
      url: orNull(text),
      predictStatus: orNull(count),
      noKeyStatus: orNull(count),
      healthStatus: orNull(count),
      p50Ms: orNull(finite(0, 1e4)),
      p99Ms: orNull(finite(0, 1e4)),
    }),
    stream: fc.record({
      rowsIn: orNull(count),
      scored: orNull(count),
      quarantined: orNull(count),
      written: orNull(count),
    }),
    provisioned: fc.record({ resources: orNull(count), components: orNull(count) }),
    startedAt: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    durationSeconds: finite(0, 1e5),
    resources: fc.record({ peakMb: orNull(count) }),
    refusal: text,
    error: text,
    evaluation: anyEvaluation,
    tree: fc.array(anyTree(3), { maxLength: 3 }),
    apiExamples: fc.array(fc.record({ request: fc.jsonValue(), status: count, response: fc.jsonValue() }), {
      maxLength: 3,
    }),
    quarantineReasons: fc.array(text, { maxLength: 3 }),
  },
  {
    requiredKeys: [
      "passed",
      "data",
      "stages",
      "model",
      "registry",
      "endpoint",
      "api",
      "stream",
      "provisioned",
      "startedAt",
      "durationSeconds",
      "resources",
    ],
  },
);
