import { CopyObjectCommand, S3ServiceException, type S3Client } from "@aws-sdk/client-s3";
import {
  DescribeModelPackageCommand,
  SageMakerServiceException,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { PACKAGE_TAG, type ModelRegistry } from "../shared/mlflow";
import { copySource, parseS3Uri, type ObjectLocation } from "../shared/objects";
import type { ChampionDocument } from "./logic";

export interface FindClients {
  mlflow: Pick<ModelRegistry, "versionOfAlias">;
  sagemaker: SageMakerClient;
  s3: S3Client;
}

/**
 * Finds the champion, the version that MLflow's alias `champion` names, and copies its model, so that the evaluation
 * goes by the champion of this moment whatever is deployed meanwhile.
 *
 * @param target of the model.
 * @throws when MLflow, SageMaker or S3 cannot be asked: that says nothing of the champion.
 */
export async function findChampion(
  clients: FindClients,
  modelName: string,
  target: ObjectLocation,
): Promise<ChampionDocument> {
  const champion = await clients.mlflow.versionOfAlias(modelName, "champion");
  if (champion === undefined) return { status: "none", detail: `No version of ${modelName} is the champion yet.` };
  const mlflowVersion = champion.version;
  const packageArn = champion.tags[PACKAGE_TAG];
  const named = `The champion, version ${mlflowVersion},`;
  if (packageArn === undefined)
    return { status: "unavailable", mlflowVersion, detail: `${named} has no tag ${PACKAGE_TAG}.` };

  const known = { packageArn, mlflowVersion };
  const described = await unlessRefused(
    clients.sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: packageArn })),
  );
  if (described instanceof Error)
    return { status: "unavailable", ...known, detail: `${named} has no model package: ${described.message}` };
  if (described.ModelApprovalStatus === "Rejected")
    return { status: "none", ...known, detail: `${named} is no longer approved, so it is none to be compared with.` };
  const modelUri = described.InferenceSpecification?.Containers?.[0]?.ModelDataUrl;
  if (modelUri === undefined)
    return { status: "unavailable", ...known, detail: `${named} has a package without model.` };

  const copied = await unlessRefused(
    clients.s3.send(
      new CopyObjectCommand({ Bucket: target.bucket, Key: target.key, CopySource: copySource(parseS3Uri(modelUri)) }),
    ),
  );
  if (copied instanceof Error)
    return { status: "unavailable", ...known, detail: `${named} cannot be read at ${modelUri}: ${copied.message}` };
  return { status: "found", ...known, modelUri };
}

/** An answer, or a refusal that says something of the thing asked for; faults and throttles are thrown. */
async function unlessRefused<A>(call: Promise<A>): Promise<A | Error> {
  try {
    return await call;
  } catch (error) {
    const status =
      error instanceof S3ServiceException || error instanceof SageMakerServiceException
        ? (error.$metadata.httpStatusCode ?? 500)
        : 500;
    if (!(error instanceof Error) || status >= 500 || status === 429 || isThrottle(error)) throw error;
    return error;
  }
}

const isThrottle = (error: Error): boolean => /Throttl|TooManyRequests|SlowDown/i.test(error.name);
