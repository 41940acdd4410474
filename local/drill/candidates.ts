// Candidates: the champion's own archive with another serving script, registered as packages of their own.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateModelPackageCommand, DescribeModelPackageCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as tar from "tar";
import type { PlatformOutputs } from "../../components/outputs";
import { MlflowClient, PACKAGE_TAG } from "../../functions/shared/mlflow";
import { splitUri } from "../loop/checks/uri";
import { claim } from "../loop/errors";
import { servingScript, type Rollout } from "./rollouts";

export interface Candidate {
  packageArn: string;
  mlflowVersion: string;
}

const SCRIPT = "candidate.py";

/**
 * Registers a candidate in both registries, approved, as the pipeline does. It has no golden sample: with one, the check
 * before traffic would stop what the drill wants to see stopped by traffic.
 */
export async function registerCandidate(
  outputs: PlatformOutputs,
  registeredModelName: string,
  championArn: string,
  rollout: Rollout,
): Promise<Candidate> {
  const sagemaker = new SageMakerClient();
  const champion = await sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: championArn }));
  const container = champion.InferenceSpecification?.Containers?.[0];
  const { Image, ModelDataUrl, Environment } = container ?? {};
  claim(Image !== undefined && ModelDataUrl !== undefined, `The champion ${championArn} has no image or no artifact.`);
  const modelDataUri = `s3://${outputs.bucketName}/${outputs.prefix}/drill/${rollout.name}-${Date.now()}/model/model.tar.gz`;
  await putArchive(ModelDataUrl, modelDataUri, servingScript(rollout.defect));
  const mlflow = new MlflowClient(outputs.mlflowArn);
  const source = modelDataUri;
  const experiment = await mlflow.ensureExperiment("drill");
  const runId = await mlflow.ensureRun(experiment, {
    name: rollout.name,
    startedAt: new Date(),
    tag: { key: "drill", value: modelDataUri },
    tags: {},
  });
  await mlflow.endRun(runId, "FINISHED");
  const { version } = await mlflow.createVersion({ name: registeredModelName, source, runId, tags: {} });
  const { CustomerMetadataProperties: properties = {} } = champion;
  const kept = ["algorithm", "threshold", "features", "featuresHash", "gitRevision", "executionId"];
  const { ModelPackageArn: packageArn = "" } = await sagemaker.send(
    new CreateModelPackageCommand({
      ModelPackageGroupName: outputs.modelPackageGroupName,
      ModelPackageDescription: `${rollout.title}, for the drill`,
      ModelApprovalStatus: "Approved",
      InferenceSpecification: {
        Containers: [{ Image, ModelDataUrl: modelDataUri, Environment: { ...Environment, SAGEMAKER_PROGRAM: SCRIPT } }],
        SupportedContentTypes: ["application/json", "text/csv"],
        SupportedResponseMIMETypes: ["application/json", "text/csv"],
      },
      CustomerMetadataProperties: {
        ...Object.fromEntries(Object.entries(properties).filter(([name]) => kept.includes(name))),
        mlflowVersion: version,
      },
    }),
  );
  await mlflow.tagVersion(registeredModelName, version, { key: PACKAGE_TAG, value: packageArn });
  return { packageArn, mlflowVersion: version };
}

async function putArchive(from: string, to: string, script: string): Promise<void> {
  const s3 = new S3Client();
  const source = splitUri(from);
  const target = splitUri(to);
  const folder = await mkdtemp(join(tmpdir(), "drill-"));
  const [before, after, content] = ["before.tar.gz", "after.tar.gz", "model"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: source.bucket, Key: source.key }));
    await writeFile(before, (await Body?.transformToByteArray()) ?? new Uint8Array());
    await mkdir(content);
    await tar.extract({ file: before, cwd: content });
    await writeFile(join(content, "code", SCRIPT), script);
    await tar.create({ file: after, cwd: content, gzip: true, portable: true }, ["."]);
    await s3.send(new PutObjectCommand({ Bucket: target.bucket, Key: target.key, Body: await readFile(after) }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
