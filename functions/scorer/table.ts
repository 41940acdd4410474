import { setTimeout as delay } from "node:timers/promises";
import { BatchWriteItemCommand, type AttributeValue, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Slots } from "../shared/slots";

type Item = Record<string, AttributeValue>;
type Requests = { PutRequest: { Item: Item } }[];

/** Items in one call, by DynamoDB's limit; tries until all items of a call are written, a minute or so. */
const ITEMS_PER_CALL = 25;
const ATTEMPTS = 12;
const LONGEST_PAUSE_MILLISECONDS = 10_000;

const BUSY = new Set([
  "InternalServerError",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ServiceUnavailable",
  "Throttling",
  "ThrottlingException",
]);

/**
 * Writes an item for each row, each with a key of its own, several calls at once; what DynamoDB leaves unprocessed or is too busy for
 * is tried again after pauses that grow, at random.
 *
 * @throws Error when some are still not written after twelve tries.
 */
export async function writeItems<Row>(
  dynamodb: DynamoDBClient,
  tableName: string,
  rows: readonly Row[],
  itemOf: (row: Row) => Item,
  slots: Slots,
): Promise<void> {
  const calls: Promise<void>[] = [];
  for (let at = 0; at < rows.length; at += ITEMS_PER_CALL) {
    // Items are made when their turn comes: those of a whole chunk would be most of the memory.
    const write = () => writeCall(dynamodb, tableName, rows.slice(at, at + ITEMS_PER_CALL).map(itemOf));
    calls.push(slots.run(write));
  }
  await Promise.allSettled(calls);
  await Promise.all(calls);
}

async function writeCall(dynamodb: DynamoDBClient, tableName: string, items: readonly Item[]): Promise<void> {
  let requests: Requests = items.map((Item) => ({ PutRequest: { Item } }));
  for (let attempt = 1; ; attempt++) {
    requests = await unprocessed(dynamodb, tableName, requests);
    if (requests.length === 0) return;
    if (attempt === ATTEMPTS) throw new Error(`${requests.length} items of ${tableName} stayed unprocessed`);
    await delay(Math.random() * Math.min(LONGEST_PAUSE_MILLISECONDS, 50 * 2 ** attempt));
  }
}

async function unprocessed(dynamodb: DynamoDBClient, tableName: string, requests: Requests): Promise<Requests> {
  try {
    const { UnprocessedItems } = await dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }),
    );
    return (UnprocessedItems?.[tableName] ?? []).flatMap(({ PutRequest }) =>
      PutRequest?.Item === undefined ? [] : [{ PutRequest: { Item: PutRequest.Item } }],
    );
  } catch (error) {
    if (error instanceof Error && BUSY.has(error.name)) return requests;
    throw error;
  }
}
