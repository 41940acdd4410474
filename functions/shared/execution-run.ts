import type { ModelRegistry } from "./mlflow";

/** Tag of MLflow runs and versions: the execution that they belong to. */
export const EXECUTION_TAG = "execution_id";

/**
 * The MLflow run of an execution. Training opened it, unless MLflow was out of its reach: then it is made here.
 * @returns its id.
 */
export async function executionRun(
  mlflow: Pick<ModelRegistry, "ensureExperiment" | "ensureRun">,
  experimentName: string,
  executionId: string,
): Promise<string> {
  const experimentId = await mlflow.ensureExperiment(experimentName);
  const tag = { key: EXECUTION_TAG, value: executionId };
  return mlflow.ensureRun(experimentId, { name: executionId, startedAt: new Date(), tag, tags: {} });
}
