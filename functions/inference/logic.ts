import { parseJson } from "../shared/decode";
import { rowInferenceId } from "../shared/inference-id";
import { ProblemError } from "../shared/problem";
import { packageVersion, ScoringError, type NamedAnswer, type ScoringFailure } from "../shared/scoring";
import {
  LIMITS,
  validateCsv,
  validateTransactions,
  type Transaction,
  type Validated,
  type Violation,
} from "../shared/transactions";

/** Longest body that is read, in bytes: 1,000 transactions with every digit written out take about 800,000. */
export const MAX_BODY_BYTES = 2_000_000;

export interface PredictRequest {
  contentType: string | undefined;
  body: string | null;
  isBase64Encoded: boolean;
  /** The query's `reasons`. */
  reasons?: string | undefined;
}

/** What is to be scored, and with how many reasons for each prediction. */
export interface Wanted {
  transactions: Transaction[];
  reasons: number;
}

export interface PredictAnswer {
  requestId: string;
  model: { name: string; version: string; packageArn: string };
  /** Probability from which the decision is `fraud`. */
  threshold: number;
  predictions: {
    id: string;
    /** Names the scored transaction in labels that come later. */
    inferenceId: string;
    probability: number;
    decision: "fraud" | "legitimate";
    /** Where they were asked for: the features that moved the probability most, in log-odds, the strongest first. */
    reasons?: { feature: string; contribution: number }[];
  }[];
}

/** What a request asks for. @throws ProblemError naming everything that is wrong. */
export function readRequest({ contentType, body, isBase64Encoded, reasons = "0" }: PredictRequest): Wanted {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json" && mediaType !== "text/csv") {
    const given = mediaType === undefined || mediaType === "" ? "has no content type" : `is "${mediaType}"`;
    throw new ProblemError("unsupported-media-type", `The body ${given}; send application/json or text/csv.`);
  }
  const text = body === null || !isBase64Encoded ? (body ?? "") : Buffer.from(body, "base64").toString("utf8");
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BODY_BYTES) {
    throw new ProblemError("payload-too-large", `The body has ${bytes} bytes; at most ${MAX_BODY_BYTES} are read.`);
  }
  const validated = mediaType === "text/csv" ? validateCsv(text) : readJsonBody(text);
  const violations: Violation[] = [...validated.violations];
  if (!/^\d{1,2}$/.test(reasons) || Number(reasons) > LIMITS.reasons) {
    violations.push({ path: "?reasons", reason: `must be a whole number from 0 to ${LIMITS.reasons}` });
  }
  if (violations.length > 0) {
    const count = violations.length === 1 ? "1 thing is" : `${violations.length} things are`;
    throw new ProblemError("invalid-request", `${count} wrong with the request.`, { violations });
  }
  return { transactions: validated.transactions, reasons: Number(reasons) };
}

function readJsonBody(text: string): Validated {
  const parsed = parseJson(text);
  if (parsed instanceof SyntaxError) {
    return { transactions: [], violations: [{ path: "", reason: "must be JSON" }] };
  }
  const count = countOf(parsed);
  if (count > LIMITS.transactions) {
    const detail = `The request has ${count} transactions; at most ${LIMITS.transactions} are scored at once.`;
    throw new ProblemError("payload-too-large", detail);
  }
  return validateTransactions(parsed);
}

function countOf(body: unknown): number {
  return typeof body === "object" && body !== null && "transactions" in body && Array.isArray(body.transactions)
    ? body.transactions.length
    : 0;
}

/** The API's answer, whatever algorithm gave the scores. */
export function answerOf(
  requestId: string,
  modelName: string,
  transactions: readonly Transaction[],
  { predictions, model, inferenceId }: NamedAnswer,
): PredictAnswer {
  return {
    requestId,
    model: { name: modelName, version: packageVersion(model.packageArn), packageArn: model.packageArn },
    threshold: model.threshold,
    predictions: transactions.map(({ id }, index) => {
      const { score: probability = NaN, reasons } = predictions[index] ?? {};
      const decision = probability >= model.threshold ? "fraud" : "legitimate";
      const name = rowInferenceId(inferenceId, index, transactions.length);
      return { id, inferenceId: name, probability, decision, ...(reasons === undefined ? {} : { reasons }) };
    }),
  };
}

const failures: Record<ScoringFailure, () => ProblemError> = {
  "no-model": () =>
    new ProblemError("no-model", "No model is in service yet; try again later.", { retryAfterSeconds: 60 }),
  busy: () => new ProblemError("model-busy", "The model can't answer now; try again.", { retryAfterSeconds: 2 }),
  rejected: () => new ProblemError("not-scorable", "The model in service does not take these transactions."),
  failed: () => new ProblemError("model-error", "The model in service failed on these transactions."),
};

/** What the caller is told of an error: nothing of where it came from. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof ScoringError) return failures[error.failure]();
  return new ProblemError("internal-error", "The request could not be answered; give its id when you report this.");
}
