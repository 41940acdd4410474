// What the scorer is measured against: one that goes row by row, and the bare calls that any scorer must make.
import { BatchWriteItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { parse } from "csv-parse/sync";
import { itemOf, type Prediction } from "../../functions/scorer/predictions";
import { Slots } from "../../functions/shared/slots";
import { instancesBody } from "../../functions/shared/instances";
import { sourceOf, type SourceObject } from "../../functions/shared/source-object";
import { dropFile, header } from "../../test/functions/scorer/on-cloud";
import { BUCKET, type Platform } from "../../test/functions/support/platform";

/** Calls of DynamoDB at once, as the scorer's. */
const WRITES_AT_ONCE = 16;
const ITEMS_PER_CALL = 25;
const JSON_BOTH_WAYS = { ContentType: "application/json", Accept: "application/json" };

let count = 0;

/** A prediction like the scorer's own, whose item is as long. */
function predictionOf(source: SourceObject, row: number, line: string): Prediction {
  return {
    transaction_id: `${source.key}#${source.version}#${row}#${++count}`,
    prediction: "legitimate",
    probability: 0.123,
    threshold: 0.5,
    amount: Number(line.slice(line.lastIndexOf(",") + 1)),
    scored_at: new Date().toISOString(),
    source: `s3://${source.bucket}/${source.key}`,
    source_version: source.version,
    row_number: row,
    model_package: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/1",
    model_version: 1,
    inference_id: `20260102T030405000Z-0123456789abcdef#${row % 500}`,
  };
}

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
};

/** Reads a file as a whole; asks for and writes each row by itself, one after another. @returns seconds */
export async function scoreRowByRow(platform: Platform, lines: readonly string[]): Promise<number> {
  const [runtime, dynamodb] = [new SageMakerRuntimeClient(), new DynamoDBClient()];
  const { created } = await dropFile(platform, "row by row.csv", [header, ...lines].join("\n"));
  const source = sourceOf(created);
  const { ENDPOINT_NAME: EndpointName, DYNAMODB_TABLE_NAME: TableName } = platform.variables;
  return secondsOf(async () => {
    const { Body } = await platform.clients.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: source.key }));
    const rows: string[][] = parse((await Body?.transformToString()) ?? "").slice(1);
    for (const [index, cells] of rows.entries()) {
      const line = cells.join(",");
      const request = { EndpointName, ...JSON_BOTH_WAYS, Body: instancesBody([line]) };
      const answer = await runtime.send(new InvokeEndpointCommand(request));
      const { predictions } = JSON.parse(answer.Body.transformToString()) as { predictions: { score: number }[] };
      const prediction = { ...predictionOf(source, index + 1, line), probability: predictions[0]?.score ?? NaN };
      await dynamodb.send(new PutItemCommand({ TableName, Item: itemOf(prediction, source) }));
    }
  });
}

/** Nothing but BatchWriteItem, of items that are there already. @returns seconds */
export async function writeBare(platform: Platform, lines: readonly string[]): Promise<number> {
  const dynamodb = new DynamoDBClient();
  const source: SourceObject = {
    ...{ bucket: BUCKET, key: "fraud/stream_data/bare.csv", versionId: undefined, version: "0123456789abcdef" },
    createdAt: "2026-01-02T03:04:05.000Z",
  };
  const items = lines.map((line, index) => itemOf(predictionOf(source, index + 1, line), source));
  const slots = new Slots(WRITES_AT_ONCE);
  return secondsOf(() =>
    inParts(items, ITEMS_PER_CALL, slots, (part) => {
      const requests = part.map((Item) => ({ PutRequest: { Item } }));
      const RequestItems = { [platform.variables.DYNAMODB_TABLE_NAME]: requests };
      return dynamodb.send(new BatchWriteItemCommand({ RequestItems }));
    }),
  );
}

/** Nothing but InvokeEndpoint, many rows each, a few at once. @returns seconds */
export async function invokeBare(
  platform: Platform,
  lines: readonly string[],
  batchRows: number,
  atOnce: number,
): Promise<number> {
  const runtime = new SageMakerRuntimeClient();
  const EndpointName = platform.variables.ENDPOINT_NAME;
  return secondsOf(() =>
    inParts(lines, batchRows, new Slots(atOnce), async (part) => {
      const request = { EndpointName, ...JSON_BOTH_WAYS, Body: instancesBody(part) };
      (await runtime.send(new InvokeEndpointCommand(request))).Body.transformToString();
    }),
  );
}

async function inParts<A>(
  all: readonly A[],
  length: number,
  slots: Slots,
  work: (part: A[]) => Promise<unknown>,
): Promise<void> {
  const parts = Array.from({ length: Math.ceil(all.length / length) }, (_, part) =>
    all.slice(part * length, (part + 1) * length),
  );
  await Promise.all(parts.map((part) => slots.run(() => work(part))));
}
