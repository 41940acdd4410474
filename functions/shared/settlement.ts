import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  DescribeModelPackageCommand,
  SendPipelineExecutionStepFailureCommand,
  SendPipelineExecutionStepSuccessCommand,
  type DescribeEndpointCommandOutput,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import type { Deployment, Deployments, Outcome } from "./deployments";
import { describeEndpoint } from "./endpoint";
import { describeError, log } from "./log";
import type { ModelRegistry } from "./mlflow";

export interface SettlementClients {
  sagemaker: SageMakerClient;
  mlflow: Pick<ModelRegistry, "setAlias">;
  deployments: Deployments;
}

export type EndpointState = Pick<
  DescribeEndpointCommandOutput,
  "EndpointStatus" | "EndpointConfigName" | "FailureReason" | "PendingDeploymentSummary"
>;

const IN_TRANSITION = new Set(["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"]);

/** Whether SageMaker is changing the endpoint now. */
export const inTransition = ({ EndpointStatus }: EndpointState): boolean => IN_TRANSITION.has(EndpointStatus ?? "");

/**
 * How a started deployment ended, or undefined while it has not. Only a live config that is the wanted one is a
 * success: an update that was rolled back also ends `InService`.
 */
export function outcomeOf(endpoint: EndpointState | undefined, wantedConfig: string): Outcome | undefined {
  if (endpoint === undefined) return { succeeded: false, reason: "The endpoint was deleted during its deployment." };
  if (inTransition(endpoint)) return undefined;
  const { EndpointStatus: status, EndpointConfigName: live, FailureReason: failure } = endpoint;
  const because = failure === undefined ? "" : ` ${failure}`;
  if (status !== "InService")
    return { succeeded: false, reason: `The endpoint is ${status ?? "in no state"}.${because}` };
  if (live === wantedConfig) return { succeeded: true, reason: `${wantedConfig} is live.` };
  return { succeeded: false, reason: `The update was rolled back; ${live ?? "no config"} is live.${because}` };
}

/** What became of an attempt to settle: `nothing` pending, still `waiting`, `taken` by another, or `settled`. */
export type Settlement = "nothing" | "waiting" | "taken" | "settled";

/**
 * Settles the endpoint's deployment if SageMaker is through with it: moves the alias, answers the pipeline. Safe to
 * call for every event, again and at once from several functions: one of them does it.
 */
export async function settleDeployment(
  clients: SettlementClients,
  endpointName: string,
  modelName: string,
): Promise<Settlement> {
  const deployment = await clients.deployments.find(endpointName);
  if (deployment?.phase !== "started") return "nothing";
  const endpoint = await describeEndpoint(clients.sagemaker, endpointName);
  const outcome = outcomeOf(endpoint, deployment.configName);
  if (outcome === undefined) return "waiting";
  return (await finish(clients, deployment, outcome, modelName)) ? "settled" : "taken";
}

/**
 * Moves the alias on success, answers the pipeline and closes the record, in this order: each of the first two may be
 * done again by whoever takes over from a function that was killed between them.
 *
 * @returns false when another function is at it or has done it.
 */
export async function finish(
  clients: SettlementClients,
  deployment: Deployment,
  outcome: Outcome,
  modelName: string,
): Promise<boolean> {
  const { sagemaker, deployments } = clients;
  if (!(await takeTurn(deployments, deployment))) return false;
  try {
    if (outcome.succeeded) await moveChampion(clients, deployment, modelName);
    await answer(sagemaker, deployment.token, outcome, { endpointConfigName: deployment.configName });
    await deployments.settle(deployment, outcome, new Date());
  } catch (error) {
    await deployments.release(deployment);
    throw error;
  }
  const { endpointName, configName, modelPackageArn } = deployment;
  const fields = { endpointName, configName, modelPackageArn, reason: outcome.reason };
  if (outcome.succeeded) log.info("deployment succeeded", fields);
  else log.error("deployment failed", fields);
  return true;
}

/** Longer than a lease: if whoever holds it was killed, this function takes over. */
const TURN_MILLISECONDS = 40_000;
const POLL_MILLISECONDS = 500;

/** Waits for the right to settle; false once another function has settled. */
async function takeTurn(deployments: Deployments, { endpointName, token }: Deployment): Promise<boolean> {
  const deadline = performance.now() + TURN_MILLISECONDS;
  for (;;) {
    const current = await deployments.find(endpointName);
    if (current?.token !== token || current.phase === "settled") return false;
    if (await deployments.claim(current, new Date())) return true;
    if (performance.now() > deadline)
      throw new Error(`another function has been settling ${endpointName} for too long`);
    await delay(POLL_MILLISECONDS);
  }
}

/** SageMaker's limit on a step's failure reason. */
const REASON_CHARACTERS = 256;

/** Answers a callback step. A token that SageMaker no longer takes was answered before, or its pipeline has ended. */
export async function answer(
  sagemaker: SageMakerClient,
  token: string,
  outcome: Outcome,
  outputs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const common = { CallbackToken: token, ClientRequestToken: createHash("sha256").update(token).digest("hex") };
  const command = outcome.succeeded
    ? new SendPipelineExecutionStepSuccessCommand({
        ...common,
        OutputParameters: Object.entries(outputs).map(([Name, Value]) => ({ Name, Value })),
      })
    : new SendPipelineExecutionStepFailureCommand({ ...common, FailureReason: clip(outcome.reason) });
  try {
    await sagemaker.send(command);
  } catch (error) {
    if (!(error instanceof Error && ["ResourceNotFound", "ValidationException"].includes(error.name))) throw error;
    log.warn("callback not taken", describeError(error));
  }
}

const clip = (reason: string): string =>
  reason.length <= REASON_CHARACTERS ? reason : `${reason.slice(0, REASON_CHARACTERS - 1)}…`;

/** The package's metadata say which MLflow version it is. */
async function moveChampion(
  { sagemaker, mlflow }: SettlementClients,
  { modelPackageArn }: Deployment,
  modelName: string,
): Promise<void> {
  const { CustomerMetadataProperties: metadata } = await sagemaker.send(
    new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn }),
  );
  const version = metadata?.mlflowVersion;
  if (version === undefined) log.warn("package without an MLflow version: alias not moved", { modelPackageArn });
  else await mlflow.setAlias(modelName, "champion", version);
}
