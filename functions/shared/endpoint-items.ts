import {
  ConditionalCheckFailedException,
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type TransactWriteItem,
  type Update,
} from "@aws-sdk/client-dynamodb";

export type Item = Record<string, AttributeValue>;
export type Change = Update & { UpdateExpression: string };
type Field = string | number | boolean;
type Condition = { ConditionExpression?: string; ExpressionAttributeValues?: Item };

/** What a table, hash key `endpointName`, range key `record`, keeps of one endpoint: strings, numbers and truth values. */
export class EndpointItems {
  constructor(
    private readonly dynamodb: DynamoDBClient,
    readonly tableName: string,
    readonly endpointName: string,
  ) {}

  /** Keeps what is known of the fields as `record`, in the place of what was there. */
  put(record: string, fields: Readonly<Record<string, Field | undefined>>, only: Condition = {}): TransactWriteItem {
    const given = Object.entries(fields).flatMap(([name, value]): [string, AttributeValue][] =>
      value === undefined ? [] : [[name, attribute(value)]],
    );
    return { Put: { TableName: this.tableName, Item: { ...Object.fromEntries(given), ...this.key(record) }, ...only } };
  }

  /** Forgets `record`. */
  delete(record: string, only: Condition = {}): TransactWriteItem {
    return { Delete: { TableName: this.tableName, Key: this.key(record), ...only } };
  }

  /** A change of a record, to be made by {@link update} or {@link transact}. */
  change(record: string, expression: string, more: Condition & Pick<Update, "ExpressionAttributeNames">): Change {
    return { TableName: this.tableName, Key: this.key(record), UpdateExpression: expression, ...more };
  }

  /** A record's fields; undefined where there is none. */
  async get(record: string): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.dynamodb.send(
      new GetItemCommand({ TableName: this.tableName, Key: this.key(record), ConsistentRead: true }),
    );
    return Item && plain(Item);
  }

  /** The fields of all records from `from` to `to`, both included, in their order. */
  async query(from: string, to: string): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    let start: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.dynamodb.send(
        new QueryCommand({
          TableName: this.tableName,
          KeyConditionExpression: "endpointName = :endpoint AND #record BETWEEN :from AND :to",
          ExpressionAttributeNames: { "#record": "record" },
          ExpressionAttributeValues: {
            ":endpoint": { S: this.endpointName },
            ":from": { S: from },
            ":to": { S: to },
          },
          ConsistentRead: true,
          ExclusiveStartKey: start,
        }),
      );
      found.push(...Items.map(plain));
      start = LastEvaluatedKey;
    } while (start !== undefined);
    return found;
  }

  /** Makes a change. False when its condition does not hold. */
  update(change: Change): Promise<boolean> {
    return applied(this.dynamodb.send(new UpdateItemCommand(change)));
  }

  /** Makes all changes, or none: false when a condition does not hold. */
  transact(TransactItems: TransactWriteItem[]): Promise<boolean> {
    return applied(this.dynamodb.send(new TransactWriteItemsCommand({ TransactItems })));
  }

  private key(record: string): Item {
    return { endpointName: { S: this.endpointName }, record: { S: record } };
  }
}

function attribute(value: Field): AttributeValue {
  if (typeof value === "boolean") return { BOOL: value };
  return typeof value === "number" ? { N: String(value) } : { S: value };
}

/** An item's strings, numbers and truth values; there is nothing else in the table. */
const plain = (item: Item): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(item).map(([name, { S, N, BOOL }]) => [name, S ?? (N === undefined ? BOOL : Number(N))]),
  );

async function applied(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException || isConditionOfTransaction(error)) return false;
    throw error;
  }
}

/** A transaction that met a condition that does not hold; one that met another transaction is worth another try. */
const isConditionOfTransaction = (error: unknown): boolean =>
  error instanceof TransactionCanceledException &&
  (error.CancellationReasons ?? []).some(({ Code }) => Code === "ConditionalCheckFailed");
