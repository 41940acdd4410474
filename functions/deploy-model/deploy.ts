import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  DeleteEndpointCommand,
  DescribePipelineExecutionCommand,
  UpdateEndpointCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import type { Deployment } from "../shared/deployments";
import { describeEndpoint, unlessMissing } from "../shared/endpoint";
import { log } from "../shared/log";
import type { Rollout } from "../shared/rollout";
import {
  answer,
  finish,
  inTransition,
  settleDeployment,
  type EndpointState,
  type SettlementClients,
} from "../shared/settlement";
import {
  deploymentConfig,
  endpointConfig,
  isRefusal,
  tagList,
  type CallbackMessage,
  type EndpointSettings,
} from "./logic";

export interface DeploySettings extends EndpointSettings {
  rollout: Rollout;
  timeoutSeconds: number;
  /** MLflow's name of the model. */
  registeredModelName: string;
}

/** What becomes of a message: `done`, or it must `wait` for its turn. */
export type Disposition = "done" | "wait";

/**
 * Starts the deployment that a callback message asks for. Nothing here waits for SageMaker: settlement answers the
 * message's token later. A message that comes twice, or again after the function was killed anywhere, goes on where it
 * stopped.
 */
export async function deploy(
  clients: SettlementClients,
  settings: DeploySettings,
  message: CallbackMessage,
): Promise<Disposition> {
  const { deployments } = clients;
  const { endpointName } = settings;
  const current = await deployments.find(endpointName);
  const pending = current?.phase === "settled" ? undefined : current;
  if (current?.token === message.token && current.phase === "settled") return "done";
  if (pending?.token === message.token) {
    // A started deployment cannot be called back: a stopped pipeline gets its answer when SageMaker is through.
    return pending.phase === "starting" ? start(clients, settings, pending) : settleNow(clients, settings);
  }
  if (!(await isWanted(clients, message))) return "done";
  if (pending !== undefined) {
    // The event that should have settled it may have been lost.
    await settleNow(clients, settings);
    return "wait";
  }
  const { modelName, modelPackageArn } = message.arguments;
  const deployment: Deployment = {
    endpointName,
    token: message.token,
    pipelineExecutionArn: message.pipelineExecutionArn,
    modelName,
    modelPackageArn,
    configName: endpointConfig(modelName, settings).EndpointConfigName ?? "",
    requestedAt: new Date().toISOString(),
    phase: "starting",
  };
  return (await deployments.begin(deployment)) ? start(clients, settings, deployment) : "wait";
}

/** Whether anybody still waits for the deployment. A pipeline that is being stopped waits for an answer to stop. */
async function isWanted({ sagemaker }: SettlementClients, message: CallbackMessage): Promise<boolean> {
  const { pipelineExecutionArn, token } = message;
  const execution = await unlessMissing(
    sagemaker.send(new DescribePipelineExecutionCommand({ PipelineExecutionArn: pipelineExecutionArn })),
  );
  const status = execution?.PipelineExecutionStatus;
  if (message.status !== "Stopping" && status === "Executing") return true;
  log.info("deployment not wanted any more", { pipelineExecutionArn, status: status ?? "gone" });
  await answer(sagemaker, token, { succeeded: false, reason: "The pipeline was stopped before its deployment began." });
  return false;
}

async function start(
  clients: SettlementClients,
  settings: DeploySettings,
  deployment: Deployment,
): Promise<Disposition> {
  const { sagemaker, deployments } = clients;
  let turn = turnOf(await describeEndpoint(sagemaker, deployment.endpointName), deployment.configName);
  if (turn === "create" || turn === "update") {
    try {
      await change(sagemaker, settings, deployment, turn);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (!isOvertaken(error)) return giveUp(clients, settings, deployment, `SageMaker refused it: ${error.message}`);
      turn = turnOf(await describeEndpoint(sagemaker, deployment.endpointName), deployment.configName);
      if (turn !== "leave") return giveBack(clients, deployment);
    }
  } else if (turn === "replace") {
    log.warn("deleting a failed endpoint", { endpointName: deployment.endpointName });
    await sagemaker.send(new DeleteEndpointCommand({ EndpointName: deployment.endpointName }));
    return giveBack(clients, deployment);
  } else if (turn === "wait") {
    return giveBack(clients, deployment);
  } else if (turn === "refuse") {
    return giveUp(clients, settings, deployment, "The endpoint's last rollback failed; delete the endpoint by hand.");
  }
  await deployments.markStarted(deployment);
  // It may be live already, by now or since long; its event may have come before the record said "started".
  const endpoint = await describeEndpoint(sagemaker, deployment.endpointName);
  return endpoint?.EndpointConfigName === deployment.configName ? settleNow(clients, settings) : "done";
}

/** What a deployment may do to an endpoint. */
export type Turn =
  | "create"
  | "update"
  /** The wanted config is live or on its way. */
  | "leave"
  /** It never came up, serves nothing and takes no update. */
  | "replace"
  /** Somebody else is changing it. */
  | "wait"
  /** It is beyond what an update can repair, yet may be serving. */
  | "refuse";

export function turnOf(endpoint: EndpointState | undefined, configName: string): Turn {
  if (endpoint === undefined) return "create";
  const { EndpointStatus: status, EndpointConfigName: live, PendingDeploymentSummary: pending } = endpoint;
  if (inTransition(endpoint)) {
    const onItsWay = status === "Creating" ? live : pending?.EndpointConfigName;
    return onItsWay === configName ? "leave" : "wait";
  }
  if (status === "Failed") return "replace";
  if (status === "UpdateRollbackFailed") return "refuse";
  return status === "InService" && live === configName ? "leave" : "update";
}

/** Another call was faster: a second delivery of the same message, or somebody's own change. */
const isOvertaken = ({ message }: Error): boolean => /in-progress|already existing endpoint "/i.test(message);

async function change(
  sagemaker: SageMakerClient,
  settings: DeploySettings,
  { endpointName, modelName, configName }: Deployment,
  turn: "create" | "update",
): Promise<void> {
  try {
    await sagemaker.send(new CreateEndpointConfigCommand(endpointConfig(modelName, settings)));
  } catch (error) {
    // Its name is its content: what is there is what is wanted.
    if (!(error instanceof Error && /already existing endpoint config/i.test(error.message))) throw error;
  }
  const names = { EndpointName: endpointName, EndpointConfigName: configName };
  if (turn === "create") {
    await sagemaker.send(new CreateEndpointCommand({ ...names, Tags: tagList(settings.tags) }));
  } else {
    await sagemaker.send(
      new UpdateEndpointCommand({
        ...names,
        // Keeps the instance count that autoscaling has reached; capture settings are the new config's.
        RetainAllVariantProperties: true,
        ExcludeRetainedVariantProperties: [{ VariantPropertyType: "DataCaptureConfig" }],
        DeploymentConfig: deploymentConfig(settings.rollout, settings.timeoutSeconds),
      }),
    );
  }
  log.info(turn === "create" ? "endpoint created" : "endpoint update started", { endpointName, configName });
}

async function giveBack({ deployments }: SettlementClients, deployment: Deployment): Promise<Disposition> {
  await deployments.abandon(deployment);
  return "wait";
}

async function giveUp(
  clients: SettlementClients,
  settings: DeploySettings,
  deployment: Deployment,
  reason: string,
): Promise<Disposition> {
  await finish(clients, deployment, { succeeded: false, reason }, settings.registeredModelName);
  return "done";
}

async function settleNow(clients: SettlementClients, settings: DeploySettings): Promise<Disposition> {
  await settleDeployment(clients, settings.endpointName, settings.registeredModelName);
  return "done";
}
