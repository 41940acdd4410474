// The API as its clients see it: refuses without a key, answers with one, and answers what the endpoint answers.
import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import type { PlatformOutputs } from "../../../components/outputs";
import { claim } from "../errors";
import type { Outcome, Progress } from "../stage";
import { request } from "./http";
import { transaction, type LabelledRow } from "./rows";

const Predictions = t.type({
  model: t.type({ packageArn: t.string }),
  threshold: t.number,
  predictions: t.array(
    t.intersection([
      t.type({ id: t.string, probability: t.number, decision: t.union([t.literal("fraud"), t.literal("legitimate")]) }),
      t.partial({ reasons: t.array(t.type({ feature: t.string, contribution: t.number })) }),
    ]),
  ),
});

export interface ApiResult {
  url: string;
  predictStatus: number;
  noKeyStatus: number;
  healthStatus: number;
  p50Ms: number;
  p99Ms: number;
  examples: { request: unknown; status: number; response: unknown }[];
}

/** One-row requests that the latency is taken from. */
const TIMED_REQUESTS = 150;
const REASONS = 3;
/** Requests before those: the function starts, connections open. */
const WARM_UP_REQUESTS = 10;

export async function checkApi(
  outputs: PlatformOutputs,
  apiKey: string,
  packageArn: string,
  rows: LabelledRow[],
  progress: Progress,
): Promise<Outcome<ApiResult>> {
  const url = `${outputs.apiUrl}/predict`;
  // Some of either class, where the sample has them.
  const chosen = [
    ...rows.filter((row) => row.label === 1).slice(0, 5),
    ...rows.filter((row) => row.label === 0).slice(0, 5),
  ];
  const json = { transactions: chosen.map((row, i) => transaction(row, `check-${i}`)) };

  progress("without a key");
  const noKey = await request("POST", url, { json });
  claim(noKey.status === 403, `POST /predict without a key answered ${noKey.status}, not 403.`);
  const wrongKey = await request("POST", url, { json, key: "0123456789abcdefghij" });
  claim(wrongKey.status === 403, `POST /predict with a wrong key answered ${wrongKey.status}, not 403.`);

  progress("with the key");
  const predict = await request("POST", url, { json, key: apiKey });
  claim(
    predict.status === 200,
    `POST /predict with the key answered ${predict.status}: ${JSON.stringify(predict.body).slice(0, 300)}`,
  );
  const answer = Predictions.decode(predict.body);
  if (isLeft(answer))
    return claim(
      false,
      `POST /predict answered 200 with a body of another form: ${JSON.stringify(predict.body).slice(0, 300)}`,
    ) as never;
  await checkAnswer(answer.right, outputs.endpointName, packageArn, chosen);

  progress("as CSV, with reasons");
  const csv = await request("POST", `${url}?reasons=${REASONS}`, {
    csv: chosen.map((row) => row.values.join(",")).join("\n"),
    key: apiKey,
  });
  const explained = Predictions.decode(csv.body);
  claim(
    csv.status === 200 &&
      !isLeft(explained) &&
      explained.right.predictions.every(
        ({ probability, reasons }, i) =>
          probability === answer.right.predictions[i]?.probability && reasons?.length === REASONS,
      ),
    `POST /predict of the same rows as CSV, with reasons, answered ${csv.status}: ${JSON.stringify(csv.body).slice(0, 300)}`,
  );

  progress("with a bad transaction");
  const bad = await request("POST", url, {
    key: apiKey,
    json: { transactions: [{ ...transaction(rows[0] as LabelledRow, "bad"), V7: "seven" }] },
  });
  claim(bad.status === 400, `POST /predict with text in V7 answered ${bad.status}, not 400.`);

  const health = await request("GET", `${outputs.apiUrl}/health`);
  claim(health.status === 200, `GET /health answered ${health.status}: ${JSON.stringify(health.body).slice(0, 300)}`);

  const times: number[] = [];
  for (let i = 0; i < WARM_UP_REQUESTS + TIMED_REQUESTS; i++) {
    if (i % 25 === 0) progress(`latency ${i}/${WARM_UP_REQUESTS + TIMED_REQUESTS}`);
    const one = await request("POST", url, {
      key: apiKey,
      json: { transactions: [transaction(rows[i % rows.length] as LabelledRow, `t-${i}`)] },
    });
    claim(one.status === 200, `Request ${i + 1} of the latency check answered ${one.status}.`);
    if (i >= WARM_UP_REQUESTS) times.push(one.milliseconds);
  }
  const result: ApiResult = {
    url: outputs.apiUrl,
    predictStatus: predict.status,
    noKeyStatus: noKey.status,
    healthStatus: health.status,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    examples: [
      {
        request: { transactions: json.transactions.slice(0, 1) },
        status: predict.status,
        response: { ...answer.right, predictions: answer.right.predictions.slice(0, 1) },
      },
      { request: "the same without x-api-key", status: noKey.status, response: noKey.body },
      { request: 'a transaction with "V7": "seven"', status: bad.status, response: bad.body },
    ],
  };
  return {
    value: result,
    detail: `200 with key, 403 without, 400 for bad input; p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms`,
  };
}

/** The answer's rows, model and decisions against the endpoint asked directly, in its other content type. */
async function checkAnswer(
  answer: t.TypeOf<typeof Predictions>,
  endpointName: string,
  packageArn: string,
  rows: LabelledRow[],
): Promise<void> {
  claim(
    answer.predictions.length === rows.length && answer.predictions.every((each, i) => each.id === `check-${i}`),
    `POST /predict with ${rows.length} transactions answered ids ${answer.predictions.map((each) => each.id).join(", ")}.`,
  );
  claim(
    answer.model.packageArn === packageArn,
    `POST /predict was answered by ${answer.model.packageArn}, not by ${packageArn}.`,
  );
  const response = await new SageMakerRuntimeClient().send(
    new InvokeEndpointCommand({
      EndpointName: endpointName,
      ContentType: "text/csv",
      Body: rows.map((row) => row.values.join(",")).join("\n"),
    }),
  );
  claim(
    /^text\/csv\b/.test(response.ContentType ?? ""),
    `The endpoint answered CSV in ${response.ContentType} to a request that named no other type.`,
  );
  const direct = Buffer.from(response.Body).toString().trim().split("\n").map(Number);
  answer.predictions.forEach((each, i) => {
    const score = direct[i] ?? NaN;
    claim(
      Math.abs(each.probability - score) < 1e-9,
      `Row ${i}: the API says ${each.probability}, the endpoint ${score}.`,
    );
    const decision = each.probability >= answer.threshold ? "fraud" : "legitimate";
    claim(
      each.decision === decision,
      `Row ${i}: decision ${each.decision} at probability ${each.probability} and threshold ${answer.threshold}.`,
    );
  });
}

/** The q-quantile (nearest rank), in milliseconds with two decimals. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN).toFixed(2));
}
