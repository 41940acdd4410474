import {
  ConditionalCheckFailedException,
  GetItemCommand,
  paginateQuery,
  PutItemCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import * as t from "io-ts";
import { decodeJson } from "../shared/decode";
import { fileId, type SourceObject } from "../shared/source-object";
import { ChunkPosition } from "./chunks";
import { StreamSchema } from "./schemas";

/** How far a file is, and what was decided about it at its first claim and holds until its end. */
export const Progress = t.intersection(
  [
    t.type({
      /** When the object was made, as the first event said it: names of what is written hold it. */
      createdAt: t.string,
      schema: StreamSchema,
      chunkRows: t.number,
      engine: t.union([t.literal("endpoint"), t.literal("batch-transform")]),
      /** The engine `endpoint` only scores; `batch-transform` prepares input, waits for the job, and scores by its output. */
      phase: t.union([t.literal("preparing"), t.literal("transforming"), t.literal("scoring")]),
      /** Where the phase goes on. */
      next: ChunkPosition,
    }),
    t.partial({
      /** Whether any input was prepared up to there. */
      hasInput: t.boolean,
      /** The transform job that is to be started, or was. */
      transform: t.type({
        attempt: t.number,
        jobName: t.string,
        modelName: t.string,
        packageArn: t.string,
        threshold: t.number,
      }),
    }),
  ],
  "Progress",
);
export type Progress = t.TypeOf<typeof Progress>;

/** What became of a chunk: `rows = scored + quarantined`, and `scored` are in the table. */
export const ChunkAccount = t.intersection(
  [
    t.type({ rows: t.number, scored: t.number, quarantined: t.number, modelPackages: t.array(t.string) }),
    t.partial({ predictionKey: t.string, quarantineKey: t.string }),
  ],
  "ChunkAccount",
);
export type ChunkAccount = t.TypeOf<typeof ChunkAccount>;

/** Somebody else has the file by now, because this one was not heard of for too long. */
export class LeaseLostError extends Error {
  constructor(source: SourceObject) {
    super(`s3://${source.bucket}/${source.key} is worked on by another invocation by now`);
    this.name = "LeaseLostError";
  }
}

/** A file is somebody's for so long from the last word on; renewed by the third of it. */
const LEASE_MILLISECONDS = 60_000;
/** Items go after this: much later than a message of the file can come from the dead letters. */
const KEPT_SECONDS = 90 * 86_400;

export type Claimed = { claim: Claim } | { done: true } | { takenUntil: Date };

/** Makes a file this invocation's own, unless it is done or somebody else's. */
export async function claimFile(dynamodb: DynamoDBClient, tableName: string, source: SourceObject): Promise<Claimed> {
  const key = { FileId: { S: fileId(source) }, Chunk: { N: "0" } };
  const now = Date.now();
  try {
    const { Attributes } = await dynamodb.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: key,
        UpdateExpression:
          "SET #status = if_not_exists(#status, :working), Fence = if_not_exists(Fence, :zero) + :one, " +
          "LeaseUntil = :until, #source = :source, SourceVersion = :version, ExpiresAt = :expires",
        ConditionExpression: "attribute_not_exists(FileId) OR (#status = :working AND LeaseUntil < :now)",
        ExpressionAttributeNames: { "#status": "Status", "#source": "Source" },
        ExpressionAttributeValues: {
          ":working": { S: "working" },
          ":zero": { N: "0" },
          ":one": { N: "1" },
          ":now": { N: String(now) },
          ":until": { N: String(now + LEASE_MILLISECONDS) },
          ":source": { S: `s3://${source.bucket}/${source.key}` },
          ":version": { S: source.version },
          ":expires": expiry(),
        },
        ReturnValues: "ALL_NEW",
      }),
    );
    return { claim: new Claim(dynamodb, tableName, source, Attributes ?? {}) };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: true }));
  if (Item !== undefined && Item.Status?.S !== "working") return { done: true };
  return { takenUntil: new Date(Number(Item?.LeaseUntil?.N ?? now)) };
}

