import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import * as t from "io-ts";
import { decode } from "./decode";

/**
 * How far a deployment is: `starting` from before the first call to SageMaker, `started` once SageMaker has taken the
 * change, `settled` once the pipeline has its answer.
 */
const Phase = t.union([t.literal("starting"), t.literal("started"), t.literal("settled")], "Phase");

/** The last deployment of an endpoint. */
export const Deployment = t.type(
  {
    endpointName: t.string,
    /** The callback's token: which deployment this is. */
    token: t.string,
    pipelineExecutionArn: t.string,
    modelName: t.string,
    modelPackageArn: t.string,
    /** The endpoint config that is to be live. */
    configName: t.string,
    /** ISO 8601. */
    requestedAt: t.string,
    phase: Phase,
  },
  "Deployment",
);
export type Deployment = t.TypeOf<typeof Deployment>;

export interface Outcome {
  succeeded: boolean;
  reason: string;
}

/** How long one function has for settling a deployment before another may take over. */
const LEASE_SECONDS = 30;

/**
 * The deployments table: an item for each endpoint, at most one deployment in it that is not settled. Every change is
 * conditional on the token, so that whoever is late changes nothing.
 */
export class Deployments {
  constructor(
    private readonly dynamodb: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  async find(endpointName: string): Promise<Deployment | undefined> {
    const { Item } = await this.dynamodb.send(
      new GetItemCommand({
        TableName: this.tableName,
        Key: { endpointName: { S: endpointName } },
        ConsistentRead: true,
      }),
    );
    if (Item === undefined) return undefined;
    const texts = Object.fromEntries(Object.entries(Item).map(([name, value]) => [name, value.S]));
    return decode(Deployment, texts, `The deployment of ${endpointName} in ${this.tableName}`);
  }

  /** Takes the endpoint for a deployment. False when another one holds it. */
  begin(deployment: Deployment): Promise<boolean> {
    const item = Object.entries(deployment).map(([name, value]): [string, AttributeValue] => [name, { S: value }]);
    return applied(
      this.dynamodb.send(
        new PutItemCommand({
          TableName: this.tableName,
          Item: Object.fromEntries(item),
          ConditionExpression: "attribute_not_exists(endpointName) OR phase = :settled",
          ExpressionAttributeValues: { ":settled": { S: "settled" } },
        }),
      ),
    );
  }

  /** Gives the endpoint back: nothing was started. */
  abandon({ endpointName, token }: Deployment): Promise<boolean> {
    return applied(
      this.dynamodb.send(
        new DeleteItemCommand({
          TableName: this.tableName,
          Key: { endpointName: { S: endpointName } },
          ConditionExpression: "#token = :token AND phase = :starting",
          ExpressionAttributeNames: { "#token": "token" },
          ExpressionAttributeValues: { ":token": { S: token }, ":starting": { S: "starting" } },
        }),
      ),
    );
  }

  /** SageMaker has taken the change. */
  markStarted(deployment: Deployment): Promise<boolean> {
    return this.update(deployment, "SET phase = :started", "phase = :starting", {
      ":started": { S: "started" },
      ":starting": { S: "starting" },
    });
  }

  /** Takes the right to settle, for some seconds. False when somebody else has it, or has settled already. */
  claim(deployment: Deployment, now: Date): Promise<boolean> {
    const seconds = Math.floor(now.getTime() / 1000);
    return this.update(
      deployment,
      "SET leaseUntil = :until",
      "phase <> :settled AND (attribute_not_exists(leaseUntil) OR leaseUntil < :now)",
      {
        ":settled": { S: "settled" },
        ":until": { N: String(seconds + LEASE_SECONDS) },
        ":now": { N: String(seconds) },
      },
    );
  }

  /** Gives the right to settle back, so that the next event need not wait for it to expire. */
  release(deployment: Deployment): Promise<boolean> {
    return this.update(deployment, "REMOVE leaseUntil", "phase <> :settled", { ":settled": { S: "settled" } });
  }

  /** The pipeline has its answer. */
  settle(deployment: Deployment, outcome: Outcome, now: Date): Promise<boolean> {
    return this.update(
      deployment,
      "SET phase = :settled, succeeded = :succeeded, reason = :reason, settledAt = :now REMOVE leaseUntil",
      "phase <> :settled",
      {
        ":settled": { S: "settled" },
        ":succeeded": { BOOL: outcome.succeeded },
        ":reason": { S: outcome.reason },
        ":now": { S: now.toISOString() },
      },
    );
  }

  private update(
    { endpointName, token }: Deployment,
    change: string,
    condition: string,
    values: Record<string, AttributeValue>,
  ): Promise<boolean> {
    return applied(
      this.dynamodb.send(
        new UpdateItemCommand({
          TableName: this.tableName,
          Key: { endpointName: { S: endpointName } },
          UpdateExpression: change,
          ConditionExpression: `#token = :token AND (${condition})`,
          ExpressionAttributeNames: { "#token": "token" },
          ExpressionAttributeValues: { ...values, ":token": { S: token } },
        }),
      ),
    );
  }
}

async function applied(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
