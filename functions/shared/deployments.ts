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
} from "@aws-sdk/client-dynamodb";
import * as t from "io-ts";
import { decode } from "./decode";
import { Idle } from "./idle";

/**
 * Who asks for a deployment: a `pipeline` at its deploy step, the `approval` of a package, its `promotion` from another
 * stack, a person's `command`, changed `settings` (of the package that is live), or the idle schedule: `sleep` takes
 * the endpoint down, `wake` brings the champion back.
 */
export const RequestKind = t.keyof(
  { pipeline: null, approval: null, promotion: null, command: null, settings: null, sleep: null, wake: null },
  "RequestKind",
);
export type RequestKind = t.TypeOf<typeof RequestKind>;

/** A deployment that somebody asked for. */
export const Request = t.intersection(
  [
    t.type({
      /** The same for the same request, however often it comes. */
      id: t.string,
      kind: RequestKind,
      /** ISO 8601. */
      requestedAt: t.string,
    }),
    t.partial({
      /** The callback's token and its execution, of a pipeline that waits for an answer. */
      token: t.string,
      pipelineExecutionArn: t.string,
      /** The model, where somebody made it; else it is made of the package. */
      modelName: t.string,
      modelPackageArn: t.string,
      /** Of changed `settings`: {@link settingsHash} of those that are wanted. */
      settingsHash: t.string,
      /** Who asked, and why. */
      requestedBy: t.string,
      because: t.string,
    }),
  ],
  "Request",
);
export type Request = t.TypeOf<typeof Request>;

/**
 * How far a deployment is: `checking` until its model is known to be the one that was evaluated, `starting` from
 * before the first call that changes the endpoint, `started` once SageMaker has taken the change, `settled` once
 * whoever asked has an answer.
 */
export const Phase = t.keyof({ checking: null, starting: null, started: null, settled: null }, "Phase");
export type Phase = t.TypeOf<typeof Phase>;

/** The deployment that an endpoint is at, or was at last. */
export const Deployment = t.intersection(
  [
    Request,
    t.type({
      endpointName: t.string,
      phase: Phase,
      /** From 1. */
      attempt: t.number,
      /** ISO 8601: when its turn came. */
      begunAt: t.string,
    }),
    t.partial({
      /** The endpoint config that is to be live, once it is known. */
      configName: t.string,
      /** Whether its model is to answer requests, or only to get a copy of them. Default: live. */
      servesAs: t.keyof({ live: null, shadow: null }),
      /** ISO 8601: when whoever asked was told that it takes too long. */
      overdueAt: t.string,
    }),
  ],
  "Deployment",
);
export type Deployment = t.TypeOf<typeof Deployment>;

/** What became of a request; `succeeded` and `reason` once it is settled. */
export const RequestRecord = t.intersection(
  [
    Request,
    t.type({ state: t.keyof({ queued: null, running: null, settled: null }) }),
    t.partial({
      attempt: t.number,
      modelName: t.string,
      configName: t.string,
      succeeded: t.boolean,
      reason: t.string,
      settledAt: t.string,
      /** ISO 8601: when its endpoint config and model were removed. */
      removedAt: t.string,
    }),
  ],
  "RequestRecord",
);
export type RequestRecord = t.TypeOf<typeof RequestRecord>;

/** While it is frozen, nothing is deployed but what a person asks for. */
export const Freeze = t.type(
  { frozen: t.boolean, requestedBy: t.string, because: t.string, requestedAt: t.string },
  "Freeze",
);
export type Freeze = t.TypeOf<typeof Freeze>;

export interface Outcome {
  succeeded: boolean;
  reason: string;
}

/** How long one function has for settling a deployment before another may take over. */
const LEASE_SECONDS = 30;
const CURRENT = "current";
const FREEZE = "freeze";
const IDLE = "idle";

type Item = Record<string, AttributeValue>;

