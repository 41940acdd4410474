// The scorer's process between a queue and a cloud that both fail it: killed, throttled, cut off, told everything twice.
// A seeded tenth of the soak (FAULT_KILLS, FAULT_ROWS, FAULT_SECONDS, FAULT_SEED) runs with the other tests.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
} from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { expect } from "chai";
import { sourceOf, type ObjectCreated } from "../../../functions/shared/source-object";
import { FaultProxy, type Call, type Fate, type Fault } from "../support/fault-proxy";
import { FunctionProcess } from "../support/function-process";
import { messagesIn, type Platform } from "../support/platform";
import { Accounts } from "./accounts";
import { csvRow, dropFile, endLease, header } from "./on-cloud";

const setting = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const KILLS = setting("FAULT_KILLS", 5);
const ROWS = setting("FAULT_ROWS", 500);
const SECONDS = setting("FAULT_SECONDS", 2);
const SEED = setting("FAULT_SEED", 7);

/** Invocations at once: with two, one may find a file taken, or take one over. */
const LANES = 2;
/** Of a process, between which it is killed: few enough for most files to meet one. */
const CALLS_PER_LIFE = 45;

const THROTTLED: Record<string, Fault> = {
  dynamodb: { status: 400, code: "ThrottlingException" },
  runtime: { status: 429, code: "ThrottlingException" },
  s3: { status: 503, code: "SlowDown" },
  sqs: { status: 400, code: "ThrottlingException" },
};
const serviceOf = ({ name }: Call): string => name.split(" ")[0] ?? "";

/** What follows from the seed alone (mulberry32); what it decides about depends on the order of calls, too. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Seconds that the product would wait pass in one at most: what it waits for is over by then. */
function hurried({ name, body }: Call): Buffer {
  if (name !== "sqs SendMessage" && name !== "sqs ChangeMessageVisibility") return body;
  const request = JSON.parse(body.toString()) as { DelaySeconds?: number; VisibilityTimeout?: number };
  if (request.DelaySeconds !== undefined) request.DelaySeconds = Math.min(1, request.DelaySeconds);
  if (request.VisibilityTimeout !== undefined) request.VisibilityTimeout = Math.min(1, request.VisibilityTimeout);
  return Buffer.from(JSON.stringify(request));
}

/** The queue, and Lambda's poller of it: a message is deleted once the function took it, else it comes again. */
class Poller {
  private readonly processes: (FunctionProcess<SQSEvent, SQSBatchResponse> | undefined)[] = [];
  invocations = 0;
  kills = 0;
  failures = 0;

  constructor(
    private readonly platform: Platform,
    private readonly proxy: FaultProxy,
    private readonly bundle: string,
    private readonly random: () => number,
  ) {}

  /** Has the function take messages until there are none. */
  async drain(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, (_, lane) => this.drainLane(lane)));
  }

  /** Ends one of the processes that are at work, as if its machine had failed. */
  async killOne(): Promise<void> {
    const alive = this.processes.filter((each) => each?.alive);
    await alive[Math.floor(this.random() * alive.length)]?.kill();
  }

  async stop(): Promise<void> {
    for (const each of this.processes) if (each?.alive) await each.kill();
  }

  private async drainLane(lane: number): Promise<void> {
    const { sqs } = this.platform.clients;
    const QueueUrl = this.platform.queues.stream;
    for (;;) {
      const { Messages: [message] = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 600, WaitTimeSeconds: 1 }),
      );
      if (message !== undefined) await this.deliver(lane, message);
      else if ((await messagesIn(sqs, QueueUrl)) === 0) return;
    }
  }

  private async deliver(lane: number, message: Message): Promise<void> {
    const { sqs } = this.platform.clients;
    const QueueUrl = this.platform.queues.stream;
    const { MessageId: messageId = "", Body: body = "", ReceiptHandle: receiptHandle = "" } = message;
    const process = this.processAt(lane);
    this.invocations += 1;
    const event = { Records: [{ messageId, body, receiptHandle }] } as SQSEvent;
    // Now and then there is time for but one chunk.
    const answered = await process.call(event, this.random() < 0.3 ? 1_000 : 300_000);
    if (answered === undefined) {
      this.kills += 1;
      // A minute passes: whoever was killed is not heard of any more.
      await endLease(this.platform.clients.dynamodb, sourceOf(JSON.parse(body) as ObjectCreated));
    } else if (answered.answer.batchItemFailures.length === 0) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receiptHandle }));
      return;
    } else this.failures += 1;
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: 0 }),
    );
  }

  private processAt(lane: number): FunctionProcess<SQSEvent, SQSBatchResponse> {
    const present = this.processes[lane];
    if (present?.alive) return present;
    const { pathname } = new URL(this.platform.queues.stream);
    const variables = { ...this.platform.variables, QUEUE_URL: `${this.proxy.url}${pathname}` };
    const made = new FunctionProcess<SQSEvent, SQSBatchResponse>(this.bundle, {
      ...process.env,
      ...variables,
      AWS_ENDPOINT_URL: this.proxy.url,
    });
    this.processes[lane] = made;
    return made;
  }
}

