import { setTimeout as delay } from "node:timers/promises";
import { BatchWriteItemCommand, type AttributeValue, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ModelAnswer } from "../shared/scoring";
import type { SourceObject } from "../shared/source-object";
import type { GoodRow } from "./rows";

type Item = Record<string, AttributeValue>;

/** Items in one call, by DynamoDB's limit; calls at once for a batch; tries until all items of a call are written. */
const ITEMS_PER_CALL = 25;
const CALLS_AT_ONCE = 8;
const ATTEMPTS = 8;

/**
 * A row's prediction as it is stored. The time is the file's, not the clock's: a file that is delivered twice is
 * written the same, but for the name of the request that scored it.
 */
export function predictionItem(
  row: GoodRow,
  source: SourceObject,
  probability: number,
  model: ModelAnswer["model"],
  inferenceId: string,
): Item {
  return {
    TransactionID: { S: row.id },
    Prediction: { S: probability >= model.threshold ? "fraud" : "legitimate" },
    Probability: { N: String(probability) },
    Threshold: { N: String(model.threshold) },
    Timestamp: { S: source.createdAt },
    Source: { S: `s3://${source.bucket}/${source.key}` },
    SourceVersion: { S: source.version },
    RowNumber: { N: String(row.number) },
    ModelPackage: { S: model.packageArn },
    // Of the last time that the row was scored: labels find the capture by it.
    InferenceId: { S: inferenceId },
  };
}

/**
 * Writes items (each with a key of its own) and tries again for those that DynamoDB leaves unprocessed.
 *
 * @returns how many were written: all of them.
 * @throws Error when some are still unprocessed after eight tries.
 */
export async function writeItems(dynamodb: DynamoDBClient, tableName: string, items: readonly Item[]): Promise<number> {
  const calls = Array.from({ length: Math.ceil(items.length / ITEMS_PER_CALL) }, (_, index) =>
    items.slice(index * ITEMS_PER_CALL, (index + 1) * ITEMS_PER_CALL),
  );
  let written = 0;
  const worker = async (): Promise<void> => {
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
      await writeCall(dynamodb, tableName, call);
      written += call.length;
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, worker));
  return written;
}

async function writeCall(dynamodb: DynamoDBClient, tableName: string, items: readonly Item[]): Promise<void> {
  let requests = items.map((Item) => ({ PutRequest: { Item } }));
  for (let attempt = 1; ; attempt++) {
    const { UnprocessedItems } = await dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }),
    );
    requests = (UnprocessedItems?.[tableName] ?? []).flatMap(({ PutRequest }) =>
      PutRequest?.Item === undefined ? [] : [{ PutRequest: { Item: PutRequest.Item } }],
    );
    if (requests.length === 0) return;
    if (attempt === ATTEMPTS) throw new Error(`${requests.length} items of ${tableName} stayed unprocessed`);
    await delay(Math.random() * 50 * 2 ** attempt);
  }
}
