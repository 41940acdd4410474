// Dead letters of a real queue, moved back on the emulator and by the command line.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { deadLettersOf, redrive, type Redriven } from "../../operations/redrive";
import { startMiniStack, type Emulator } from "../local/support/ministack";

const run = promisify(execFile);
const projectRoot = join(__dirname, "..", "..");

describe("redriving dead letters", function () {
  let ministack: Emulator;
  let sqs: SQSClient;
  before(async () => {
    ministack = await startMiniStack();
    sqs = client();
  });
  after(() => ministack.stop());

  const client = () =>
    new SQSClient({
      endpoint: ministack.endpoint,
      region: "eu-west-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    });

  /** A queue with dead letters of its own. */
  async function makeQueues(name: string): Promise<{ queueUrl: string; deadLettersUrl: string }> {
    const { QueueUrl: deadLettersUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-dead` }));
    const deadLetterTargetArn = `arn:aws:sqs:eu-west-1:123456789012:${name}-dead`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
    const { QueueUrl: queueUrl = "" } = await sqs.send(
      new CreateQueueCommand({ QueueName: name, Attributes: { RedrivePolicy } }),
    );
    return { queueUrl, deadLettersUrl };
  }

  async function send(QueueUrl: string, bodies: readonly string[]): Promise<void> {
    for (const MessageBody of bodies) {
      const MessageAttributes = { Trace: { DataType: "String", StringValue: `of ${MessageBody}` } };
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    }
  }

  async function takeAll(QueueUrl: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] }),
      );
      if (Messages.length === 0) return all;
      for (const { ReceiptHandle } of Messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      all.push(...Messages);
    }
  }

  const bodiesIn = async (queueUrl: string) => (await takeAll(queueUrl)).map(({ Body = "" }) => Body).sort();

  async function visible(QueueUrl: string): Promise<number> {
    const AttributeNames = ["ApproximateNumberOfMessages" as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    return Number(Attributes?.ApproximateNumberOfMessages);
  }

  const bodies = Array.from({ length: 25 }, (_, index) => `file ${String(index).padStart(2, "0")}`);

  it("moves each once, with its attributes, and tells how far it is", async () => {
    const { queueUrl, deadLettersUrl } = await makeQueues("all");
    expect(await deadLettersOf(sqs, queueUrl)).to.equal(deadLettersUrl);
    // Two of the same body are two messages.
    await send(deadLettersUrl, [...bodies, bodies[0] ?? ""]);
    const heard: number[] = [];
    const redriven = await redrive(sqs, queueUrl, { onProgress: ({ moved }) => heard.push(moved) });
    expect(redriven).to.deep.include({ queueUrl, deadLettersUrl, found: 26, moved: 26, returned: 0 });
    expect([redriven.kept, redriven.failed]).to.deep.equal([[], []]);
    expect(heard).to.deep.equal([10, 20, 26]);
    expect(await bodiesIn(deadLettersUrl)).to.deep.equal([]);
    const moved = await takeAll(queueUrl);
    expect(moved.map(({ Body = "" }) => Body).sort()).to.deep.equal([...bodies, bodies[0] ?? ""].sort());
    for (const { Body, MessageAttributes } of moved) {
      expect(MessageAttributes?.["Trace"]?.StringValue).to.equal(`of ${Body}`);
    }
  });

  it("moves no more than it is told to", async () => {
    const { queueUrl, deadLettersUrl } = await makeQueues("some");
    await send(deadLettersUrl, bodies);
    expect((await redrive(sqs, queueUrl, { limit: 12 })).moved).to.equal(12);
    expect([await visible(deadLettersUrl), await visible(queueUrl)]).to.deep.equal([13, 12]);
  });

  it("stops where they come back, and leaves them to be seen", async () => {
    const { queueUrl, deadLettersUrl } = await makeQueues("poison");
    await send(deadLettersUrl, bodies);
    // The consumer fails on each at once: SQS moves it to the dead letters, which is sent here on its behalf.
    const failAll = async () => {
      for (const { Body, MessageAttributes } of await takeAll(queueUrl)) {
        await sqs.send(new SendMessageCommand({ QueueUrl: deadLettersUrl, MessageBody: Body, MessageAttributes }));
      }
    };
    const failing = faulty(sqs, async (command) => {
      if (command instanceof ReceiveMessageCommand) await failAll();
    });
    const redriven = await redrive(failing, queueUrl);
    expect(redriven.returned).to.be.greaterThan(0);
    expect(redriven.moved).to.be.at.most(bodies.length);
    await failAll();
    expect(await visible(deadLettersUrl)).to.equal(bodies.length);
    expect(await bodiesIn(deadLettersUrl)).to.deep.equal(bodies);
  });

  it("loses none wherever SQS fails", async () => {
    const { queueUrl, deadLettersUrl } = await makeQueues("faults");
    await send(deadLettersUrl, bodies);
    let [sends, deletions] = [0, 0];
    const unsent = faulty(sqs, (command) => {
      if (command instanceof SendMessageCommand && ++sends === 14) throw new Error("no room");
    });
    const first = await redrive(unsent, queueUrl);
    expect(first.failed.map(({ error }) => error)).to.deep.equal(["Error: no room"]);
    expect([first.moved, await visible(deadLettersUrl)]).to.deep.equal([19, 6]);
    const undeleted = faulty(sqs, (command) => {
      if (command instanceof DeleteMessageCommand && ++deletions === 3) throw new Error("cut off");
    });
    const second = await redrive(undeleted, queueUrl);
    expect(second.kept.map(({ error }) => error)).to.deep.equal(["Error: cut off"]);
    expect([second.moved, await visible(deadLettersUrl)]).to.deep.equal([5, 1]);
    expect((await redrive(sqs, queueUrl)).moved).to.equal(1);
    const all = await bodiesIn(queueUrl);
    expect(all).to.have.length(26);
    expect([...new Set(all)]).to.deep.equal(bodies);
  });

  it("says of a queue without dead letters that it has none", async () => {
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "plain" }));
    const error = await redrive(sqs, QueueUrl).catch((reason: unknown) => reason);
    expect(String(error)).to.match(/plain has no dead letters/);
  });

  it("is a command", async () => {
    const [scorer, deploy] = [await makeQueues("stream"), await makeQueues("deployments")];
    await send(scorer.deadLettersUrl, ["one", "two"]);
    await send(deploy.deadLettersUrl, ["three"]);
    const outputs = {
      endpointName: "fraud",
      deployQueueUrl: deploy.queueUrl,
      deploymentsTableName: "deployments",
      modelPackageGroupName: "fraud",
      mlflowArn: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1",
      scorer: { queueUrl: scorer.queueUrl },
    };
    const env = { ...process.env, ...ministack.environment, FRAUD_OUTPUTS: JSON.stringify(outputs) };
    const command = async (...args: string[]) => {
      const cli = join(projectRoot, "operations", "cli.ts");
      return run(process.execPath, ["--import", "tsx", cli, "redrive", ...args], { cwd: projectRoot, env });
    };
    const { stdout, stderr } = await command("--json");
    expect(JSON.parse(stdout) as Redriven).to.deep.include({ queueUrl: scorer.queueUrl, found: 2, moved: 2 });
    expect(stderr).to.include("2 of about 2 moved");
    expect((await command("--queue", "deploy")).stdout).to.equal(`1 dead letters are back in ${deploy.queueUrl}.\n`);
    expect([await visible(scorer.queueUrl), await visible(deploy.queueUrl)]).to.deep.equal([2, 1]);
  });
});

type Command = Parameters<SQSClient["send"]>[0];

/** A client that lets somebody interfere before each call. */
function faulty(sqs: SQSClient, before: (command: Command) => void | Promise<void>): SQSClient {
  return new Proxy(sqs, {
    get(target, property) {
      if (property !== "send") return Reflect.get(target, property) as unknown;
      return async (command: Command) => {
        await before(command);
        return target.send(command);
      };
    },
  });
}
