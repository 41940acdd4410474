import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { Request, RequestKind } from "../shared/deployment-records";
import type { Deployments } from "../shared/deployments";
import { describeEndpoint } from "../shared/endpoint";
import { settingsHash } from "../shared/endpoint-config";
import type { EndpointSettings } from "../shared/endpoint-settings";
import { log } from "../shared/log";
import { modelOfConfig } from "../shared/served-model";
import { statusOf, type DeploymentStatus, type RequestEvent } from "./logic";

export interface RequestClients {
  sagemaker: SageMakerClient;
  deployments: Deployments;
  /** Calls deploy-model. */
  nudge: () => Promise<void>;
}

const END_OF_TIME = new Date("9999-12-31T23:59:59.999Z");

/**
 * Queues what an event asks for, and tells how things stand. Waits for nothing.
 *
 * @param id the same for the same event, however often it comes
 */
export async function requestDeployment(
  clients: RequestClients,
  settings: EndpointSettings,
  event: RequestEvent,
  id: string,
): Promise<DeploymentStatus> {
  for (const kind of await asked(clients, event)) await enqueue(clients, settings, kind, id);
  return status(clients, settings);
}

async function asked(clients: RequestClients, event: RequestEvent): Promise<RequestKind[]> {
  if ("read" in event) return [];
  if ("request" in event) return [event.request];
  if (event.tf.action === "delete") return [];
  // Nobody else would bring back what a schedule took down that is no more.
  if (!event.idle && (await clients.deployments.idle()) !== undefined) return ["wake"];
  const { endpoint, current } = await look(clients);
  const nothing = endpoint === undefined && (current === undefined || current.phase === "settled");
  if (nothing) log.info("no endpoint: the next deployment takes the settings", { settingsHash: event.settingsHash });
  return nothing ? [] : ["settings"];
}

async function enqueue(
  { deployments, nudge }: RequestClients,
  settings: EndpointSettings,
  kind: RequestKind,
  id: string,
): Promise<void> {
  const request: Request = {
    id: `${kind}-${id}`,
    kind,
    requestedAt: new Date().toISOString(),
    ...(kind === "settings" ? { settingsHash: settingsHash(settings) } : {}),
  };
  if (await deployments.enqueue(request)) log.info("deployment requested", { ...request });
  await nudge();
}

async function look({ sagemaker, deployments }: RequestClients) {
  // First what is remembered: what has ended by the second look was under way at the first, and is not told as ended.
  const current = await deployments.current();
  const endpoint = await describeEndpoint(sagemaker, deployments.endpointName);
  return { current, endpoint };
}

async function status(clients: RequestClients, settings: EndpointSettings): Promise<DeploymentStatus> {
  const { sagemaker, deployments } = clients;
  const waiting = (await deployments.queued(END_OF_TIME)).length;
  const { current, endpoint } = await look(clients);
  const configName = endpoint?.EndpointConfigName;
  return statusOf(settings, {
    endpoint,
    current,
    waiting,
    live: configName === undefined ? undefined : await modelOfConfig(sagemaker, configName),
    idle: await deployments.idle(),
    history: await deployments.history(),
  });
}
