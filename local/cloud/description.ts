// What is known of a running cloud: `cloud.json` in its directory.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";

export const ACCOUNT_ID = "123456789012";

export const CloudDescription = t.type(
  {
    /** Marks every process of this cloud, as `LOCAL_CLOUD_ID` in its environment. */
    id: t.string,
    directory: t.string,
    supervisorPid: t.number,
    region: t.string,
    accountId: t.string,
    /** The local server: all of AWS. */
    awsEndpointUrl: t.string,
    /** MiniStack, to which the local server passes on what it does not answer itself. */
    emulatorUrl: t.string,
    mlflowUrl: t.string,
    startedAt: t.string,
  },
  "CloudDescription",
);
export type CloudDescription = t.TypeOf<typeof CloudDescription>;

const fileIn = (directory: string) => join(directory, "cloud.json");

export function writeDescription(description: CloudDescription): void {
  const file = fileIn(description.directory);
  writeFileSync(`${file}.part`, JSON.stringify(description, undefined, 2));
  renameSync(`${file}.part`, file);
}

/** @throws Error where the file is there and not what was written. */
export function readDescription(directory: string): CloudDescription | undefined {
  let text: string;
  try {
    text = readFileSync(fileIn(directory), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const decoded = CloudDescription.decode(JSON.parse(text));
  if (isLeft(decoded)) throw new Error(`${fileIn(directory)} does not describe a cloud: delete it.`);
  return decoded.right;
}

export function forgetDescription(directory: string): void {
  rmSync(fileIn(directory), { force: true });
}

/** Defaults of the SageMaker Python SDK, in the cloud's directory: see sdk-defaults.ts. */
export const sdkDefaultsFile = (cloud: CloudDescription) => join(cloud.directory, "sagemaker-sdk.yaml");

/** Variables that point any AWS SDK or CLI, and any MLflow client, at the cloud. */
export function environment(cloud: CloudDescription): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: cloud.awsEndpointUrl,
    AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW: cloud.mlflowUrl,
    AWS_REGION: cloud.region,
    AWS_DEFAULT_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_EC2_METADATA_DISABLED: "true",
    SAGEMAKER_USER_CONFIG_OVERRIDE: sdkDefaultsFile(cloud),
    MLFLOW_TRACKING_URI: cloud.mlflowUrl,
  };
}
