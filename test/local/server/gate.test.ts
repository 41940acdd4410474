import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import getPort from "get-port";
import { startMiniStack, type Emulator } from "../support/ministack";
import { startLocalServer } from "../support/server";

describe("the gate to the emulator", () => {
  let ministack: Emulator;
  let server: Emulator;
  let options: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };

  before(async () => {
    ministack = await startMiniStack();
    server = await startLocalServer(ministack);
    options = {
      endpoint: server.endpoint,
      region: "eu-west-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    };
  });

  after(async () => {
    await server.stop();
    await ministack.stop();
  });

  it("passes large objects and odd keys both ways as they are", async () => {
    const s3 = new S3Client({ ...options, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "gate" }));
    const large = randomBytes(24 * 1024 * 1024);
    const bodies: Record<string, Buffer> = {
      "plain.csv": Buffer.from("a,b\n1,2\n"),
      "it's a key/with space+plus%25/naïve 😀.csv": Buffer.from("odd"),
      "double//slash/../dots.bin": Buffer.from("path"),
      empty: Buffer.alloc(0),
      "large.bin": large,
    };
    for (const [Key, Body] of Object.entries(bodies)) {
      await s3.send(new PutObjectCommand({ Bucket: "gate", Key, Body }));
    }
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: "gate" }));
    expect(listed.Contents?.map(({ Key }) => Key)).to.have.members(Object.keys(bodies));
    for (const [Key, body] of Object.entries(bodies)) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: "gate", Key }));
      const read = await Body?.transformToByteArray();
      expect(sha256(read ?? Buffer.from("nothing")), Key).to.equal(sha256(body));
    }
    s3.destroy();
  });

  it("is the address in the URLs of queues, whichever client asks", async () => {
    const sqs = new SQSClient(options);
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "gate" }));
    expect(QueueUrl.startsWith(ministack.endpoint) || QueueUrl.startsWith(server.endpoint), QueueUrl).to.equal(true);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
    expect(Messages.map(({ Body }) => Body)).to.deep.equal(["hello"]);
    sqs.destroy();
  });

  it("refuses before the emulator hears of it", async () => {
    const sqs = new SQSClient(options);
    const refused = await sqs
      .send(new CreateQueueCommand({ QueueName: "not a name" }))
      .catch((error: unknown) => error);
    expect(refused).to.include({ name: "InvalidParameterValue" });
    sqs.destroy();
  });

  it("lets well-formed requests of a service through that nobody checks", async () => {
    const answer = await fetch(server.endpoint, {
      method: "POST",
      headers: { "x-amz-target": "Kinesis_20131202.ListStreams", "content-type": "application/x-amz-json-1.1" },
      body: "{}",
    });
    expect([answer.status, await answer.json()]).to.deep.equal([
      200,
      { StreamNames: [], StreamSummaries: [], HasMoreStreams: false },
    ]);
  });

  it("says so when the emulator does not answer", async () => {
    const port = await getPort({ host: "127.0.0.1" });
    const lonely = await startLocalServer({
      ...ministack,
      environment: { ...ministack.environment, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` },
    });
    try {
      const events = new EventBridgeClient({ ...options, endpoint: lonely.endpoint, maxAttempts: 1 });
      const entry = { Source: "a", DetailType: "b", Detail: "{}" };
      const failed = await events.send(new PutEventsCommand({ Entries: [entry] })).catch((error: unknown) => error);
      expect(failed).to.include({ name: "ServiceUnavailable" });
      expect((failed as Error).message).to.include(`127.0.0.1:${port} does not answer`);
      events.destroy();
    } finally {
      await lonely.stop();
    }
  });

  it("gives up with the emulator when that hangs up in the middle", async () => {
    const rude = createServer((socket) => socket.once("data", () => socket.destroy()));
    await new Promise<void>((listening) => rude.listen(0, "127.0.0.1", listening));
    const { port } = rude.address() as { port: number };
    const lonely = await startLocalServer({
      ...ministack,
      environment: { ...ministack.environment, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` },
    });
    try {
      const answer = await fetch(`${lonely.endpoint}/bucket/key`);
      expect(answer.status).to.equal(503);
    } finally {
      await lonely.stop();
      await new Promise((closed) => rude.close(closed));
    }
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
