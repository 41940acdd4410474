import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { putMetrics } from "../shared/metrics";
import { monitorDimensions, monitorMetrics } from "../shared/monitors";
import { RunMonitorEnvironment } from "./env";
import { RunMonitorEvent, type MonitorRun } from "./logic";
import { runMonitor } from "./run";

const environment = readEnvironment(RunMonitorEnvironment);
const clients = { s3: new S3Client(), sagemaker: new SageMakerClient() };

/** Starts a monitor's job on the traffic of a period, or says why there is nothing to do. */
export async function handler(input: unknown): Promise<MonitorRun> {
  const event = decode(RunMonitorEvent, input, "The monitor's event");
  const run = await runMonitor(clients, SETTINGS, event);
  log.info("monitor run", { ...run });
  const { endpointName } = SETTINGS;
  // A job's own end is its heartbeat; where there is none, this is.
  if (run.outcome !== "started") {
    putMetrics(monitorDimensions(endpointName, run.monitor), {
      [monitorMetrics.heartbeat]: 1,
      ...(run.outcome === "empty" ? { [monitorMetrics.empty]: 1 } : {}),
    });
  }
  return run;
}

const SETTINGS = {
  endpointName: environment.ENDPOINT_NAME,
  variantName: environment.ENDPOINT_VARIANT_NAME,
  namePrefix: environment.JOB_NAME_PREFIX,
  roleArn: environment.JOB_ROLE_ARN,
  imageUri: environment.IMAGE_URI,
  codeUri: environment.CODE_URI,
  wheelsUri: environment.WHEELS_URI,
  captureUri: environment.CAPTURE_URI,
  groundTruthUri: environment.GROUND_TRUTH_URI,
  inputUri: environment.INPUT_URI,
  outputUri: environment.OUTPUT_URI,
  kmsKeyArn: environment.KMS_KEY_ARN,
  labelMaturityHours: environment.LABEL_MATURITY_HOURS,
  monitors: environment.MONITORS,
  network: environment.NETWORK,
  tags: environment.RESOURCE_TAGS,
};
