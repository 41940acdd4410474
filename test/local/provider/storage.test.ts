import { expect } from "chai";
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { Storage, type StorageArgs } from "../../../components/storage";
import { EngineError, run } from "../../../local/engine";
import { startMiniStack, type Emulator } from "../support/ministack";
import { Workbench } from "../support/stack";

describe("what is kept, on the real engine and MiniStack", function () {
  let emulator: Emulator;
  let bench: Workbench;
  let s3: S3Client;
  const buckets = async () => ((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).map(({ Name }) => Name);

  before(async () => {
    emulator = await startMiniStack();
    bench = new Workbench(emulator.environment);
    await bench.prepare();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    s3 = new S3Client({ region: "eu-west-1", endpoint: emulator.endpoint, credentials, forcePathStyle: true });
  });
  after(async () => {
    await emulator.stop();
    bench.clean();
  });

  describe("storage that outlives its stack", () => {
    const platform =
      (args: StorageArgs): pulumi.automation.PulumiFn =>
      () => {
        const storage = new Storage("storage", args);
        return Promise.resolve({ bucket: storage.bucketName });
      };
    let bucket: string;

    it("stays when the stack is destroyed, with what is in it", async () => {
      const { outputs } = await run(await bench.open("outlives", platform({})), "up");
      bucket = String(outputs["bucket"]?.value);
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "fraud/raw/a.csv", Body: "1,2" }));
      const { resources } = await run(await bench.open("outlives", platform({})), "destroy");
      expect(resources).to.deep.equal([]);
      expect(await buckets()).to.deep.equal([bucket]);
    });

    it("is adopted by the next up that names it, and stays again", async () => {
      const adopting = platform({ bucketName: bucket });
      const { outputs } = await run(await bench.open("outlives", adopting), "up");
      expect(outputs["bucket"]?.value).to.equal(bucket);
      expect(await buckets()).to.deep.equal([bucket]);
      expect((await run(await bench.open("outlives", adopting), "up")).steps).to.deep.equal([]);
      await run(await bench.open("outlives", adopting), "destroy");
      const kept = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "fraud/raw/a.csv" }));
      expect(await kept.Body?.transformToString()).to.equal("1,2");
    });

    it("is not deleted while it is protected", async () => {
      const guarded = platform({ protect: true, retainOnDelete: false });
      await run(await bench.open("guarded", guarded), "up");
      const before = await buckets();
      const refused: unknown = await run(await bench.open("guarded", guarded), "destroy").catch(
        (error: unknown) => error,
      );
      expect(refused).to.be.instanceOf(EngineError);
      expect(String(refused)).to.include("protect");
      expect(await buckets()).to.deep.equal(before);
      const free = platform({ retainOnDelete: false });
      await run(await bench.open("guarded", free), "up");
      expect((await run(await bench.open("guarded", free), "destroy")).resources).to.deep.equal([]);
      expect(await buckets()).to.have.length(before.length - 1);
    });
  });

  it("keeps everything, names too, when resources are renamed in the program and say what they were", async () => {
    const named =
      (name: string, was?: string): pulumi.automation.PulumiFn =>
      () => {
        const options = was === undefined ? {} : { aliases: [{ name: was }] };
        const queue = new aws.sqs.Queue(name, { delaySeconds: 1 }, options);
        const table = new aws.dynamodb.Table(
          name,
          { hashKey: "id", attributes: [{ name: "id", type: "S" }], billingMode: "PAY_PER_REQUEST" },
          options,
        );
        const data = new aws.s3.Bucket(name, { tags: { project: "fraud" } }, options);
        return Promise.resolve({ queue: queue.url, table: table.name, bucket: data.bucket });
      };
    const values = (outputs: pulumi.automation.OutputMap) =>
      Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value as unknown]));
    const before = await run(await bench.open("renamed", named("before")), "up");
    const after = await run(await bench.open("renamed", named("after", "before")), "up");
    expect(after.steps).to.deep.equal([]);
    expect(values(after.outputs)).to.deep.equal(values(before.outputs));
    expect(after.resources.map(({ urn }) => urn.split("::").at(-1)))
      .to.include("after")
      .and.not.include("before");
    await run(await bench.open("renamed", named("after", "before")), "destroy");
  });
});
