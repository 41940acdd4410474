import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { compareShadow } from "./compare";
import { CompareShadowEnvironment } from "./env";
import { CompareEvent, type ShadowRun } from "./logic";

const environment = readEnvironment(CompareShadowEnvironment);
const clients = {
  sagemaker: new SageMakerClient(),
  s3: new S3Client(),
  cloudwatch: new CloudWatchClient(),
  events: new EventBridgeClient(),
};
const settings = {
  endpointName: environment.ENDPOINT_NAME,
  variantName: environment.ENDPOINT_VARIANT_NAME,
  captureUri: environment.CAPTURE_URI,
  reportsUri: environment.REPORTS_URI,
};

/** Compares an endpoint's shadow with what was answered: by the clock, and whenever somebody asks. */
export async function handler(input: unknown): Promise<ShadowRun> {
  const event = decode(CompareEvent, input, "The comparison's event");
  const run = await compareShadow(clients, settings, event);
  log.info("shadow compared", { ...run });
  return run;
}
