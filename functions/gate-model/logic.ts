import * as t from "io-ts";
import type { ChampionReport, EvaluationReport, Metric } from "../shared/evaluation-report";

/** What the pipeline's Lambda step sends. Minima are inclusive, from 0 to 1. */
export const GateEvent = t.type(
  {
    evaluationUri: t.string,
    rocAucMin: t.number,
    auprcMin: t.number,
    recallAtFpr001Min: t.number,
    /** How much AUPRC below the champion's is tolerated. */
    championMargin: t.number,
    /** What becomes of a model whose champion cannot be loaded, so that nobody knows which is better. */
    unloadableChampion: t.union([t.literal("refuse"), t.literal("ignore")]),
    executionId: t.string,
    pipelineExecutionArn: t.string,
    gitRevision: t.string,
  },
  "GateEvent",
);
export type GateEvent = t.TypeOf<typeof GateEvent>;

/** The step's outputs. `passed` is text, since that is what conditions compare. */
export interface GateDecision {
  passed: "true" | "false";
  /** At most 1,024 characters, SageMaker's limit on a step's output. */
  reason: string;
}

export interface Judgement extends GateDecision {
  /** A pass that somebody should look at: there is a champion, and it could not be compared. */
  warning?: string;
}

const REASON_CHARACTERS = 1024;

/**
 * Decides on the evaluation: every metric reaches its minimum, and the champion is not better.
 *
 * The champion is better when the whole 95% interval of the paired difference in AUPRC lies below the margin. Without a
 * champion, or where it takes other features and so cannot score the same rows, the minima alone decide. A champion that
 * cannot be loaded refuses the model, unless the event says to ignore it. The reason names everything that failed, and
 * what was found of the champion in any case.
 */
export function decide(report: EvaluationReport, event: GateEvent): Judgement {
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
  const champion = compare(report.champion, event);
  if (champion.refuses) failures.push(champion.finding);
  if (failures.length > 0) {
    const more = champion.refuses ? "" : ` ${champion.finding}`;
    return { passed: "false", reason: clip(`The model is refused: ${failures.join("; ")}.${more}`) };
  }
  const reached = checks.map(({ name, metric, minimum }) => `${name} ${figure(metric)} ≥ ${minimum}`).join("; ");
  return {
    passed: "true",
    reason: clip(`${reached}. ${champion.finding}`),
    ...(champion.warns ? { warning: champion.finding } : {}),
  };
}

interface ChampionFinding {
  refuses: boolean;
  warns: boolean;
  /** Where it refuses, a part of a sentence; else sentences. */
  finding: string;
}

function compare(champion: ChampionReport, { championMargin, unloadableChampion }: GateEvent): ChampionFinding {
  switch (champion.status) {
    case "compared": {
      const { value, interval } = champion.difference.auprc;
      const better = interval[1] < -championMargin;
      const version = champion.mlflowVersion === undefined ? "" : `, version ${champion.mlflowVersion},`;
      const found = `on the same rows the champion${version} has AUPRC ${figure(champion.metrics.auprc)}, a difference of ${signed(value)} (95% interval of paired samples ${interval.map(signed).join(" to ")})`;
      return better
        ? {
            refuses: true,
            warns: false,
            finding: `the champion is better: ${found}; a margin of ${championMargin} is allowed`,
          }
        : { refuses: false, warns: false, finding: `The champion is not better: ${found}.` };
    }
    case "none":
      return { refuses: false, warns: false, finding: `${champion.detail} The minima alone decide.` };
    case "otherFeatures":
      return { refuses: false, warns: true, finding: `${champion.detail} The minima alone decide.` };
    case "unloadable":
      return unloadableChampion === "refuse"
        ? {
            refuses: true,
            warns: false,
            finding: `nobody knows whether the champion is better: ${champion.detail.replace(/\.$/, "")} (mend it, or set evaluation.unloadableChampion to "ignore")`,
          }
        : { refuses: false, warns: true, finding: `${champion.detail} It is ignored, as configured.` };
  }
}

const figure = ({ value, interval: [low, high] }: Metric): string =>
  `${value.toFixed(4)} (95% interval ${low.toFixed(4)}–${high.toFixed(4)})`;

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;

const clip = (reason: string): string =>
  reason.length <= REASON_CHARACTERS ? reason : `${reason.slice(0, REASON_CHARACTERS - 1)}…`;
