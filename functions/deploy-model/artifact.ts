import type { S3Client } from "@aws-sdk/client-s3";
import { DescribeModelCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import { unlessMissing } from "../shared/endpoint";
import { log } from "../shared/log";
import { isMissingObject, sha256Of } from "../shared/objects";

/** SHA-256 of the archive that a model must have, in hexadecimal; undefined where nobody recorded it. */
export interface KnownDigests {
  /** When its package was registered. */
  registered: string | undefined;
  /** When it was evaluated. */
  evaluated?: string;
}

/** Why a model's archive is not, byte for byte, the one that was evaluated and registered; undefined when it is. */
export async function wrongArtifact(
  { sagemaker, s3 }: { sagemaker: SageMakerClient; s3: S3Client },
  modelName: string,
  { registered, evaluated }: KnownDigests,
): Promise<string | undefined> {
  const model = await unlessMissing(sagemaker.send(new DescribeModelCommand({ ModelName: modelName })));
  const artifact = model?.PrimaryContainer?.ModelDataUrl;
  if (artifact === undefined) return `There is no model ${modelName} with an artifact.`;
  if (registered === undefined && evaluated === undefined) {
    log.warn("package without a digest: artifact not checked", { modelName, artifact });
    return undefined;
  }
  let digest: string;
  try {
    digest = await sha256Of(s3, artifact);
  } catch (error) {
    if (!isMissingObject(error)) throw error;
    return `The artifact ${artifact} can't be read: ${error.message}`;
  }
  for (const [what, wanted] of [
    ["evaluated", evaluated],
    ["registered", registered],
  ]) {
    if (wanted !== undefined && wanted !== digest) {
      return `The artifact ${artifact} is not the one that was ${what}: its SHA-256 is ${digest}, not ${wanted}.`;
    }
  }
  return undefined;
}
