// A file that is too large for the endpoint, on the stack that a loop has left up: dropped, and accounted for.
import { DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DescribeTransformJobCommand, ListTransformJobsCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import type { Manifest } from "../../functions/scorer/logic";
import { FEATURES } from "../../functions/shared/transactions";
import { splitUri } from "../../local/loop/checks/uri";
import { readStack } from "../../local/loop/stack";
import { until } from "../functions/support/platform";
import { liveCloud } from "./live-stack";

/** Bytes from which on the tests' stack leaves a file to SageMaker: more than the loop's own files have. */
export const TRANSFORM_FROM_BYTES = 1_500_000;
const ROWS = 3_000;
/** Row that cannot be scored. */
const BAD_ROW = 1_234;
/** Sooner than the scorer looks after a job by itself (15 minutes): it must be told of the job's end. */
const PATIENCE_SECONDS = 300;

/**
 * SageMaker's event of the job's end reaches the scorer through the stack's own rule and queue; every row is in the table
 * or in quarantine, and the manifest says by what.
 */
export async function largeFileIsTransformed(): Promise<void> {
  const { cloud, client } = await liveCloud();
  const stack = await readStack(cloud);
  if (stack === undefined) throw new Error("the stack is not up");
  const { scorer } = stack.outputs;
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const sagemaker = new SageMakerClient(client);
  const { bucket: Bucket, key: prefix } = splitUri(scorer.inputUri);
  const Key = `${prefix}too large for the endpoint.csv`;
  // Long numbers, so that few rows are enough.
  const cells = (row: number) => FEATURES.map((_, column) => ((row + 1) / (column + 3)).toFixed(17));
  const lines = Array.from({ length: ROWS }, (_, i) => (i + 1 === BAD_ROW ? "no,row" : cells(i).join(",")));
  const Body = `${FEATURES.join(",")}\n${lines.join("\n")}\n`;
  expect(Body.length).to.be.above(TRANSFORM_FROM_BYTES);
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));

  const { key: manifests } = splitUri(scorer.manifestsUri);
  const manifest = await until(
    "the manifest of the large file",
    async () => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: manifests }));
      for (const each of Contents) {
        const { Body: text } = await s3.send(new GetObjectCommand({ Bucket, Key: each.Key }));
        const read = JSON.parse((await text?.transformToString()) ?? "") as Manifest;
        if (read.source.key === Key) return read;
      }
      return undefined;
    },
    PATIENCE_SECONDS,
  );
  const counts = { rowsIn: ROWS, scored: ROWS - 1, written: ROWS - 1, quarantined: 1 };
  expect(manifest).to.include({ status: "complete", engine: "batch-transform", ...counts });
  expect(manifest.modelPackages).to.have.length(1);

  const { TransformJobSummaries = [] } = await sagemaker.send(
    new ListTransformJobsCommand({ NameContains: "-stream-" }),
  );
  expect(TransformJobSummaries).to.have.length(1);
  const [{ TransformJobName } = {}] = TransformJobSummaries;
  const job = await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName }));
  expect(job.TransformJobStatus).to.equal("Completed");

  const rows: number[] = [];
  for await (const { Items = [] } of paginateScan(
    { client: new DynamoDBClient(client) },
    { TableName: scorer.tableName },
  )) {
    for (const { Source, RowNumber } of Items) {
      if (Source?.S === `s3://${Bucket}/${Key}`) rows.push(Number(RowNumber?.N));
    }
  }
  const wanted = Array.from({ length: ROWS }, (_, i) => i + 1).filter((row) => row !== BAD_ROW);
  expect(rows.sort((one, other) => one - other)).to.deep.equal(wanted);
}
