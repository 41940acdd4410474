import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { decode } from "./decode";
import {
  Deployment,
  Freeze,
  QueueItem,
  RequestRecord,
  type Outcome,
  type Request,
  type RequestKind,
} from "./deployment-records";
import { EndpointItems, type Change, type Item } from "./endpoint-items";
import { Idle } from "./idle";

/** How long one function has for settling a deployment before another may take over. */
const LEASE_SECONDS = 30;
const CURRENT = "current";
const FREEZE = "freeze";
const IDLE = "idle";
const ABSENT = { ConditionExpression: "attribute_not_exists(endpointName)" };
const PRESENT = { ConditionExpression: "attribute_exists(endpointName)" };

/**
 * The deployments table, hash key `endpointName`, range key `record`: `current` is the one deployment that an endpoint
 * is at, `queue#…` the requests that wait, oldest first, `request#…` what became of each, `freeze` whether any may
 * begin, `audit#…` who froze it and why, `idle` what a schedule has taken down. Changes go from state to state in one
 * transaction each, on conditions, so that no request is lost or done twice, and whoever is late changes nothing.
 */
export class Deployments {
  private readonly items: EndpointItems;

  constructor(
    dynamodb: DynamoDBClient,
    tableName: string,
    readonly endpointName: string,
  ) {
    this.items = new EndpointItems(dynamodb, tableName, endpointName);
  }

  async current(): Promise<Deployment | undefined> {
    const item = await this.items.get(CURRENT);
    return item && decode(Deployment, item, `The deployment of ${this.endpointName} in ${this.items.tableName}`);
  }

  async request(id: string): Promise<RequestRecord | undefined> {
    const item = await this.items.get(`request#${id}`);
    return item && decode(RequestRecord, item, `The request ${id} in ${this.items.tableName}`);
  }

