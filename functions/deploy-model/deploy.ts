import { DescribePipelineExecutionCommand } from "@aws-sdk/client-sagemaker";
import { answer } from "../shared/callback";
import type { Deployment, Outcome, Request, RequestKind } from "../shared/deployment-records";
import { describeEndpoint, SERVING, unlessMissing } from "../shared/endpoint";
import { endpointConfig, settingsHash } from "../shared/endpoint-config";
import { modelOfConfig } from "../shared/served-model";
import { log } from "../shared/log";
import { inTransition } from "../shared/outcome";
import { finish, settleDeployment } from "../shared/settlement";
import { checkModel } from "./check";
import type { DeployClients, DeploySettings, Progress } from "./deploying";
import { settingsTurn, type Message } from "./logic";
import { putToSleep, start } from "./start";
import { targetOf } from "./target";

/** What becomes of a message: `done`, or it must `wait` for its turn. */
export type Disposition = "done" | "wait";

/**
 * Does what a message asks for, once its turn has come. Nothing here waits for SageMaker: checks end with a message,
 * deployments are settled by events. A message that comes twice, or again after the function was killed anywhere, goes
 * on where it stopped.
 */
export async function deploy(clients: DeployClients, settings: DeploySettings, message: Message): Promise<Disposition> {
  const { deployments } = clients;
  if (message.type === "request") {
    if (await deployments.enqueue(message.request)) log.info("deployment requested", { ...message.request });
  } else if (message.type === "stop") {
    await stop(clients, message.request);
  }
  for (;;) {
    const current = await deployments.current();
    if (current !== undefined && current.phase !== "settled") {
      if ((await proceed(clients, settings, current)) !== "settled") break;
    } else if ((await deployments.begin(new Date(), await admission(clients))) === undefined) {
      break;
    }
  }
  return dispositionOf(clients, message, await admission(clients));
}

/** Which kinds of requests may begin now; others wait, in their order. */
async function admission({ deployments }: DeployClients): Promise<(kind: RequestKind) => boolean> {
  const frozen = (await deployments.freeze())?.frozen === true;
  const idle = (await deployments.idle()) !== undefined;
  return (kind) => {
    // The schedule brings back what it took down, and no other model: nothing to keep from anybody.
    if (kind === "sleep" || kind === "wake") return true;
    // What a person asks for is deliberate: a freeze is how others are kept from undoing it.
    if (kind === "command") return true;
    return !frozen && (!idle || kind === "settings");
  };
}

/** Who asks is done once SageMaker has taken the change; who waits by a freeze is called when it is over. */
async function dispositionOf(
  { deployments }: DeployClients,
  message: Message,
  mayBegin: (kind: RequestKind) => boolean,
): Promise<Disposition> {
  const current = await deployments.current();
  const comingUp = current?.phase === "checking" || current?.phase === "starting";
  const due = (await deployments.queued(new Date())).filter(({ kind }) => mayBegin(kind));
  if (message.type !== "request") return comingUp || due.length > 0 ? "wait" : "done";
  const { id } = message.request;
  return (comingUp && current.id === id) || due.some((each) => each.id === id) ? "wait" : "done";
}

/** A pipeline that is being stopped waits for an answer; what is under way can't be called back and gets its own. */
async function stop({ sagemaker, deployments }: DeployClients, { id, token }: Request): Promise<void> {
  const outcome: Outcome = { succeeded: false, reason: "The pipeline was stopped before its deployment began." };
  const known = await deployments.request(id);
  if (known?.state === "running" || token === undefined) return;
  // Not known yet: its first message is to come, and will find that nobody waits any more.
  if (known?.state === "queued" && !(await deployments.cancel(id, outcome, new Date()))) return;
  await answer(sagemaker, token, outcome);
}

async function proceed(clients: DeployClients, settings: DeploySettings, current: Deployment): Promise<Progress> {
  if (current.phase === "started") {
    const settlement = await settleDeployment(clients, settings);
    return settlement === "waiting" ? "started" : "settled";
  }
  const ready = current.phase === "checking" ? await prepare(clients, settings, current) : current;
  return typeof ready === "string" ? ready : start(clients, settings, ready);
}

/** All that comes before the endpoint is touched: is it wanted, what is its model, and is that the evaluated one. */
async function prepare(
  clients: DeployClients,
  settings: DeploySettings,
  current: Deployment,
): Promise<Progress | Deployment> {
  const { sagemaker, deployments } = clients;
  const end = async (outcome: Outcome): Promise<Progress> => {
    await finish(clients, settings, current, outcome);
    return "settled";
  };
  if (!(await isWanted(clients, current))) {
    return end({ succeeded: false, reason: "The pipeline was stopped before its deployment began." });
  }
  if (current.kind === "settings" && current.settingsHash !== undefined) {
    const wanted = settingsTurn(current, settingsHash(settings.endpoint), new Date());
    if (wanted === "wait") return "wait";
    if (wanted === "over") {
      return end({
        succeeded: false,
        reason: "The stack's settings have changed again since: a later request has them.",
      });
    }
  }
  const endpoint = await describeEndpoint(sagemaker, current.endpointName);
  if (current.kind === "sleep" && endpoint !== undefined) return putToSleep(clients, settings, endpoint);
  const down = !SERVING.has(endpoint?.EndpointStatus ?? "");
  if (current.kind === "wake" && endpoint !== undefined && inTransition(endpoint) && down) return "wait";
  const live =
    endpoint?.EndpointConfigName === undefined || (current.kind === "wake" && down)
      ? undefined
      : await modelOfConfig(sagemaker, endpoint.EndpointConfigName);
  const target = await targetOf(clients, settings, current, live);
  if ("nothing" in target) return end({ succeeded: true, reason: target.nothing });
  if ("impossible" in target) return end({ succeeded: false, reason: target.impossible });
  const { modelName, modelPackageArn, known = false } = target;
  if (modelName !== live?.modelName && modelPackageArn !== undefined && !known) {
    const check = await checkModel(clients, settings, current, { modelName, modelPackageArn });
    if (check.state === "pending") return "wait";
    if (check.state === "failed") return end({ succeeded: false, reason: check.reason });
  }
  // Only what comes by itself listens first; a person's word makes a model live.
  const byItself = ["pipeline", "approval", "promotion"].includes(current.kind);
  const shadow =
    settings.endpoint.rollout.type === "shadow" && byItself && live !== undefined && live.modelName !== modelName;
  const served = shadow ? { modelName: live.modelName, shadowModelName: modelName } : { modelName };
  const next = await deployments.advance(current, {
    phase: "starting",
    modelName,
    ...(modelPackageArn === undefined ? {} : { modelPackageArn }),
    configName: endpointConfig(served, settings.endpoint, settings.tags).EndpointConfigName,
    servesAs: shadow ? "shadow" : "live",
  });
  // Another function is at it.
  return next ?? "wait";
}

/** Whether anybody still waits for the deployment. A pipeline that is being stopped waits for an answer to stop. */
async function isWanted({ sagemaker }: DeployClients, { pipelineExecutionArn }: Deployment): Promise<boolean> {
  if (pipelineExecutionArn === undefined) return true;
  const execution = await unlessMissing(
    sagemaker.send(new DescribePipelineExecutionCommand({ PipelineExecutionArn: pipelineExecutionArn })),
  );
  const status = execution?.PipelineExecutionStatus;
  if (status === "Executing") return true;
  log.info("deployment not wanted any more", { pipelineExecutionArn, status: status ?? "gone" });
  return false;
}
