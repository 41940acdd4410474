import * as t from "io-ts";
import type { Deployment, RequestRecord } from "../shared/deployment-records";
import { endpointConfig } from "../shared/endpoint-config";
import type { EndpointSettings } from "../shared/endpoint-settings";
import type { Idle } from "../shared/idle";
import { inTransition, type EndpointState } from "../shared/outcome";
import type { ServedModel } from "../shared/served-model";

/** `aws.lambda.Invocation`, when a stack's settings are new or have changed. */
const SettingsEvent = t.type(
  {
    /** Of the endpoint's settings: changes with each of them. */
    settingsHash: t.string,
    /** Whether a schedule takes the endpoint down. */
    idle: t.boolean,
    tf: t.type({ action: t.keyof({ create: null, update: null, delete: null }) }),
  },
  "SettingsEvent",
);

/** The idle schedule's call, or a person's: down, up, or what is configured once more. */
const AskEvent = t.type({ request: t.keyof({ sleep: null, wake: null, settings: null }) }, "AskEvent");

/** Asks for nothing. */
const StatusEvent = t.type({ read: t.literal("status") }, "StatusEvent");

export const RequestEvent = t.union([SettingsEvent, AskEvent, StatusEvent], "RequestEvent");
export type RequestEvent = t.TypeOf<typeof RequestEvent>;

/** Whether what a stack configures is what serves. */
export interface DeploymentStatus {
  /**
   * `none`: nothing was ever deployed. `pending`: a deployment is under way or waits. `live`: the endpoint serves its
   * model with the stack's settings. `rolledBack`: it serves with earlier ones, because those of the stack failed.
   * `idle`: a schedule has taken it down.
   */
  status: "none" | "pending" | "live" | "rolledBack" | "idle";
  /** A sentence for people. */
  reason: string;
}

/** What there is to know, as the services tell it. */
export interface Known {
  endpoint: EndpointState | undefined;
  /** What the live endpoint config serves. */
  live: ServedModel | undefined;
  current: Deployment | undefined;
  /** Requests that wait, those for later included. */
  waiting: number;
  idle: Idle | undefined;
  /** Settled requests, the latest first. */
  history: readonly RequestRecord[];
}

/** The truth about the endpoint, whatever the last request's outcome says. */
export function statusOf(settings: EndpointSettings, known: Known): DeploymentStatus {
  const { endpoint, live, current, waiting, idle, history } = known;
  if (idle !== undefined && endpoint === undefined) {
    return { status: "idle", reason: `The schedule took the endpoint down at ${idle.since}.` };
  }
  const underWay = current !== undefined && current.phase !== "settled";
  if (underWay || (endpoint !== undefined && inTransition(endpoint))) {
    return { status: "pending", reason: `A deployment (${current?.kind ?? "unknown"}) is under way.` };
  }
  if (waiting > 0) return { status: "pending", reason: "A deployment waits its turn." };
  const { EndpointStatus: status, EndpointConfigName: configName, FailureReason: failure = "" } = endpoint ?? {};
  if (configName === undefined) {
    return { status: "none", reason: "No model has been deployed yet: the first one takes the settings." };
  }
  const wanted = live && endpointConfig(servedBy(live), settings, {}).EndpointConfigName;
  if (status === "InService" && configName === wanted) return { status: "live", reason: `${configName} is live.` };
  const failed = history.find((request) => request.succeeded === false && request.configName === wanted);
  if (failed !== undefined) {
    return { status: "rolledBack", reason: `${configName} is live. ${failed.reason ?? ""}`.trimEnd() };
  }
  if (status !== "InService")
    return { status: "rolledBack", reason: `The endpoint is ${status}. ${failure}`.trimEnd() };
  return { status: "pending", reason: `${configName} is live; the next deployment takes the stack's settings.` };
}

function servedBy({ modelName, shadowModelName }: ServedModel) {
  return shadowModelName === undefined ? { modelName } : { modelName, shadowModelName };
}