  /** Lets a request wait its turn. False when it is known already. */
  enqueue(request: Request): Promise<boolean> {
    return this.items.transact([
      this.items.put(`request#${request.id}`, { ...request, state: "queued" }, ABSENT),
      this.inQueue(request, request.requestedAt, 1),
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
    if (request === undefined)
      throw new Error(`the request ${due.id} waits in ${this.items.tableName} and is not there`);
    const deployment: Deployment = {
      ...asked(request),
      endpointName: this.endpointName,
      phase: "checking",
      attempt: due.attempt,
      begunAt: now.toISOString(),
    };
    const begun = await this.items.transact([
      this.items.put(CURRENT, deployment, {
        ConditionExpression: "attribute_not_exists(endpointName) OR phase = :settled",
        ExpressionAttributeValues: { ":settled": { S: "settled" } },
      }),
      this.items.delete(due.record, PRESENT),
      { Update: this.requestUpdate(due.id, "SET #state = :running", { ":running": { S: "running" } }) },
    ]);
    return begun ? deployment : undefined;
  }

  /** Requests whose time has come, in the order in which they came. */
  async queued(now: Date): Promise<{ record: string; id: string; kind: RequestKind; attempt: number }[]> {
    const items = await this.items.query("queue#", `queue#${now.toISOString()}#~`);
    return items.map((item) => decode(QueueItem, item, `A request that waits in ${this.items.tableName}`));
  }

  /** Takes back a request that still waits. False when its turn has come meanwhile. */
  async cancel(id: string, outcome: Outcome, now: Date): Promise<boolean> {
    const waiting = (await this.items.query("queue#", "queue#~")).map((item) => decode(QueueItem, item, "A request"));
    const found = waiting.find((item) => item.id === id);
    if (found === undefined) return false;
    return this.items.transact([
      this.items.delete(found.record, PRESENT),
      { Update: this.settledRequest(id, {}, outcome, now) },
    ]);
  }

  /** Goes on to the next phase. Undefined when another function has done so. */
  async advance(
    deployment: Deployment,
    to: Pick<Deployment, "phase" | "modelName" | "modelPackageArn" | "configName" | "servesAs">,
  ): Promise<Deployment | undefined> {
    const { phase, ...rest } = to;
    const more = assignments(rest);
    const advanced = await this.update(deployment, `SET phase = :next${more.text}`, "phase = :phase", {
      ":next": { S: phase },
      ":phase": { S: deployment.phase },
      ...more.values,
    });
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
    return this.items.transact([
      { Update: this.settledCurrent(deployment, outcome, now) },
      { Update: this.settledRequest(deployment.id, deployment, outcome, now) },
    ]);
  }

  /** Ends this try, and lets the request wait for another one. */
  retry(deployment: Deployment, outcome: Outcome, now: Date, notBefore: Date): Promise<boolean> {
    return this.items.transact([
      { Update: this.settledCurrent(deployment, outcome, now) },
      this.inQueue(deployment, notBefore.toISOString(), deployment.attempt + 1),
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
    const items = await this.items.query("request#", "request#~");
    return items
      .map((item) => decode(RequestRecord, item, `A request in ${this.items.tableName}`))
      .filter(({ state }) => state === "settled")
      .sort((one, other) => (one.settledAt ?? "").localeCompare(other.settledAt ?? ""))
      .reverse();
  }

  /** The config and model of a request are gone. */
  async markRemoved(id: string, now: Date): Promise<void> {
    const update = this.requestUpdate(id, "SET removedAt = :now", { ":now": { S: now.toISOString() } });
    await this.items.update(update);
  }

  async freeze(): Promise<Freeze | undefined> {
    const item = await this.items.get(FREEZE);
    return item && decode(Freeze, item, `The freeze of ${this.endpointName}`);
  }

  /** Freezes or thaws the endpoint, and keeps who did and why. */
  async setFreeze(freeze: Freeze): Promise<void> {
    await this.items.transact([this.items.put(FREEZE, freeze), this.items.put(`audit#${freeze.requestedAt}`, freeze)]);
  }

  /** What the idle schedule has taken down; undefined while the endpoint is up, or nothing was ever deployed. */
  async idle(): Promise<Idle | undefined> {
    const item = await this.items.get(IDLE);
    return item && decode(Idle, item, `What is idle of ${this.endpointName}`);
  }

  /** Remembers what the endpoint comes back with. */
  async goIdle(idle: Idle): Promise<void> {
    await this.items.transact([this.items.put(IDLE, idle)]);
  }

  /** The endpoint is up again. Does nothing where it was not down. */
  async endIdle(): Promise<void> {
    await this.items.transact([this.items.delete(IDLE)]);
  }

  private settledCurrent(deployment: Deployment, outcome: Outcome, now: Date) {
    return this.currentUpdate(
      deployment,
      "SET phase = :settled, succeeded = :succeeded, reason = :reason, settledAt = :now REMOVE leaseUntil",
      "phase <> :settled",
      settlementValues(outcome, now),
    );
  }

  private settledRequest(
    id: string,
    { modelName, configName, modelPackageArn }: Partial<Deployment>,
    outcome: Outcome,
    now: Date,
  ) {
    const more = assignments({ modelName, configName, modelPackageArn });
    return this.requestUpdate(
      id,
      `SET #state = :settled, succeeded = :succeeded, reason = :reason, settledAt = :now${more.text}`,
      { ...settlementValues(outcome, now), ...more.values },
    );
  }

  private requestUpdate(id: string, change: string, values: Item): Change {
    return this.items.change(`request#${id}`, change, {
      ...(change.includes("#state") ? { ExpressionAttributeNames: { "#state": "state" } } : {}),
      ExpressionAttributeValues: values,
    });
  }

  private currentUpdate({ id, attempt }: Deployment, change: string, condition: string, values: Item): Change {
    return this.items.change(CURRENT, change, {
      ConditionExpression: `id = :id AND attempt = :attempt AND (${condition})`,
      ExpressionAttributeValues: { ...values, ":id": { S: id }, ":attempt": { N: String(attempt) } },
    });
  }

  private update(deployment: Deployment, change: string, condition: string, values: Item): Promise<boolean> {
    return this.items.update(this.currentUpdate(deployment, change, condition, values));
  }

  private inQueue({ id, kind }: Request, notBefore: string, attempt: number) {
    return this.items.put(`queue#${notBefore}#${id}`, { id, kind, attempt });
  }
}

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

/** Of the fields that have a value: what an expression sets them by, from the second on, and the values. */
function assignments(fields: Readonly<Record<string, string | undefined>>): { text: string; values: Item } {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    text: given.map(([name]) => `, ${name} = :${name}`).join(""),
    values: Object.fromEntries(given.map(([name, value]) => [`:${name}`, { S: value }])),
  };
}

const settlementValues = ({ succeeded, reason }: Outcome, now: Date): Item => ({
  ":settled": { S: "settled" },
  ":succeeded": { BOOL: succeeded },
  ":reason": { S: reason },
  ":now": { S: now.toISOString() },
});
