import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { Context } from "aws-lambda";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { monitorKinds } from "../shared/monitors";
import { ReconcileMonitorsEnvironment } from "./env";
import { ReconcileEvent } from "./logic";
import { reconcileMonitors, type Reconciled } from "./reconcile";
import { removeMonitors } from "./remove";
import { tellOfJobless } from "./sweep";

const environment = readEnvironment(ReconcileMonitorsEnvironment);
const clients = { sagemaker: new SageMakerClient(), s3: new S3Client() };

const SETTINGS = {
  endpointName: environment.ENDPOINT_NAME,
  analyzerImageUri: environment.ANALYZER_IMAGE_URI,
  clarifyImageUri: environment.CLARIFY_IMAGE_URI,
  jobRoleArn: environment.JOB_ROLE_ARN,
  recordPreprocessorUri: environment.RECORD_PREPROCESSOR_URI,
  groundTruthUri: environment.GROUND_TRUTH_URI,
  inputUri: environment.INPUT_URI,
  outputUri: environment.OUTPUT_URI,
  kmsKeyArn: environment.KMS_KEY_ARN,
  labelMaturityHours: environment.LABEL_MATURITY_HOURS,
  modelInstanceType: environment.MODEL_INSTANCE_TYPE,
  modelEndpointPrefix: environment.MODEL_ENDPOINT_PREFIX,
  monitors: environment.MONITORS,
  network: environment.NETWORK,
  tags: environment.RESOURCE_TAGS,
};

/** Of the time that Lambda leaves, what is kept for saying what could not be done. */
const RESERVE_MILLISECONDS = 30_000;

/** Makes AWS's monitors what they are to be; when the stack goes, removes them. */
export async function handler(
  input: unknown,
  context: Pick<Context, "getRemainingTimeInMillis">,
): Promise<Partial<Reconciled>> {
  const event = decode(ReconcileEvent, input, "The event");
  const { endpointName } = SETTINGS;
  const deadline = performance.now() + Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MILLISECONDS);
  if ("tf" in event && event.tf.action === "delete") {
    const removed = await removeMonitors(clients.sagemaker, SETTINGS, deadline);
    log.info("monitors removed", { removed });
    return { removed };
  }
  if ("detail" in event && event.detail.EndpointName !== endpointName) return {};
  const reconciled = await reconcileMonitors(clients, SETTINGS, deadline);
  log.info("monitors reconciled", { ...reconciled });
  if ("sweep" in event) {
    const kinds = monitorKinds.filter((kind) => SETTINGS.monitors[kind] !== undefined);
    await tellOfJobless(clients.sagemaker, endpointName, kinds);
  }
  return reconciled;
}