/**
 * The deployments table, hash key `endpointName`, range key `record`: `current` is the one deployment that an endpoint
 * is at, `queue#…` the requests that wait, oldest first, `request#…` what became of each, `freeze` whether any may
 * begin, `audit#…` who froze it and why, `idle` what a schedule has taken down. Changes go from state to state in one transaction each, on conditions, so
 * that no request is lost or done twice, and whoever is late changes nothing.
 */
export class Deployments {
  constructor(
    private readonly dynamodb: DynamoDBClient,
    private readonly tableName: string,
    readonly endpointName: string,
  ) {}

  async current(): Promise<Deployment | undefined> {
    const item = await this.get(CURRENT);
    return item && decode(Deployment, item, `The deployment of ${this.endpointName} in ${this.tableName}`);
  }

  async request(id: string): Promise<RequestRecord | undefined> {
    const item = await this.get(`request#${id}`);
    return item && decode(RequestRecord, item, `The request ${id} in ${this.tableName}`);
  }

  /** Lets a request wait its turn. False when it is known already. */
  enqueue(request: Request): Promise<boolean> {
    return this.transact([
      {
        Put: {
          TableName: this.tableName,
          Item: this.item(`request#${request.id}`, { ...request, state: "queued" }),
          ConditionExpression: "attribute_not_exists(endpointName)",
        },
      },
      { Put: { TableName: this.tableName, Item: this.queueItem(request, request.requestedAt, 1) } },
    ]);
  }

  /**
   * Begins the oldest request whose time has come, where nothing is under way.
   *
   * @param mayBegin whether one of its kind may begin now; others wait on
   * @returns the deployment, or undefined when there is none, or another function was faster
   */
  async begin(now: Date, mayBegin: (kind: RequestKind) => boolean): Promise<Deployment | undefined> {
    const due = (await this.queued(now)).find(({ kind }) => mayBegin(kind));
    if (due === undefined) return undefined;
    const request = await this.request(due.id);
    if (request === undefined) throw new Error(`the request ${due.id} waits in ${this.tableName} and is not there`);
    const deployment: Deployment = {
      ...asked(request),
      endpointName: this.endpointName,
      phase: "checking",
      attempt: due.attempt,
      begunAt: now.toISOString(),
    };
    const begun = await this.transact([
      {
        Put: {
          TableName: this.tableName,
          Item: this.item(CURRENT, deployment),
          ConditionExpression: "attribute_not_exists(endpointName) OR phase = :settled",
          ExpressionAttributeValues: { ":settled": { S: "settled" } },
        },
      },
      {
        Delete: {
          TableName: this.tableName,
          Key: this.key(due.record),
          ConditionExpression: "attribute_exists(endpointName)",
        },
      },
      { Update: this.requestUpdate(due.id, "SET #state = :running", { ":running": { S: "running" } }) },
    ]);
    return begun ? deployment : undefined;
  }

  /** Requests whose time has come, in the order in which they came. */
  async queued(now: Date): Promise<{ record: string; id: string; kind: RequestKind; attempt: number }[]> {
    const items = await this.query("queue#", `queue#${now.toISOString()}#~`);
    return items.map((item) => decode(QueueItem, item, `A request that waits in ${this.tableName}`));
  }

  /** Takes back a request that still waits. False when its turn has come meanwhile. */
  async cancel(id: string, outcome: Outcome, now: Date): Promise<boolean> {
    const waiting = (await this.query("queue#", "queue#~")).map((item) => decode(QueueItem, item, "A request"));
    const found = waiting.find((item) => item.id === id);
    if (found === undefined) return false;
    return this.transact([
      {
        Delete: {
          TableName: this.tableName,
          Key: this.key(found.record),
          ConditionExpression: "attribute_exists(endpointName)",
        },
      },
      { Update: this.settledRequest(id, {}, outcome, now) },
    ]);
  }

