import { DeleteEndpointConfigCommand, DeleteModelCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { RequestRecord } from "./deployment-records";
import type { Deployments } from "./deployments";
import { unlessMissing } from "./endpoint";
import { log } from "./log";

/** What to remove of what earlier deployments made. */
export interface Leftovers {
  configNames: string[];
  modelNames: string[];
  /** Requests that have nothing left then. */
  requestIds: string[];
}

/**
 * Of the requests (the latest first), the configs and models that are neither in use nor among the last `keep` that
 * were live, or the last `keep` that failed, which somebody may want to look at.
 *
 * @param inUse names of the live config and of the one that is under way
 */
export function leftovers(history: readonly RequestRecord[], keep: number, inUse: ReadonlySet<string>): Leftovers {
  const made = history.filter(({ configName, removedAt }) => configName !== undefined && removedAt === undefined);
  const lastOf = (succeeded: boolean): string[] => {
    const those = made.filter((request) => (request.succeeded === true) === succeeded);
    return [...new Set(those.flatMap(({ configName }) => configName ?? []))].slice(0, keep);
  };
  const kept = new Set([...inUse, ...lastOf(true), ...lastOf(false)]);
  const isKept = ({ configName = "" }: RequestRecord): boolean => kept.has(configName);
  const old = made.filter((request) => !isKept(request));
  const keptModels = new Set(made.filter(isKept).map(({ modelName }) => modelName));
  const modelNames = old.flatMap(({ modelName }) => modelName ?? []).filter((name) => !keptModels.has(name));
  return {
    configNames: [...new Set(old.flatMap(({ configName }) => configName ?? []))],
    modelNames: [...new Set(modelNames)],
    requestIds: old.map(({ id }) => id),
  };
}

/** Removes the configs and models that nobody will go back to. */
export async function removeLeftovers(
  sagemaker: SageMakerClient,
  deployments: Deployments,
  keep: number,
  inUse: ReadonlySet<string>,
): Promise<Leftovers> {
  const found = leftovers(await deployments.history(), keep, inUse);
  for (const EndpointConfigName of found.configNames) {
    await unlessMissing(sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName })));
  }
  for (const ModelName of found.modelNames) {
    await unlessMissing(sagemaker.send(new DeleteModelCommand({ ModelName })));
  }
  const now = new Date();
  for (const id of found.requestIds) await deployments.markRemoved(id, now);
  if (found.requestIds.length > 0) log.info("old versions removed", { ...found });
  return found;
}
