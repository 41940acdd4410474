import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import * as t from "io-ts";
import { decodeJson } from "../shared/decode";
import { rowInferenceId } from "../shared/inference-id";
import { packageVersion } from "../shared/scoring";
import { fileId, type SourceObject } from "../shared/source-object";
import type { ScoredBatch } from "./micro-batches";

const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null]);

/** A row's prediction: a line of a predictions object. docs/streaming.md says what each member is. */
export const Prediction = t.type(
  {
    transaction_id: t.string,
    prediction: t.union([t.literal("fraud"), t.literal("legitimate")]),
    probability: t.number,
    threshold: t.number,
    amount: nullable(t.number),
    scored_at: t.string,
    source: t.string,
    source_version: t.string,
    row_number: t.number,
    model_package: t.string,
    model_version: nullable(t.number),
    inference_id: t.string,
  },
  "Prediction",
);
export type Prediction = t.TypeOf<typeof Prediction>;

/** The predictions that an answer makes. */
export function predictionsOf({ rows, answer }: ScoredBatch, source: SourceObject, scoredAt: Date): Prediction[] {
  const { packageArn, threshold } = answer.model;
  const version = Number(packageVersion(packageArn));
  return rows.map(({ id, number, amount }, index) => {
    const probability = answer.predictions[index]?.score;
    if (probability === undefined) throw new Error(`row ${number} has no score`);
    return {
      transaction_id: id,
      prediction: probability >= threshold ? "fraud" : "legitimate",
      probability,
      threshold,
      amount: amount ?? null,
      scored_at: scoredAt.toISOString(),
      source: `s3://${source.bucket}/${source.key}`,
      source_version: source.version,
      row_number: number,
      model_package: packageArn,
      model_version: Number.isInteger(version) && version > 0 ? version : null,
      inference_id: rowInferenceId(answer.inferenceId, index, rows.length),
    };
  });
}

export const writeLines = (predictions: readonly Prediction[]): string =>
  predictions.map((prediction) => `${JSON.stringify(prediction)}\n`).join("");

/** @throws DecodeError for what is no predictions object. */
export const readLines = (text: string, name: string): Prediction[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line, index) => decodeJson(Prediction, line, `Line ${index + 1} of ${name}`));

/** A prediction as the table keeps it, under a key that is the row's own. */
export function itemOf(prediction: Prediction, source: SourceObject): Record<string, AttributeValue> {
  const { amount, model_version: version, row_number: row } = prediction;
  return {
    TransactionID: { S: prediction.transaction_id },
    RowId: { S: `${fileId(source)}#${row}` },
    Prediction: { S: prediction.prediction },
    Probability: { N: decimal(prediction.probability) },
    Threshold: { N: decimal(prediction.threshold) },
    ...(amount === null ? {} : { Amount: { N: decimal(amount) } }),
    Timestamp: { S: prediction.scored_at },
    Source: { S: prediction.source },
    SourceVersion: { S: prediction.source_version },
    RowNumber: { N: String(row) },
    ModelPackage: { S: prediction.model_package },
    ...(version === null ? {} : { ModelVersion: { N: String(version) } }),
    InferenceId: { S: prediction.inference_id },
  };
}

/** DynamoDB takes no number nearer to 0 than 1E-130. */
const decimal = (value: number): string => (Math.abs(value) < 1e-130 ? "0" : String(value));
