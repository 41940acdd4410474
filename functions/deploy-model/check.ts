import type { S3Client } from "@aws-sdk/client-s3";
import {
  CreateTransformJobCommand,
  DescribeModelPackageCommand,
  DescribeTransformJobCommand,
  type TransformInstanceType,
} from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import { DecodeError } from "../shared/decode";
import type { Deployment } from "../shared/deployment-records";
import { unlessMissing } from "../shared/endpoint";
import { checkJobPrefix, contentHash, tagList } from "../shared/endpoint-config";
import { log } from "../shared/log";
import { ARTIFACT_DIGEST, GOLDEN_URI } from "../shared/model-package";
import { isMissingObject, readJson, readText } from "../shared/objects";
import { wrongArtifact } from "./artifact";
import type { DeployClients, DeploySettings } from "./deploying";

/** `golden.json`, which evaluation leaves beside its report: rows are in `rows.csv`, here is what the model gave for them. */
export const GoldenSample = t.type(
  {
    formatVersion: t.literal(1),
    /** SHA-256 of the archive that was evaluated, in hexadecimal. */
    archiveSha256: t.string,
    /** By how much a score may differ: a probability, absolute. */
    tolerance: t.number,
    /** A probability for each row, in order. */
    scores: t.array(t.number),
  },
  "GoldenSample",
);
export type GoldenSample = t.TypeOf<typeof GoldenSample>;

export type Check = { state: "passed" } | { state: "pending" } | { state: "failed"; reason: string };

/** What is wrong with the scores that a created model gave; undefined when they are those of the evaluation. */
export function difference(
  { scores: expected, tolerance }: Pick<GoldenSample, "scores" | "tolerance">,
  given: readonly number[],
): string | undefined {
  if (given.length !== expected.length) return `it gave ${given.length} scores for ${expected.length} rows`;
  const worst = expected.reduce(
    (found, score, row) => {
      const off = Math.abs(score - (given[row] ?? NaN));
      // A score that is no number is off by more than anything.
      return off <= found.off ? found : { off: Number.isNaN(off) ? Infinity : off, row };
    },
    { off: 0, row: 0 },
  );
  if (worst.off <= tolerance) return undefined;
  return `row ${worst.row + 1} scores ${String(given[worst.row])}, and scored ${String(expected[worst.row])} in the evaluation`;
}

/** Scores as the model's container writes them as `text/csv`: one a line. */
export const readScores = (text: string): number[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => (/^\s*[-+.\deE]+\s*$/.test(line) ? Number(line) : NaN));

/** Name of the Transform job that checks a model for a deployment. Its state's changes come back as messages. */
export const checkJobName = (endpointName: string, { id, attempt }: Deployment, modelName: string): string =>
  `${checkJobPrefix(endpointName)}${contentHash([id, attempt, modelName])}`;

/**
 * Whether the model, as SageMaker runs it, is the one that was evaluated: its archive byte for byte, and its scores of
 * the golden sample, by a Transform job on the created model. The job is started by the first call and looked at by
 * the next.
 */
export async function checkModel(
  { sagemaker, s3 }: DeployClients,
  settings: DeploySettings,
  deployment: Deployment,
  { modelName, modelPackageArn }: { modelName: string; modelPackageArn: string },
): Promise<Check> {
  const described = await unlessMissing(
    sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn })),
  );
  const { [GOLDEN_URI]: goldenUri, [ARTIFACT_DIGEST]: registered } = described?.CustomerMetadataProperties ?? {};
  if (goldenUri === undefined) {
    log.warn("package without a golden sample: scores not checked", { modelPackageArn });
    const wrong = await wrongArtifact({ sagemaker, s3 }, modelName, { registered });
    return wrong === undefined ? { state: "passed" } : { state: "failed", reason: wrong };
  }
  const TransformJobName = checkJobName(settings.endpoint.endpointName, deployment, modelName);
  const outputUri = `${goldenUri}/checks/${TransformJobName}`;
  const job = await unlessMissing(sagemaker.send(new DescribeTransformJobCommand({ TransformJobName })));
  try {
    if (job === undefined) {
      const { archiveSha256: evaluated } = await readGolden(s3, goldenUri);
      const wrong = await wrongArtifact({ sagemaker, s3 }, modelName, { registered, evaluated });
      if (wrong !== undefined) return { state: "failed", reason: wrong };
      await createJob(sagemaker, settings, { TransformJobName, modelName, goldenUri, outputUri });
      return { state: "pending" };
    }
    const { TransformJobStatus: status = "unknown", FailureReason: failure = "no reason" } = job;
    if (status === "InProgress" || status === "Stopping") return { state: "pending" };
    if (status !== "Completed") {
      return { state: "failed", reason: `The check of the model ended ${status}: ${failure}` };
    }
    const golden = await readGolden(s3, goldenUri);
    const problem = difference(golden, readScores(await readText(s3, `${outputUri}/rows.csv.out`)));
    if (problem !== undefined) {
      return { state: "failed", reason: `The model does not score as it was evaluated: ${problem}.` };
    }
    log.info("model checked", { modelName, rows: golden.scores.length });
    return { state: "passed" };
  } catch (error) {
    if (!isUnusable(error)) throw error;
    return { state: "failed", reason: `The model cannot be checked by ${goldenUri}: ${error.message}` };
  }
}

/** Whether a file is missing or not what it has to be: another try would find the same. */
const isUnusable = (error: unknown): error is Error => error instanceof DecodeError || isMissingObject(error);

async function createJob(
  sagemaker: DeployClients["sagemaker"],
  { checkInstanceType, endpoint, tags }: DeploySettings,
  names: Record<"TransformJobName" | "modelName" | "goldenUri" | "outputUri", string>,
): Promise<void> {
  try {
    await sagemaker.send(
      new CreateTransformJobCommand({
        TransformJobName: names.TransformJobName,
        ModelName: names.modelName,
        BatchStrategy: "MultiRecord",
        TransformInput: {
          DataSource: { S3DataSource: { S3DataType: "S3Prefix", S3Uri: `${names.goldenUri}/rows.csv` } },
          ContentType: "text/csv",
          SplitType: "Line",
        },
        TransformOutput: { S3OutputPath: names.outputUri, Accept: "text/csv", AssembleWith: "Line" },
        TransformResources: {
          InstanceType: checkInstanceType as TransformInstanceType,
          InstanceCount: 1,
          ...(endpoint.kmsKeyArn === undefined ? {} : { VolumeKmsKeyId: endpoint.kmsKeyArn }),
        },
        Tags: tagList(tags),
      }),
    );
  } catch (error) {
    // Another call for the same deployment was faster.
    if (!(error instanceof Error && error.name === "ResourceInUse")) throw error;
  }
}

const readGolden = (s3: S3Client, goldenUri: string): Promise<GoldenSample> =>
  readJson(s3, `${goldenUri}/golden.json`, GoldenSample);
