import * as t from "io-ts";
import { decode } from "./decode";

/** A finite number: JSON can't write any other, Python's JSON can. */
const Finite = new t.Type<number, number, unknown>(
  "Finite",
  (input): input is number => Number.isFinite(input),
  (input, context) =>
    typeof input === "number" && Number.isFinite(input)
      ? t.success(input)
      : t.failure(input, context, "must be a finite number"),
  t.identity,
);

/** A number from 0 to 1. */
const Share = new t.Type<number, number, unknown>(
  "Share",
  (input): input is number => typeof input === "number" && input >= 0 && input <= 1,
  (input, context) =>
    typeof input === "number" && input >= 0 && input <= 1
      ? t.success(input)
      : t.failure(input, context, "must be a number from 0 to 1"),
  t.identity,
);

/** A metric on the test split with its 95% bootstrap interval `[low, high]`. */
export const Metric = t.type({ value: Share, interval: t.tuple([Share, Share]) }, "Metric");
export type Metric = t.TypeOf<typeof Metric>;

/** Names of the metrics of a report. `recallAtFpr001` is recall at a false-positive rate of 0.001. */
export const METRICS = ["rocAuc", "auprc", "recallAtFpr001", "precision", "recall", "f1", "brier"] as const;
export type MetricName = (typeof METRICS)[number];

const Point = t.tuple([Finite, Finite]);

const metrics = <A>(codec: t.Type<A, A, unknown>) =>
  t.type({
    rocAuc: codec,
    auprc: codec,
    recallAtFpr001: codec,
    precision: codec,
    recall: codec,
    f1: codec,
    brier: codec,
  } satisfies Record<MetricName, unknown>);

/** The new model's metric less the champion's, with the 95% interval of the paired bootstrap. */
const Difference = t.type({ value: Finite, interval: t.tuple([Finite, Finite]) }, "Difference");

const championIdentity = t.partial({ packageArn: t.string, mlflowVersion: t.string });

/** What the job learned of the champion, the model that serves now; `detail` is a sentence. */
export const ChampionReport = t.union(
  [
    t.intersection([
      t.type({
        status: t.literal("compared"),
        detail: t.string,
        algorithm: t.string,
        threshold: Share,
        /** On the same test rows. */
        metrics: metrics(Metric),
        /** At its own threshold. */
        costTotal: Finite,
        difference: metrics(Difference),
      }),
      championIdentity,
    ]),
    t.intersection([
      t.type({
        /** Why there is no comparison: no champion, one that takes other features, one that cannot be loaded. */
        status: t.union([t.literal("none"), t.literal("otherFeatures"), t.literal("unloadable")]),
        detail: t.string,
      }),
      championIdentity,
    ]),
  ],
  "ChampionReport",
);
export type ChampionReport = t.TypeOf<typeof ChampionReport>;

/** `evaluation.json`: what a model does on the test split. Written by the evaluate job. */
export const EvaluationReport = t.type(
  {
    schemaVersion: t.literal(2),
    algorithm: t.string,
    /** Probability from which a transaction counts as fraud; chosen on validation by cost. */
    threshold: Share,
    /** `legitimateWeight`: how many rows of the full data each legitimate row stands for. */
    rows: t.type({ test: Finite, frauds: Finite, legitimateWeight: Finite }),
    metrics: metrics(Metric),
    cost: t.type({ falsePositiveCost: Finite, total: Finite, curve: t.array(Point) }),
    confusionMatrix: t.type({
      truePositives: Finite,
      falsePositives: Finite,
      trueNegatives: Finite,
      falseNegatives: Finite,
    }),
    /** How far scores are from the share of frauds, over the calibration's bins: on average, and in the worst one. */
    calibrationError: t.type({ expected: Share, maximum: Share }),
    /** At most 500 points each. */
    curves: t.type({
      roc: t.array(Point),
      precisionRecall: t.array(Point),
      /** Mean prediction, share of frauds, rows. */
      calibration: t.array(t.tuple([Finite, Finite, Finite])),
      scoreHistogram: t.type({ edges: t.array(Finite), legitimate: t.array(Finite), fraud: t.array(Finite) }),
    }),
    champion: ChampionReport,
  },
  "EvaluationReport",
);
export type EvaluationReport = t.TypeOf<typeof EvaluationReport>;

/** @throws DecodeError naming everything that is wrong. */
export const decodeEvaluationReport = (input: unknown): EvaluationReport =>
  decode(EvaluationReport, input, "The evaluation report");
