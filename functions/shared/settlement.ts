import { setTimeout as delay } from "node:timers/promises";
import type { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import {
  DescribeModelPackageCommand,
  UpdateModelPackageCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { answer } from "./callback";
import type { Deployment, Outcome } from "./deployment-records";
import type { Deployments } from "./deployments";
import { describeEndpoint } from "./endpoint";
import type { EndpointSettings } from "./endpoint-settings";
import { describeError, log } from "./log";
import { maintain } from "./maintenance";
import type { ModelRegistry } from "./mlflow";
import { blamesAlarms, lacksCapacity, outcomeOf } from "./outcome";
import { firedAlarms, removeAlarms } from "./rollout-alarms";

export interface SettlementClients {
  sagemaker: SageMakerClient;
  cloudwatch: CloudWatchClient;
  autoscaling: ApplicationAutoScalingClient;
  mlflow: Pick<ModelRegistry, "setAlias">;
  deployments: Deployments;
}

export interface SettlementSettings {
  endpoint: EndpointSettings;
  /** MLflow's name of the model. */
  registeredModelName: string;
}

/** What became of an attempt to settle: `nothing` pending, still `waiting`, `taken` by another, or `settled`. */
export type Settlement = "nothing" | "waiting" | "taken" | "settled";

/** Tries of a deployment for which AWS has no instances, the first included. */
const CAPACITY_ATTEMPTS = 4;
const CAPACITY_RETRY_MILLISECONDS = 10 * 60_000;

/**
 * Settles the endpoint's deployment if SageMaker is through with it: moves the alias, answers whoever asked. Safe to
 * call for every event, again and at once from several functions: one of them does it.
 */
export async function settleDeployment(clients: SettlementClients, settings: SettlementSettings): Promise<Settlement> {
  const deployment = await clients.deployments.current();
  if (deployment?.phase !== "started") return "nothing";
  const endpoint = await describeEndpoint(clients.sagemaker, deployment.endpointName);
  const outcome = outcomeOf(endpoint, deployment.configName ?? "");
  if (outcome === undefined) return "waiting";
  return (await finish(clients, settings, deployment, outcome)) ? "settled" : "taken";
}

/**
 * Does what follows from the outcome, answers whoever asked and closes the record, in this order: all but the last may
 * be done again by whoever takes over from a function that was killed between them.
 *
 * @returns false when another function is at it or has done it.
 */
export async function finish(
  clients: SettlementClients,
  settings: SettlementSettings,
  deployment: Deployment,
  outcome: Outcome,
): Promise<boolean> {
  const { deployments } = clients;
  if (!(await takeTurn(deployments, deployment))) return false;
  let told: Outcome;
  try {
    told = await conclude(clients, settings, deployment, outcome);
  } catch (error) {
    await deployments.release(deployment);
    throw error;
  }
  const { endpointName, kind, configName = "", modelPackageArn = "" } = deployment;
  const fields = { endpointName, kind, configName, modelPackageArn, reason: told.reason };
  if (told.succeeded) log.info("deployment succeeded", fields);
  else log.error("deployment failed", fields);
  try {
    await maintain(clients, settings.endpoint);
  } catch (error) {
    // The sweep does it again: what follows a deployment must not keep its outcome from being told.
    log.error("endpoint not maintained", describeError(error));
  }
  return true;
}

/** @returns the outcome as it was told */
async function conclude(
  clients: SettlementClients,
  settings: SettlementSettings,
  deployment: Deployment,
  outcome: Outcome,
): Promise<Outcome> {
  const { sagemaker, cloudwatch, deployments } = clients;
  const { configName, token, attempt } = deployment;
  const now = new Date();
  let told = outcome;
  if (outcome.succeeded) {
    // Where there was nothing to do, nothing has become live.
    if (configName !== undefined) await moveAlias(clients, deployment, settings);
    if (configName !== undefined || deployment.kind === "wake") await deployments.endIdle();
  } else if (lacksCapacity(outcome.reason) && attempt < CAPACITY_ATTEMPTS) {
    if (configName !== undefined) await removeAlarms(cloudwatch, configName);
    const notBefore = new Date(now.getTime() + CAPACITY_RETRY_MILLISECONDS);
    const reason = `${outcome.reason} It is tried again after ${notBefore.toISOString()}.`;
    await deployments.retry(deployment, { succeeded: false, reason }, now, notBefore);
    return { succeeded: false, reason };
  } else if (configName !== undefined && deployment.phase === "started") {
    const fired = await firedAlarms(cloudwatch, configName, new Date(deployment.begunAt));
    if (fired.length > 0) told = { ...outcome, reason: `Alarms fired (${fired.join(", ")}). ${outcome.reason}` };
    if (fired.length > 0 || blamesAlarms(outcome.reason)) await reject(sagemaker, deployment, told.reason);
  }
  if (configName !== undefined) await removeAlarms(cloudwatch, configName);
  if (token !== undefined) await answer(sagemaker, token, told, { endpointConfigName: configName ?? "" });
  await deployments.settle(deployment, told, now);
  return told;
}

/** Longer than a lease: if whoever holds it was killed, this function takes over. */
const TURN_MILLISECONDS = 40_000;
const POLL_MILLISECONDS = 500;

/** Waits for the right to settle; false once another function has settled. */
async function takeTurn(deployments: Deployments, { endpointName, id, attempt }: Deployment): Promise<boolean> {
  const deadline = performance.now() + TURN_MILLISECONDS;
  for (;;) {
    const current = await deployments.current();
    if (current?.id !== id || current.attempt !== attempt || current.phase === "settled") return false;
    if (await deployments.claim(current, new Date())) return true;
    if (performance.now() > deadline)
      throw new Error(`another function has been settling ${endpointName} for too long`);
    await delay(POLL_MILLISECONDS);
  }
}

/** SageMaker's limit on the description of an approval. */
const DESCRIPTION_CHARACTERS = 1024;

/** A package that alarms rolled back must not be deployed again by itself. What serves already is not rejected. */
async function reject(
  sagemaker: SageMakerClient,
  { kind, modelPackageArn }: Deployment,
  reason: string,
): Promise<void> {
  if (kind === "settings" || modelPackageArn === undefined) return;
  await sagemaker.send(
    new UpdateModelPackageCommand({
      ModelPackageArn: modelPackageArn,
      ModelApprovalStatus: "Rejected",
      ApprovalDescription: reason.slice(0, DESCRIPTION_CHARACTERS),
    }),
  );
  log.warn("package rejected", { modelPackageArn, reason });
}

/** The package's metadata say which MLflow version it is: the `champion`, or the `shadow` that nobody is served by. */
async function moveAlias(
  { sagemaker, mlflow }: SettlementClients,
  { modelPackageArn, servesAs = "live" }: Deployment,
  { registeredModelName }: SettlementSettings,
): Promise<void> {
  if (modelPackageArn === undefined) return;
  const { CustomerMetadataProperties: metadata } = await sagemaker.send(
    new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn }),
  );
  const version = metadata?.mlflowVersion;
  if (version === undefined) log.warn("package without an MLflow version: alias not moved", { modelPackageArn });
  else await mlflow.setAlias(registeredModelName, servesAs === "live" ? "champion" : "shadow", version);
}
