import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import { parseJson } from "../shared/decode";
import { ModelAnswer } from "../shared/scoring";

/** A line of what an endpoint captured, as far as a comparison goes by it. */
const CaptureLine = t.type({
  captureData: t.type({
    endpointOutput: t.type({ data: t.string, encoding: t.string, observedContentType: t.string }),
  }),
  eventMetadata: t.intersection([t.type({ inferenceTime: t.string }), t.partial({ inferenceId: t.string })]),
});

/** What a model answered to a request. */
export interface CapturedAnswer {
  inferenceId: string;
  /** ISO 8601. */
  time: string;
  /** A probability for each row. */
  scores: number[];
  /** Undefined where the answer does not say whose it is, as CSV does not. */
  packageArn: string | undefined;
}

/** Why a line says nothing of an answer that another could be held against. */
export type Unusable = "unreadable" | "nameless";

/** Reads a captured answer: JSON as the API asks for it, or CSV with a probability a line; as text or in base64. */
export function readCapture(line: string): CapturedAnswer | Unusable {
  const decoded = CaptureLine.decode(parseJson(line));
  if (isLeft(decoded)) return "unreadable";
  const { captureData, eventMetadata } = decoded.right;
  const { data, encoding, observedContentType } = captureData.endpointOutput;
  const text = encoding === "BASE64" ? Buffer.from(data, "base64").toString("utf8") : data;
  const answer = /json/i.test(observedContentType) ? readJsonAnswer(text) : readCsvAnswer(text);
  if (answer === undefined) return "unreadable";
  if (eventMetadata.inferenceId === undefined) return "nameless";
  return { inferenceId: eventMetadata.inferenceId, time: eventMetadata.inferenceTime, ...answer };
}

type Answer = Pick<CapturedAnswer, "scores" | "packageArn">;

function readJsonAnswer(text: string): Answer | undefined {
  const decoded = ModelAnswer.decode(parseJson(text));
  if (isLeft(decoded)) return undefined;
  const { predictions, model } = decoded.right;
  return { scores: predictions.map(({ score }) => score), packageArn: model.packageArn };
}

function readCsvAnswer(text: string): Answer | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const scores = lines.map(Number);
  return lines.length === 0 || scores.some(Number.isNaN) ? undefined : { scores, packageArn: undefined };
}