  /** Goes on to the next phase. Undefined when another function has done so. */
  async advance(
    deployment: Deployment,
    to: Pick<Deployment, "phase" | "modelName" | "modelPackageArn" | "configName" | "servesAs">,
  ): Promise<Deployment | undefined> {
    const { phase, ...rest } = to;
    const more = Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const advanced = await this.update(
      deployment,
      `SET phase = :next${more.map(([name]) => `, ${name} = :${name}`).join("")}`,
      "phase = :phase",
      {
        ":next": { S: phase },
        ":phase": { S: deployment.phase },
        ...Object.fromEntries(more.map(([name, value]) => [`:${name}`, { S: value }])),
      },
    );
    return advanced ? { ...deployment, ...to } : undefined;
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

  /** Whoever asked has been told that it takes too long; the endpoint is still being changed. */
  markOverdue(deployment: Deployment, now: Date): Promise<boolean> {
    return this.update(deployment, "SET overdueAt = :now", "phase <> :settled", {
      ":now": { S: now.toISOString() },
      ":settled": { S: "settled" },
    });
  }

  /** Whoever asked has an answer. */
  settle(deployment: Deployment, outcome: Outcome, now: Date): Promise<boolean> {
    return this.transact([
      { Update: this.settledCurrent(deployment, outcome, now) },
      { Update: this.settledRequest(deployment.id, deployment, outcome, now) },
    ]);
  }

  /** Ends this try, and lets the request wait for another one. */
  retry(deployment: Deployment, outcome: Outcome, now: Date, notBefore: Date): Promise<boolean> {
    return this.transact([
      { Update: this.settledCurrent(deployment, outcome, now) },
      {
        Put: {
          TableName: this.tableName,
          Item: this.queueItem(deployment, notBefore.toISOString(), deployment.attempt + 1),
        },
      },
      {
        Update: this.requestUpdate(deployment.id, "SET #state = :queued, reason = :reason", {
          ":queued": { S: "queued" },
          ":reason": { S: outcome.reason },
        }),
      },
    ]);
  }

  /** What became of all requests that are settled, the latest first. */
  async history(): Promise<RequestRecord[]> {
    const items = await this.query("request#", "request#~");
    return items
      .map((item) => decode(RequestRecord, item, `A request in ${this.tableName}`))
      .filter(({ state }) => state === "settled")
      .sort((one, other) => (one.settledAt ?? "").localeCompare(other.settledAt ?? ""))
      .reverse();
  }

  /** The config and model of a request are gone. */
  async markRemoved(id: string, now: Date): Promise<void> {
    const update = this.requestUpdate(id, "SET removedAt = :now", { ":now": { S: now.toISOString() } });
    await this.dynamodb.send(new UpdateItemCommand(update));
  }

  async freeze(): Promise<Freeze | undefined> {
    const item = await this.get(FREEZE);
    return item && decode(Freeze, item, `The freeze of ${this.endpointName}`);
  }

  /** Freezes or thaws the endpoint, and keeps who did and why. */
  async setFreeze(freeze: Freeze): Promise<void> {
    await this.transact([
      { Put: { TableName: this.tableName, Item: this.item(FREEZE, freeze) } },
      { Put: { TableName: this.tableName, Item: this.item(`audit#${freeze.requestedAt}`, freeze) } },
    ]);
  }

  /** What the idle schedule has taken down; undefined while the endpoint is up, or nothing was ever deployed. */
  async idle(): Promise<Idle | undefined> {
    const item = await this.get(IDLE);
    return item && decode(Idle, item, `What is idle of ${this.endpointName}`);
  }

  /** Remembers what the endpoint comes back with. */
  async goIdle(idle: Idle): Promise<void> {
    await this.transact([{ Put: { TableName: this.tableName, Item: this.item(IDLE, idle) } }]);
  }

  /** The endpoint is up again. Does nothing where it was not down. */
  async endIdle(): Promise<void> {
    await this.transact([{ Delete: { TableName: this.tableName, Key: this.key(IDLE) } }]);
  }

  private settledCurrent(deployment: Deployment, outcome: Outcome, now: Date) {
    return {
      ...this.currentUpdate(
        deployment,
        "SET phase = :settled, succeeded = :succeeded, reason = :reason, settledAt = :now REMOVE leaseUntil",
        "phase <> :settled",
        settlementValues(outcome, now),
      ),
    };
  }

  private settledRequest(
    id: string,
    { modelName, configName, modelPackageArn }: Partial<Deployment>,
    outcome: Outcome,
    now: Date,
  ) {
    const more = Object.entries({ modelName, configName, modelPackageArn }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return this.requestUpdate(
      id,
      `SET #state = :settled, succeeded = :succeeded, reason = :reason, settledAt = :now${more.map(([name]) => `, ${name} = :${name}`).join("")}`,
      {
        ...settlementValues(outcome, now),
        ...Object.fromEntries(more.map(([name, value]) => [`:${name}`, { S: value }])),
      },
    );
  }

  private requestUpdate(id: string, change: string, values: Item) {
    return {
      TableName: this.tableName,
      Key: this.key(`request#${id}`),
      UpdateExpression: change,
      ...(change.includes("#state") ? { ExpressionAttributeNames: { "#state": "state" } } : {}),
      ExpressionAttributeValues: values,
    };
  }

  private currentUpdate({ id, attempt }: Deployment, change: string, condition: string, values: Item) {
    return {
      TableName: this.tableName,
      Key: this.key(CURRENT),
      UpdateExpression: change,
      ConditionExpression: `id = :id AND attempt = :attempt AND (${condition})`,
      ExpressionAttributeValues: { ...values, ":id": { S: id }, ":attempt": { N: String(attempt) } },
    };
  }

  private update(deployment: Deployment, change: string, condition: string, values: Item): Promise<boolean> {
    return applied(
      this.dynamodb.send(new UpdateItemCommand(this.currentUpdate(deployment, change, condition, values))),
    );
  }

  private transact(TransactItems: TransactWriteItem[]): Promise<boolean> {
    return applied(this.dynamodb.send(new TransactWriteItemsCommand({ TransactItems })));
  }

  private queueItem({ id, kind }: Request, notBefore: string, attempt: number): Item {
    return this.item(`queue#${notBefore}#${id}`, { id, kind, attempt });
  }

  private item(record: string, fields: Readonly<Record<string, string | number | boolean | undefined>>): Item {
    const given = Object.entries(fields).flatMap(([name, value]): [string, AttributeValue][] =>
      value === undefined ? [] : [[name, attribute(value)]],
    );
    return { ...Object.fromEntries(given), ...this.key(record) };
  }

  private key(record: string): Item {
    return { endpointName: { S: this.endpointName }, record: { S: record } };
  }

  private async get(record: string): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.dynamodb.send(
      new GetItemCommand({ TableName: this.tableName, Key: this.key(record), ConsistentRead: true }),
    );
    return Item && plain(Item);
  }

  private async query(from: string, to: string): Promise<Record<string, unknown>[]> {
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
}

const QueueItem = t.type({ record: t.string, id: t.string, kind: RequestKind, attempt: t.number }, "QueueItem");

/** What was asked, without what has become of it. */
const asked = ({ id, kind, requestedAt, ...more }: RequestRecord): Request => {
  const { token, pipelineExecutionArn, modelName, modelPackageArn, settingsHash, requestedBy, because } = more;
  const known = { token, pipelineExecutionArn, modelName, modelPackageArn, settingsHash, requestedBy, because };
  return {
    id,
    kind,
    requestedAt,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  };
};

const settlementValues = ({ succeeded, reason }: Outcome, now: Date): Item => ({
  ":settled": { S: "settled" },
  ":succeeded": { BOOL: succeeded },
  ":reason": { S: reason },
  ":now": { S: now.toISOString() },
});

function attribute(value: string | number | boolean): AttributeValue {
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