export function scorerUnderFaults(given: () => { platform: Platform; bundle: string }): void {
  let proxy: FaultProxy;
  let poller: Poller;
  let random: () => number;

  beforeEach(async () => {
    const { platform, bundle } = given();
    random = chances(SEED);
    proxy = await FaultProxy.start(process.env["AWS_ENDPOINT_URL"] ?? "");
    proxy.change = hurried;
    poller = new Poller(platform, proxy, bundle, random);
    await platform.clients.sqs.send(new PurgeQueueCommand({ QueueUrl: platform.queues.stream }));
  });
  afterEach(async () => {
    await poller.stop();
    await proxy.stop();
  });

  /** Amounts of rows, of which one in twenty can't be scored. */
  const someAmounts = (): (number | string)[] =>
    Array.from({ length: ROWS }, (_, index) =>
      index % 20 === 7 ? (["lots", "NaN", '"', ""][index % 4] ?? "") : index,
    );

  /** Drops a file, of which the queue is told twice. */
  async function drop(name: string, amounts: readonly (number | string)[]): Promise<ObjectCreated> {
    const { platform } = given();
    // A quote that opened would take the rest with it.
    const rows = amounts.map((amount) => csvRow(amount === '"' ? '""""' : amount));
    const { event, created } = await dropFile(platform, name, [header, ...rows].join("\n"));
    const MessageBody = event.Records[0]?.body ?? "";
    const QueueUrl = platform.queues.stream;
    for (let time = 0; time < 2; time++)
      await platform.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    return created;
  }

  const expectAccounted = (created: ObjectCreated, amounts: readonly (number | string)[]) =>
    new Accounts(given().platform).expectAll(created, amounts);

  it(`loses and doubles no row where it is killed ${KILLS} times, with every event told twice`, async function () {
    this.timeout(600_000 + KILLS * 30_000);
    let left = Math.floor(random() * CALLS_PER_LIFE);
    proxy.decide = (): Fate => {
      if (poller.kills >= KILLS || left-- > 0) return "through";
      left = 1 + Math.floor(random() * CALLS_PER_LIFE);
      void poller.killOne();
      return random() < 0.5 ? "lost before" : "lost after";
    };
    const amounts = someAmounts();
    for (let file = 1; poller.kills < KILLS; file++) {
      const created = await drop(`killed-${file}.csv`, amounts);
      await poller.drain();
      await expectAccounted(created, amounts);
    }
    expect(poller.kills).to.be.at.least(KILLS);
  });

  it("loses and doubles no row where three calls in ten are throttled", async function () {
    this.timeout(900_000);
    let throttled = 0;
    proxy.decide = (call): Fate => {
      if (random() >= 0.3) return "through";
      throttled += 1;
      return THROTTLED[serviceOf(call)] ?? "through";
    };
    const amounts = someAmounts();
    const created = await drop("throttled.csv", amounts);
    await poller.drain();
    await expectAccounted(created, amounts);
    expect(throttled).to.be.greaterThan(10);
  });

  it(`loses and doubles no row where the endpoint is down for ${SECONDS} s`, async function () {
    this.timeout(600_000 + SECONDS * 20_000);
    const amounts = someAmounts();
    const created = await drop("endpoint down.csv", amounts);
    let refused = 0;
    let downUntil: number | undefined;
    proxy.decide = ({ name }): Fate => {
      if (name !== "runtime InvokeEndpoint") return "through";
      downUntil ??= performance.now() + SECONDS * 1000;
      if (performance.now() > downUntil) return "through";
      refused += 1;
      return random() < 0.5 ? "lost before" : { status: 503, code: "ServiceUnavailable" };
    };
    await poller.drain();
    await expectAccounted(created, amounts);
    expect(refused).to.be.greaterThan(0);
  });

  it("loses and doubles no row where there is no room to write, until there is", async function () {
    this.timeout(600_000);
    let refusals = 0;
    const writes = ["s3 PUT", "dynamodb BatchWriteItem"];
    proxy.decide = ({ name }): Fate => {
      // Each kind of write fails now and then, until that has failed the function some times.
      if (!writes.includes(name) || poller.failures >= 3 || random() < 0.5) return "through";
      refusals += 1;
      return name === "s3 PUT"
        ? { status: 507, code: "InsufficientStorage" }
        : { status: 400, code: "ItemCollectionSizeLimitExceededException" };
    };
    const amounts = someAmounts();
    const created = await drop("no room.csv", amounts);
    await poller.drain();
    await expectAccounted(created, amounts);
    expect(poller.failures).to.be.at.least(3);
    expect(refusals).to.be.at.least(3);
  });
}
