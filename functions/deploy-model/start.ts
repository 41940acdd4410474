import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  DeleteEndpointCommand,
  UpdateEndpointCommand,
} from "@aws-sdk/client-sagemaker";
import type { Deployment } from "../shared/deployment-records";
import { describeEndpoint } from "../shared/endpoint";
import { deploymentConfig, endpointConfig, tagList } from "../shared/endpoint-config";
import { modelOfConfig, type ServedModel } from "../shared/served-model";
import { log } from "../shared/log";
import { inTransition, type EndpointState } from "../shared/outcome";
import { putAlarms, rolloutAlarms } from "../shared/rollout-alarms";
import { deregisterScaling } from "../shared/scaling";
import { finish, settleDeployment } from "../shared/settlement";
import type { DeployClients, DeploySettings, Progress } from "./deploying";
import { isRefusal } from "./logic";

/** What a deployment may do to an endpoint. */
export type Turn =
  | "create"
  | "update"
  /** The wanted config is live or on its way. */
  | "leave"
  /** It takes no update: it never came up, or is of the other kind, serverless or on instances. */
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

/** Brings the endpoint to the deployment's config, as far as SageMaker goes on by itself. */
export async function start(
  clients: DeployClients,
  settings: DeploySettings,
  deployment: Deployment,
): Promise<Progress> {
  const { sagemaker, deployments } = clients;
  const { endpointName, modelName = "" } = deployment;
  const endpoint = await describeEndpoint(sagemaker, endpointName);
  const liveConfig = endpoint?.EndpointConfigName;
  const live = liveConfig === undefined ? undefined : await modelOfConfig(sagemaker, liveConfig);
  // The settings may have changed since the deployment was prepared: what is started is what is configured now.
  const aimed = await aim(clients, settings, deployment, live);
  if (aimed === undefined) return "wait";
  const { configName = "" } = aimed;
  let turn = turnOf(endpoint, configName);
  if (turn === "update" && live !== undefined && live.serverless !== "serverless" in settings.endpoint.capacity) {
    turn = "replace";
  }
  if (turn === "create" || turn === "update") {
    try {
      await change(clients, settings, aimed, turn, live);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (!isOvertaken(error)) return giveUp(clients, settings, aimed, `SageMaker refused it: ${error.message}`);
      if (turnOf(await describeEndpoint(sagemaker, endpointName), configName) !== "leave") return "wait";
    }
  } else if (turn === "replace") {
    log.warn("deleting the endpoint, which takes no update", { endpointName, modelName });
    await remove(clients, settings);
    return "wait";
  } else if (turn === "wait") {
    return "wait";
  } else if (turn === "refuse") {
    return giveUp(clients, settings, aimed, "The endpoint's last rollback failed; delete the endpoint by hand.");
  }
  await deployments.advance(aimed, { phase: "started" });
  // It may be live already, by now or since long; its event may have come before the record said "started".
  return (await settleDeployment(clients, settings)) === "waiting" ? "started" : "settled";
}

/** The deployment with the config that its models and the settings of now make; undefined when another is at it. */
async function aim(
  { deployments }: DeployClients,
  { endpoint, tags }: DeploySettings,
  deployment: Deployment,
  live: ServedModel | undefined,
): Promise<Deployment | undefined> {
  const { EndpointConfigName } = configOf(deployment, endpoint, tags, live);
  if (EndpointConfigName === deployment.configName) return deployment;
  return deployments.advance(deployment, { phase: "starting", configName: EndpointConfigName });
}

function configOf(
  { modelName = "", servesAs }: Deployment,
  endpoint: DeploySettings["endpoint"],
  tags: DeploySettings["tags"],
  live: ServedModel | undefined,
) {
  const served =
    servesAs === "shadow" && live !== undefined
      ? { modelName: live.modelName, shadowModelName: modelName }
      : { modelName };
  return endpointConfig(served, endpoint, tags);
}

/** Another call was faster: a second delivery of the same message, or somebody's own change. */
const isOvertaken = ({ message }: Error): boolean => /in-progress|already existing endpoint "/i.test(message);

async function change(
  { sagemaker, cloudwatch, autoscaling }: DeployClients,
  { endpoint, tags }: DeploySettings,
  deployment: Deployment,
  turn: "create" | "update",
  live: ServedModel | undefined,
): Promise<void> {
  const { endpointName, configName = "", modelPackageArn } = deployment;
  try {
    await sagemaker.send(new CreateEndpointConfigCommand(configOf(deployment, endpoint, tags, live)));
  } catch (error) {
    // Its name is its content: what is there is what is wanted.
    if (!(error instanceof Error && /already existing endpoint config/i.test(error.message))) throw error;
  }
  const names = { EndpointName: endpointName, EndpointConfigName: configName };
  if (turn === "create") {
    await sagemaker.send(new CreateEndpointCommand({ ...names, Tags: tagList(tags) }));
    log.info("endpoint created", { endpointName, configName });
    return;
  }
  const models = { newPackageArn: modelPackageArn ?? "", livePackageArn: live?.packageArn };
  const alarms = await putAlarms(cloudwatch, rolloutAlarms(configName, endpoint, models, tags));
  const serverless = "serverless" in endpoint.capacity;
  if ("instances" in endpoint.capacity && live?.instanceType !== endpoint.capacity.instances.instanceType) {
    // AWS refuses another instance type for a fleet that scales; it scales again once the deployment is settled.
    await deregisterScaling(autoscaling, endpoint);
  }
  await sagemaker.send(
    new UpdateEndpointCommand({
      ...names,
      ...(serverless
        ? {}
        : {
            // Keeps the instance count that autoscaling has reached; capture settings are the new config's.
            RetainAllVariantProperties: true,
            ExcludeRetainedVariantProperties: [{ VariantPropertyType: "DataCaptureConfig" as const }],
            DeploymentConfig: deploymentConfig(endpoint.rollout, endpoint.timeoutSeconds, alarms),
          }),
    }),
  );
  log.info("endpoint update started", { endpointName, configName, alarms });
}

async function giveUp(
  clients: DeployClients,
  settings: DeploySettings,
  deployment: Deployment,
  reason: string,
): Promise<Progress> {
  await finish(clients, settings, deployment, { succeeded: false, reason });
  return "settled";
}

/** Takes the endpoint down, by the idle schedule, and remembers what it comes back with; it is gone at a later look. */
export async function putToSleep(
  clients: DeployClients,
  settings: DeploySettings,
  endpoint: EndpointState,
): Promise<Progress> {
  if (!inTransition(endpoint)) {
    const { EndpointStatus: status, EndpointConfigName: configName } = endpoint;
    const live =
      status === "InService" && configName !== undefined
        ? await modelOfConfig(clients.sagemaker, configName)
        : undefined;
    // One that failed to come back must not make forgotten what is to come back.
    if (live !== undefined || (await clients.deployments.idle()) === undefined) {
      await clients.deployments.goIdle({
        since: new Date().toISOString(),
        ...(live === undefined || configName === undefined ? {} : { configName, modelName: live.modelName }),
        ...(live?.packageArn === undefined ? {} : { modelPackageArn: live.packageArn }),
      });
    }
    log.info("endpoint taken down by the idle schedule", { endpointName: settings.endpoint.endpointName });
    await remove(clients, settings);
  }
  return "wait";
}

async function remove({ sagemaker, autoscaling }: DeployClients, { endpoint }: DeploySettings): Promise<void> {
  await deregisterScaling(autoscaling, endpoint);
  await sagemaker.send(new DeleteEndpointCommand({ EndpointName: endpoint.endpointName }));
}
