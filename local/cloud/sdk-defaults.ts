// The one thing that no variable tells the SageMaker Python SDK: it asks for the account, whose id is in the name of its
// default bucket, at an address of AWS that it makes up itself. A file of defaults spares it the question.
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { sdkDefaultsFile, type CloudDescription } from "./description";

/** Writes what `SAGEMAKER_USER_CONFIG_OVERRIDE` names: the default bucket, as AWS names it, and no telemetry. */
export function writeSdkDefaults(cloud: CloudDescription): void {
  const Modules = {
    TelemetryOptOut: true,
    Session: { DefaultS3Bucket: `sagemaker-${cloud.region}-${cloud.accountId}` },
  };
  writeFileSync(sdkDefaultsFile(cloud), stringify({ SchemaVersion: "1.0", SageMaker: { PythonSDK: { Modules } } }));
}
