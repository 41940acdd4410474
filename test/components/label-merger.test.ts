import { expect } from "chai";
import { LabelMerger } from "../../components/label-merger";
import { StreamScorer } from "../../components/stream-scorer";
import { minimal, valid } from "../config/samples";
import { endpointOn, foundations } from "./support/foundations";
import { everythingRegistered, inputsOf, permissionsOf, startRecording, variablesOf } from "./support/mocks";

describe("the label merger", function () {
  this.timeout(30_000);
  before(async () => {
    await startRecording();
    const base = foundations();
    const { stream: settings } = valid(minimal);
    const stream = new StreamScorer("stream", {
      ...base,
      endpoint: endpointOn(base),
      stream: settings,
      jobNamePrefix: "fraud",
      runTimeTags: { project: "fraud" },
    });
    new LabelMerger("labels", { ...base, stream });
    await everythingRegistered();
  });

  it("hears of files that are dropped for it alone, and lets two be merged at once", () => {
    const rule = inputsOf("aws:cloudwatch/eventRule:EventRule", "labels-files");
    expect(JSON.parse(String(rule.eventPattern))).to.deep.equal({
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: { bucket: { name: ["storage-bucket"] }, object: { key: [{ prefix: "fraud/ground-truth/raw/" }] } },
    });
    expect(inputsOf("aws:lambda/eventSourceMapping:EventSourceMapping", "labels-files")).to.deep.include({
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: 2 },
    });
    expect(variablesOf("labels-merge-function")).to.deep.equal({
      LABELS_PREFIX: "fraud/ground-truth/raw",
      MERGED_PREFIX: "fraud/ground-truth/merged",
      QUARANTINE_PREFIX: "fraud/ground-truth/quarantine",
      MANIFESTS_PREFIX: "fraud/ground-truth/manifests",
      PREDICTIONS_TABLE_NAME: "stream-predictions",
    });
  });

  it("may read what is dropped and merged, write what comes of it, and look transactions up; no more", () => {
    const bucket = (pattern: string) => `arn:aws:s3:::storage-bucket/fraud/ground-truth/${pattern}/*`;
    const key = "arn:aws:kms:eu-west-1:123456789012:key/storage-key";
    const queue = "arn:aws:sqs:eu-west-1:123456789012:labels-files-queue";
    const allowed = permissionsOf("labels-merge").filter((each) => !each.startsWith("logs:"));
    expect(allowed).to.deep.equal(
      [
        "dynamodb:Query arn:aws:dynamodb:eu-west-1:123456789012:table/stream-predictions",
        `kms:Decrypt ${key}`,
        `kms:GenerateDataKey ${key}`,
        ...["GetObject", "GetObjectVersion"].flatMap((action) =>
          ["merged", "raw"].map((folder) => `s3:${action} ${bucket(folder)}`),
        ),
        ...["AbortMultipartUpload", "PutObject"].flatMap((action) =>
          ["manifests", "merged", "quarantine"].map((folder) => `s3:${action} ${bucket(folder)}`),
        ),
        "s3:ListBucket arn:aws:s3:::storage-bucket",
        ...["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"].map((action) => `sqs:${action} ${queue}`),
      ].sort(),
    );
  });
});
