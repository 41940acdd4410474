// What a run came to, in one word and one sentence.
import type { RunReport } from "./report";

export interface Verdict {
  kind: "passed" | "refused" | "failed";
  sentence: string;
}

export function verdictOf(report: RunReport): Verdict {
  if (report.passed) return { kind: "passed", sentence: "Every stage did what it claims" };
  if (report.refusal !== undefined) {
    return { kind: "refused", sentence: "The gate turned the model down; nothing was deployed" };
  }
  const stage = report.stages.find(({ status }) => status === "failed");
  return {
    kind: "failed",
    sentence: stage === undefined ? "The run ended early" : `The run ended at stage ${stage.name}`,
  };
}
