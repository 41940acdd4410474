import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import * as t from "io-ts";
import { decodeJson } from "../shared/decode";
import { Start } from "./logic";

/** How long one function has for a job that has ended, before another may take over. */
const LEASE_SECONDS = 60;
const RETENTION_SECONDS = 400 * 24 * 3600;

/** The table of monitors' runs: an item for each job that ended, and one for the training runs that they started. */
export class MonitorRuns {
  constructor(
    private readonly dynamodb: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  /** Takes the right to deal with a job's end. `settled` once that is done, `taken` while another does it. */
  async claim(jobName: string, now: Date): Promise<"claimed" | "taken" | "settled"> {
    const seconds = Math.floor(now.getTime() / 1000);
    const claimed = await applied(
      this.dynamodb.send(
        new UpdateItemCommand({
          TableName: this.tableName,
          Key: { id: { S: jobName } },
          UpdateExpression: "SET leaseUntil = :until",
          ConditionExpression:
            "attribute_not_exists(settledAt) AND (attribute_not_exists(leaseUntil) OR leaseUntil <= :now)",
          ExpressionAttributeValues: {
            ":until": { N: String(seconds + LEASE_SECONDS) },
            ":now": { N: String(seconds) },
          },
        }),
      ),
    );
    if (claimed) return "claimed";
    const item = await this.item(jobName);
    return item?.settledAt === undefined ? "taken" : "settled";
  }

  /** What was done of a job's end stays done, should the rest fail. */
  async done(jobName: string): Promise<ReadonlySet<string>> {
    return new Set((await this.item(jobName))?.done?.SS);
  }

  async markDone(jobName: string, part: string): Promise<void> {
    await this.change(jobName, "ADD done :part", { ":part": { SS: [part] } });
  }

  /** Gives the right back, so that the next try need not wait for it to expire. */
  async release(jobName: string): Promise<void> {
    await this.change(jobName, "REMOVE leaseUntil", undefined);
  }

  async settle(jobName: string, outcome: string, now: Date): Promise<void> {
    await this.change(jobName, "SET settledAt = :at, outcome = :outcome, expiresAt = :expires REMOVE leaseUntil", {
      ":at": { S: now.toISOString() },
      ":outcome": { S: outcome },
      ":expires": { N: String(Math.floor(now.getTime() / 1000) + RETENTION_SECONDS) },
    });
  }

  /** The training runs that violations started, and the record's version. */
  async starts(endpointName: string): Promise<{ starts: Start[]; version: number }> {
    const item = await this.item(retrainingId(endpointName));
    if (item === undefined) return { starts: [], version: 0 };
    const starts = decodeJson(t.array(Start), item.starts?.S ?? "[]", `The training runs of ${endpointName}`);
    return { starts, version: Number(item.version?.N ?? "0") };
  }

  /** False when another function has changed the record meanwhile. */
  putStarts(endpointName: string, starts: readonly Start[], version: number): Promise<boolean> {
    return applied(
      this.dynamodb.send(
        new PutItemCommand({
          TableName: this.tableName,
          Item: {
            id: { S: retrainingId(endpointName) },
            starts: { S: JSON.stringify(starts) },
            version: { N: String(version + 1) },
          },
          ConditionExpression: version === 0 ? "attribute_not_exists(id)" : "version = :version",
          ...(version === 0 ? {} : { ExpressionAttributeValues: { ":version": { N: String(version) } } }),
        }),
      ),
    );
  }

  private async item(id: string) {
    const { Item } = await this.dynamodb.send(
      new GetItemCommand({ TableName: this.tableName, Key: { id: { S: id } }, ConsistentRead: true }),
    );
    return Item;
  }

  private async change(
    jobName: string,
    UpdateExpression: string,
    values: ConstructorParameters<typeof UpdateItemCommand>[0]["ExpressionAttributeValues"],
  ): Promise<void> {
    await this.dynamodb.send(
      new UpdateItemCommand({
        TableName: this.tableName,
        Key: { id: { S: jobName } },
        UpdateExpression,
        ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
      }),
    );
  }
}

/** No job has a name with a `#`. */
const retrainingId = (endpointName: string): string => `retraining#${endpointName}`;

async function applied(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
