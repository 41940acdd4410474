import { expect } from "chai";
import { StreamScorer } from "../../components/stream-scorer";
import { errors, minimal, valid } from "../config/samples";
import { endpointOn, foundations, RUN_TIME_TAGS } from "./support/foundations";
import { everythingRegistered, inputsOf, permissionsOf, startRecording, variablesOf } from "./support/mocks";

const ACCOUNT = "eu-west-1:123456789012";

async function streamWith(stream: Record<string, unknown> = {}): Promise<void> {
  await startRecording();
  const base = foundations();
  new StreamScorer("stream", {
    ...base,
    endpoint: endpointOn(base),
    stream: valid({ ...minimal, stream }).stream,
    jobNamePrefix: "fraud",
    runTimeTags: RUN_TIME_TAGS,
  });
  await everythingRegistered();
}

describe("the stream scorer", function () {
  this.timeout(30_000);

  it("keeps predictions by transaction and row, and files by chunk, encrypted and recoverable", async () => {
    await streamWith();
    const kept = {
      billingMode: "PAY_PER_REQUEST",
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true, kmsKeyArn: `arn:aws:kms:${ACCOUNT}:key/storage-key` },
    };
    expect(inputsOf("aws:dynamodb/table:Table", "stream-predictions")).to.deep.include({
      ...kept,
      hashKey: "TransactionID",
      rangeKey: "RowId",
    });
    expect(inputsOf("aws:dynamodb/table:Table", "stream-progress")).to.deep.include({
      ...kept,
      hashKey: "FileId",
      rangeKey: "Chunk",
      ttl: { attributeName: "ExpiresAt", enabled: true },
    });
  });

  it("hears of files and of its jobs' ends, through a queue that is read by a bounded number at once", async () => {
    await streamWith();
    const patternOf = (name: string) =>
      JSON.parse(String(inputsOf("aws:cloudwatch/eventRule:EventRule", name).eventPattern)) as unknown;
    expect(patternOf("stream-jobs")).to.deep.equal({
      source: ["aws.sagemaker"],
      "detail-type": ["SageMaker Transform Job State Change"],
      detail: {
        TransformJobName: [{ prefix: "fraud-stream-" }],
        TransformJobStatus: ["Completed", "Failed", "Stopped"],
      },
    });
    const queue = `arn:aws:sqs:${ACCOUNT}:stream-files-queue`;
    for (const name of ["stream-files", "stream-jobs"]) {
      expect(inputsOf("aws:cloudwatch/eventTarget:EventTarget", name).arn).to.equal(queue);
    }
    const { timeout, reservedConcurrentExecutions } = inputsOf(
      "aws:lambda/function:Function",
      "stream-scorer-function",
    );
    expect(reservedConcurrentExecutions).to.equal(undefined);
    expect(inputsOf("aws:sqs/queue:Queue", "stream-files-queue").visibilityTimeoutSeconds).to.equal(
      6 * Number(timeout),
    );
    expect(inputsOf("aws:lambda/eventSourceMapping:EventSourceMapping", "stream-files")).to.deep.include({
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: 5 },
    });
  });

  it("may do what scoring takes, transform jobs of its own name among it, and no more", async () => {
    await streamWith();
    const may = permissionsOf("stream-scorer").filter((each) => /^(dynamodb|sagemaker|sqs):/.test(each));
    const model = `arn:aws:sagemaker:${ACCOUNT}`;
    expect(may).to.deep.equal(
      [
        `dynamodb:BatchWriteItem arn:aws:dynamodb:${ACCOUNT}:table/stream-predictions`,
        ...["GetItem", "PutItem", "Query", "UpdateItem"].map(
          (action) => `dynamodb:${action} arn:aws:dynamodb:${ACCOUNT}:table/stream-progress`,
        ),
        `sagemaker:AddTags ${model}:transform-job/fraud-stream-*`,
        `sagemaker:CreateTransformJob ${model}:model/*`,
        `sagemaker:CreateTransformJob ${model}:transform-job/fraud-stream-*`,
        `sagemaker:DescribeEndpoint ${model}:endpoint/fraud-scores`,
        ...["DescribeEndpointConfig", "DescribeModel"].flatMap((action) => [
          `sagemaker:${action} ${model}:endpoint-config/*`,
          `sagemaker:${action} ${model}:model/*`,
        ]),
        `sagemaker:DescribeModelPackage ${model}:model-package/registry-packages/*`,
        `sagemaker:DescribeTransformJob ${model}:transform-job/fraud-stream-*`,
        `sagemaker:InvokeEndpoint ${model}:endpoint/fraud-scores`,
        ...["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"].map(
          (action) => `sqs:${action} arn:aws:sqs:${ACCOUNT}:stream-files-queue`,
        ),
      ].sort(),
    );
  });

  it("scores a schema of one's own with the endpoint that takes it, and with none else", async () => {
    const schema = { idColumn: "Référence", features: ["b", "a"], amountColumn: "total" };
    await streamWith({ schema, endpointName: "Other-Models" });
    const variables = variablesOf("stream-scorer-function");
    expect(variables).to.include({ ENDPOINT_NAME: "Other-Models", BATCH_TRANSFORM_BYTES: "5000000000000" });
    expect(JSON.parse(variables.STREAM_SCHEMA ?? "")).to.deep.equal({
      idColumns: ["Référence"],
      features: ["b", "a"],
      amountColumn: "total",
    });
    expect(permissionsOf("stream-scorer").filter((each) => each.startsWith("sagemaker:"))).to.deep.equal([
      `sagemaker:InvokeEndpoint arn:aws:sagemaker:${ACCOUNT}:endpoint/other-models`,
    ]);
  });

  it("refuses a schema that the stack's own models do not take, saying what would", async () => {
    for (const schema of ["ecommerce", { features: ["a"] }]) {
      const failure = await streamWith({ schema }).catch((error: unknown) => error);
      expect(String(failure)).to.contain("Give stream.endpointName").and.contain("take Time, V1 … Amount");
    }
  });

  it("refuses schemas that name a column twice, or more than a function's variables hold", () => {
    const refusals = (features: unknown) => JSON.stringify(errors({ ...minimal, stream: { schema: { features } } }));
    expect(refusals(["a", "b", "a"]))
      .to.contain("stream.schema.features")
      .and.contain("names a more than once");
    const many = Array.from({ length: 300 }, (_, index) => `feature ${index}`);
    expect(refusals(many)).to.contain("characters as JSON");
    expect(refusals([])).to.contain("stream.schema.features");
  });
});