/** A file that is this invocation's own, for as long as it says so. Another's claim ends it: then all of it throws. */
export class Claim {
  /** How often the file was claimed: the fence that later owners stand behind. */
  readonly fence: number;
  /** Undefined of a file that nobody has begun. */
  readonly progress: Progress | undefined;
  private readonly renewal: NodeJS.Timeout;
  private lost = false;
  private ended = false;

  constructor(
    private readonly dynamodb: DynamoDBClient,
    private readonly tableName: string,
    private readonly source: SourceObject,
    item: Record<string, AttributeValue>,
  ) {
    this.fence = Number(item.Fence?.N);
    this.progress =
      item.Progress?.S === undefined ? undefined : decodeJson(Progress, item.Progress.S, `Progress of ${source.key}`);
    this.renewal = setInterval(() => {
      this.update("SET LeaseUntil = :until", { ":until": leaseEnd() }).catch((error: unknown) => {
        // What cannot be renewed runs out: the next checkpoint finds out whether it did.
        this.lost ||= error instanceof LeaseLostError;
      });
    }, LEASE_MILLISECONDS / 3).unref();
  }

  /** Whether the file is known to be somebody else's by now. */
  get isLost(): boolean {
    return this.lost;
  }

  /** @throws LeaseLostError */
  async save(progress: Progress): Promise<void> {
    await this.update("SET Progress = :progress, LeaseUntil = :until", {
      ":progress": { S: JSON.stringify(Progress.encode(progress)) },
      ":until": leaseEnd(),
    });
  }

  /** Says what became of a chunk: whoever says it says the same. */
  async account(chunk: number, account: ChunkAccount): Promise<void> {
    await this.dynamodb.send(
      new PutItemCommand({
        TableName: this.tableName,
        Item: {
          FileId: { S: fileId(this.source) },
          Chunk: { N: String(chunk) },
          Account: { S: JSON.stringify(account) },
          ExpiresAt: expiry(),
        },
      }),
    );
  }

  /** The accounts of all chunks, in their order. */
  async accounts(): Promise<ChunkAccount[]> {
    const accounts: ChunkAccount[] = [];
    const query = {
      TableName: this.tableName,
      ConsistentRead: true,
      KeyConditionExpression: "FileId = :file AND Chunk > :zero",
      ExpressionAttributeValues: { ":file": { S: fileId(this.source) }, ":zero": { N: "0" } },
    };
    for await (const { Items = [] } of paginateQuery({ client: this.dynamodb }, query)) {
      for (const { Chunk, Account } of Items) {
        if (Number(Chunk?.N) !== accounts.length + 1) {
          throw new Error(`${this.source.key} has no account of chunk ${accounts.length + 1}`);
        }
        accounts.push(decodeJson(ChunkAccount, Account?.S ?? "", `Account of chunk ${Chunk?.N} of ${this.source.key}`));
      }
    }
    return accounts;
  }

  /** Ends the file: nobody claims it again. @throws LeaseLostError */
  async complete(status: "complete" | "refused"): Promise<void> {
    await this.update("SET #status = :status", { ":status": { S: status } }, { "#status": "Status" });
    this.end();
  }

  /** Lets the next one have the file at once, unless it is done. */
  async release(): Promise<void> {
    if (this.ended) return;
    this.end();
    try {
      await this.update("SET LeaseUntil = :until", { ":until": { N: "0" } });
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
    }
  }

  private end(): void {
    this.ended = true;
    clearInterval(this.renewal);
  }

  private async update(
    UpdateExpression: string,
    values: Record<string, AttributeValue>,
    names?: Record<string, string>,
  ): Promise<void> {
    try {
      await this.dynamodb.send(
        new UpdateItemCommand({
          TableName: this.tableName,
          Key: { FileId: { S: fileId(this.source) }, Chunk: { N: "0" } },
          UpdateExpression,
          ConditionExpression: "Fence = :fence",
          ExpressionAttributeValues: { ...values, ":fence": { N: String(this.fence) } },
          ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
        }),
      );
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) throw new LeaseLostError(this.source);
      throw error;
    }
  }
}

const leaseEnd = (): AttributeValue => ({ N: String(Date.now() + LEASE_MILLISECONDS) });
const expiry = (): AttributeValue => ({ N: String(Math.floor(Date.now() / 1000) + KEPT_SECONDS) });
