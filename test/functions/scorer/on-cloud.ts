// The scorer's tests on the local cloud that the functions' tests share (platform.test.ts), with a model in service.
import { gzipSync } from "node:zlib";
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { DescribeTransformJobCommand, ListTransformJobsCommand } from "@aws-sdk/client-sagemaker";
import { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { PurgeQueueCommand } from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { expect } from "chai";
import { BatchTransform } from "../../../functions/scorer/batch-transform";
import { claimFile } from "../../../functions/scorer/claims";
import type { handler } from "../../../functions/scorer/handler";
import { ScorerObjects } from "../../../functions/scorer/objects";
import type { Prediction } from "../../../functions/scorer/predictions";
import { schemas } from "../../../functions/scorer/schemas";
import { workOn } from "../../../functions/scorer/work";
import { inferenceId } from "../../../functions/shared/inference-id";
import { score, ScoringError } from "../../../functions/shared/scoring";
import { fileId, sourceOf, type ObjectCreated, type SourceObject } from "../../../functions/shared/source-object";
import { FEATURES } from "../../../functions/shared/transactions";
import { dying } from "../support/dying";
import { BUCKET, messagesIn, nextMessage, sqsEvent, until, type Platform } from "../support/platform";
import { Accounts } from "./accounts";

export const header = FEATURES.join(",");
export const csvRow = (amount: number | string): string => [...Array<number>(29).fill(0.5), amount].join(",");

/** What Lambda says of the time that is left. */
export const plenty = { getRemainingTimeInMillis: () => 300_000 };
const short = { getRemainingTimeInMillis: () => 1_000 };

/** Puts a file under the stream's prefix; the message that S3's event becomes. */
export async function dropFile(
  { clients: { s3 } }: Platform,
  name: string,
  body: string | Buffer,
): Promise<{ event: SQSEvent; created: ObjectCreated }> {
  const key = `fraud/stream_data/${name}`;
  const { ETag, VersionId } = await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  const created: ObjectCreated = {
    "detail-type": "Object Created",
    time: "2026-01-02T03:04:05Z",
    detail: {
      bucket: { name: BUCKET },
      object: {
        key,
        etag: ETag?.replaceAll('"', "") ?? "",
        ...(VersionId === undefined ? {} : { "version-id": VersionId }),
      },
    },
  };
  return { event: sqsEvent(JSON.stringify(created)), created };
}

const SETTINGS = {
  schema: schemas.creditcard,
  prefixes: {
    stream: "fraud/stream_data",
    predictions: "fraud/predictions",
    quarantine: "fraud/quarantine",
    manifests: "fraud/manifests",
  },
  predictionsTableName: "predictions",
  chunkRows: 150,
  batchRows: 40,
};
const TRANSFORM = {
  endpointName: "fraud-endpoint",
  event: "{}",
  prefix: "fraud/transform",
  jobPrefix: "fraud",
  instanceType: "ml.m5.large",
  instanceCount: 1,
  tags: {},
};

const PREDICTION: Prediction = {
  transaction_id: "t",
  prediction: "fraud",
  probability: 0.9,
  threshold: 0.5,
  amount: 9,
  scored_at: "2026-01-02T03:04:06.000Z",
  source: "s3://bucket/key",
  source_version: "abc",
  row_number: 1,
  model_package: "arn:package/1",
  model_version: 1,
  inference_id: "20260102T030405000Z-0123456789abcdef#2",
};

/** Numbers from 0 up to 1, the same ones for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A client of DynamoDB that leaves a half of what is to be written unprocessed, three times in ten. */
function throttled(dynamodb: DynamoDBClient, chance: () => number): DynamoDBClient {
  return new Proxy(dynamodb, {
    get(target, property, receiver) {
      if (property !== "send") return Reflect.get(target, property, receiver) as unknown;
      return async (command: unknown) => {
        if (!(command instanceof BatchWriteItemCommand) || chance() >= 0.3) return target.send(command as never);
        const { predictions = [] } = command.input.RequestItems ?? {};
        const taken = predictions.slice(0, predictions.length / 2);
        if (taken.length > 0) {
          await target.send(new BatchWriteItemCommand({ RequestItems: { predictions: taken } }));
        }
        return { UnprocessedItems: { predictions: predictions.slice(taken.length) } };
      };
    },
  });
}

/** What a minute does to the lease of a function that is dead. */
export async function endLease(dynamodb: DynamoDBClient, source: SourceObject): Promise<void> {
  const update = new UpdateItemCommand({
    TableName: "files",
    Key: { FileId: { S: fileId(source) }, Chunk: { N: "0" } },
    UpdateExpression: "SET LeaseUntil = :now",
    ConditionExpression: "attribute_exists(FileId)",
    ExpressionAttributeValues: { ":now": { N: "0" } },
  });
  await dynamodb.send(update).catch((error: unknown) => {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  });
}

export function scorerOnCloud(given: () => { platform: Platform; scorer: typeof handler }): void {
  const clients = () => given().platform.clients;
  const deliver = (event: SQSEvent, context = plenty) => given().scorer(event, context);
  const drop = (name: string, body: string | Buffer) => dropFile(given().platform, name, body);
  const accounts = () => new Accounts(given().platform);
  const text = (key: string) => accounts().text(key);
  const manifestOf = (created: ObjectCreated) => accounts().manifestOf(created);
  const itemsOf = (created: ObjectCreated) => accounts().itemsOf(created);
  const expectAccounted = (created: ObjectCreated, amounts: readonly (number | string)[]) =>
    accounts().expectAll(created, amounts);
  const purge = () => clients().sqs.send(new PurgeQueueCommand({ QueueUrl: given().platform.queues.stream }));

  const someAmounts = (count: number) =>
    Array.from({ length: count }, (_, index) => (index % 10 === 7 ? "lots" : index));
  const csvOf = (amounts: readonly (number | string)[], eol = "\n"): string =>
    [header, ...amounts.map(csvRow)].join(eol);

  it("writes every good row and sets every bad one aside, the same when told twice", async () => {
    const amounts = someAmounts(330);
    const { event, created } = await drop("day 1/it's (ä) +file %41.csv.gz", gzipSync(csvOf(amounts, "\r\n")));
    expect(await deliver(event)).to.deep.equal({ batchItemFailures: [] });
    const manifest = await expectAccounted(created, amounts);
    expect(manifest).to.include({ engine: "endpoint", chunks: 3 });
    const [first] = (await text(manifest.quarantineKeys[0] ?? "")).split("\n");
    expect(JSON.parse(first ?? "")).to.deep.equal({
      row: 8,
      reason: "Amount is not a finite number",
      raw: csvRow("lots"),
    });
    const source = sourceOf(created);
    const { Items = [] } = await clients().dynamodb.send(
      new QueryCommand({
        TableName: "predictions",
        KeyConditionExpression: "TransactionID = :id",
        ExpressionAttributeValues: { ":id": { S: `${source.key}#${source.version}#301` } },
      }),
    );
    expect(Items).to.have.length(1);
    expect(Items[0]).to.deep.include({
      RowId: { S: `${fileId(source)}#301` },
      Prediction: { S: "legitimate" },
      Probability: { N: "0.3" },
      Amount: { N: "300" },
      Source: { S: `s3://${BUCKET}/${source.key}` },
    });
    const before = await itemsOf(created);
    await deliver(event);
    // As if so long ago that the table of files forgot: the manifest stands.
    await clients().dynamodb.send(
      new DeleteItemCommand({
        TableName: "files",
        Key: { FileId: { S: fileId(source) }, Chunk: { N: "0" } },
      }),
    );
    expect(await deliver(event)).to.deep.equal({ batchItemFailures: [] });
    expect(await itemsOf(created)).to.have.deep.members(before);
    expect(await manifestOf(created)).to.deep.equal(manifest);
  });

  it("goes on in another invocation where time was short, of plain files and of archives", async () => {
    const { queues } = given().platform;
    for (const [name, pack] of [
      ["long.csv", (content: string) => Buffer.from(content)],
      ["long.csv.gz", gzipSync],
    ] as const) {
      const amounts = someAmounts(520);
      const { event, created } = await drop(name, pack(`\uFEFF${csvOf(amounts)}`));
      let next = event;
      let invocations = 1;
      for (; (await deliver(next, short)).batchItemFailures.length === 0; invocations++) {
        if ((await messagesIn(clients().sqs, queues.stream)) === 0) break;
        next = await nextMessage(clients().sqs, queues.stream);
        expect(next.Records[0]?.body).to.equal(event.Records[0]?.body);
      }
      expect(invocations).to.equal(4);
      expect((await expectAccounted(created, amounts)).chunks).to.equal(4);
    }
  });

  it("goes on where a killed function stopped, throttled as it is and whichever model answers by then", async () => {
    const amounts = someAmounts(400);
    const { created } = await drop("killed.csv", csvOf(amounts));
    const source = sourceOf(created);
    const { s3, dynamodb, sagemaker } = clients();
    const chance = randomOf(20_260_102);
    const answering = (version: number) => (lines: readonly string[]) => {
      if (chance() < 0.3) return Promise.reject(new ScoringError("busy", "throttled"));
      return Promise.resolve({
        predictions: lines.map((line) => ({ score: Math.min(1, Number(line.split(",").at(-1)) / 1000) })),
        model: {
          packageArn: `arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/${version}`,
          threshold: 0.5,
          algorithm: "xgboost",
        },
        inferenceId: inferenceId(),
      });
    };
    const settings = { ...SETTINGS, endpointConcurrency: 2, batchTransformBytes: Infinity };
    let kills = 0;
    const seen = new Map<string | undefined, string | undefined>();
    for (let manifest: unknown; manifest === undefined; kills++) {
      const killed = dying(kills * 5 + Math.floor(chance() * 5));
      const [deadS3, deadTables] = [killed(s3), throttled(killed(dynamodb), chance)];
      // The next one comes when the lease of the dead one is over.
      await endLease(dynamodb, source);
      try {
        const claimed = await claimFile(deadTables, "files", source);
        if (!("claim" in claimed)) throw new Error("the file is taken");
        const objects = new ScorerObjects(deadS3, BUCKET);
        const transform = new BatchTransform(sagemaker, objects, source, TRANSFORM);
        const world = { s3: deadS3, dynamodb: deadTables, objects, transform, ask: answering(7 + (kills % 2)) };
        manifest = await workOn(world, settings, source, claimed.claim, () => false);
      } catch (error) {
        if (!(error instanceof Error && error.message === "killed")) throw error;
      }
      // What was written once stays as it is.
      for (const { RowId, InferenceId } of await itemsOf(created)) {
        expect(seen.get(RowId?.S) ?? InferenceId?.S).to.equal(InferenceId?.S);
        seen.set(RowId?.S, InferenceId?.S);
      }
    }
    expect(kills).to.be.at.least(5);
    const manifest = await expectAccounted(created, amounts);
    expect(manifest.modelPackages.length).to.be.at.least(1);
    for (const { ModelPackage, ModelVersion } of await itemsOf(created)) {
      expect(manifest.modelPackages).to.include(ModelPackage?.S);
      expect(ModelPackage?.S).to.match(new RegExp(`/${ModelVersion?.N}$`));
    }
  });

  it("keeps the predictions of a chunk that were committed first, whoever commits others", async () => {
    const objects = new ScorerObjects(clients().s3, BUCKET);
    const [first, second] = [1, 2].map((row_number): Prediction[] => [{ ...PREDICTION, row_number }]);
    const key = "fraud/predictions/dt=2026-01-02/twice-000001.jsonl.gz";
    expect(await objects.committed(key)).to.equal(undefined);
    for (const predictions of [first, second]) {
      expect(await objects.commit(key, predictions ?? [])).to.deep.equal({ key, predictions: first });
    }
    expect(await objects.committed(key)).to.deep.equal({ key, predictions: first });
  });

  it("scores another schema with an endpoint that takes it, quoted addresses and all", async () => {
    const csv =
      "Transaction ID,Customer ID,Transaction Amount,Quantity,Shipping Address\r\n" +
      '7f,c1,250.85000000000002,2,"12 Main St, Apt 3\nSpringfield, ""SP"""\r\n' +
      "80,c2,,1,somewhere\r\n" +
      "7f,c1,9,900,again\r\n";
    const { created } = await drop("e-commerce's.csv", csv);
    const { s3, dynamodb, sagemaker } = clients();
    const source = sourceOf(created);
    const objects = new ScorerObjects(s3, BUCKET);
    const runtime = new SageMakerRuntimeClient();
    const ask = (lines: readonly string[]) => score(runtime, "fraud-endpoint", lines, { timeoutMilliseconds: 60_000 });
    const world = { s3, dynamodb, objects, transform: new BatchTransform(sagemaker, objects, source, TRANSFORM), ask };
    const settings = { ...SETTINGS, schema: schemas.ecommerce, endpointConcurrency: 1, batchTransformBytes: Infinity };
    const claimed = await claimFile(dynamodb, "files", source);
    if (!("claim" in claimed)) throw new Error("the file is taken");
    const manifest = await workOn(world, settings, source, claimed.claim, () => false);
    expect(manifest).to.include({ status: "complete", rowsIn: 3, scored: 2, quarantined: 1 });
    const items = await itemsOf(created);
    expect(
      items
        .map((item) => [item.RowNumber?.N, item.TransactionID?.S, item.Amount?.N, item.Probability?.N])
        .sort(([one = ""], [other = ""]) => Number(one) - Number(other)),
    ).to.deep.equal([
      ["1", "7f", "250.85000000000002", "0.002"],
      ["3", "7f", "9", "0.9"],
    ]);
  });

  it("lets one invocation have a file, and does it once, however many are told at once", async () => {
    const amounts = someAmounts(400);
    const { event, created } = await drop("doubled.csv", csvOf(amounts));
    const answers = await Promise.all(Array.from({ length: 5 }, () => deliver(event)));
    expect(answers).to.deep.equal(Array(5).fill({ batchItemFailures: [] }));
    await expectAccounted(created, amounts);
    // Each of the others has put its message back, to look after the file again when the lease would be over.
    const { queues } = given().platform;
    expect(await messagesIn(clients().sqs, queues.stream))
      .to.be.at.least(1)
      .and.at.most(4);
    await purge();
  });

  it("leaves large files to a transform job, whose result it accounts for in the same way", async () => {
    const amounts = someAmounts(1_700);
    const { event, created } = await drop("a large file.csv", csvOf(amounts));
    expect(await deliver(event)).to.deep.equal({ batchItemFailures: [] });
    const { sagemaker, s3 } = clients();
    const { TransformJobSummaries: jobs = [] } = await sagemaker.send(
      new ListTransformJobsCommand({ NameContains: "-stream-" }),
    );
    expect(jobs).to.have.length(1);
    const TransformJobName = jobs[0]?.TransformJobName ?? "";
    expect(TransformJobName).to.equal(`fraud-stream-${fileId(sourceOf(created)).slice(0, 16)}-1`);
    const job = await until("the transform job", async () => {
      const described = await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName }));
      return described.TransformJobStatus === "InProgress" ? undefined : described;
    });
    expect(job).to.include({ TransformJobStatus: "Completed" });
    const ended = {
      "detail-type": "SageMaker Transform Job State Change",
      detail: { TransformJobName, TransformJobStatus: "Completed", TransformInput: job.TransformInput },
    };
    const before = await messagesIn(clients().sqs, given().platform.queues.stream);
    expect(before).to.equal(1);
    for (let time = 0; time < 2; time++) {
      expect(await deliver(sqsEvent(JSON.stringify(ended)))).to.deep.equal({ batchItemFailures: [] });
    }
    const manifest = await expectAccounted(created, amounts);
    expect(manifest).to.include({ engine: "batch-transform" });
    expect(manifest.modelPackages).to.have.length(1);
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `fraud/transform/${fileId(sourceOf(created))}/output-1/` }),
    );
    expect(Contents).to.have.length(manifest.chunks);
    await purge();
  });

  it("sets aside whole files that it can't read, and is done with them", async () => {
    const cut = gzipSync(csvOf([1])).subarray(0, 40);
    for (const [name, body, reason] of [
      ["empty.csv", "", "the file is empty"],
      ["other.csv", "a,b\n1,2\n", "the header lacks Time"],
      ["cut.csv.gz", cut, "the gzip archive is broken"],
      ["other large.csv", `a,b\n${"1,2\n".repeat(40_000)}`, "the header lacks Time"],
    ] as const) {
      const { event, created } = await drop(name, body);
      expect(await deliver(event)).to.deep.equal({ batchItemFailures: [] });
      const manifest = await manifestOf(created);
      expect(manifest).to.include({ status: "refused", written: 0 });
      expect(manifest.reason).to.contain(reason);
      expect(await text(manifest.quarantineKeys[0] ?? "")).to.contain(reason);
    }
  });

  it("does not take another content for the one that the event is of", async () => {
    const { event, created } = await drop("overwritten.csv", csvOf([1, 2]));
    await drop("overwritten.csv", csvOf([3, 4, 5]));
    expect(await deliver(event)).to.deep.equal({ batchItemFailures: [] });
    expect(await manifestOf(created)).to.include({ status: "refused", rowsIn: 0 });
    expect(await itemsOf(created)).to.deep.equal([]);
  });

  it("leaves other objects alone, and fails the messages that it can't do", async () => {
    const { created } = await drop("x.csv", header);
    const elsewhere = structuredClone(created);
    elsewhere.detail.object.key = "fraud/raw/creditcard.csv";
    expect(await deliver(sqsEvent(JSON.stringify(elsewhere)))).to.deep.equal({ batchItemFailures: [] });
    const gone = structuredClone(created);
    gone.detail.object.key = "fraud/stream_data/gone.csv";
    for (const body of [JSON.stringify(gone), "{}", "no JSON"]) {
      expect(await deliver(sqsEvent(body))).to.deep.equal({ batchItemFailures: [{ itemIdentifier: "message-1" }] });
    }
  });
}
