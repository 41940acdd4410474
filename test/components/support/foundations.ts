// What most components stand on, small.
import { Alerts } from "../../../components/alerts";
import { CanaryEndpoint, type CanaryEndpointArgs } from "../../../components/canary-endpoint";
import { ModelRegistry } from "../../../components/model-registry";
import { Storage } from "../../../components/storage";

export const RUN_TIME_TAGS = { project: "fraud", stack: "local", "fraud:endpoint": "Fraud-Scores" };

export const TASK_TAGS = { project: "fraud", stack: "local" };

export const DEPLOYMENT: CanaryEndpointArgs["deployment"] = {
  endpointName: "Fraud-Scores",
  instanceType: "ml.m5.large",
  minCapacity: 2,
  maxCapacity: 4,
  rollout: { type: "canary", canaryPercent: 50, waitIntervalSeconds: 300 },
  timeoutSeconds: 3600,
  dataCapturePercent: 80,
};

export function foundations() {
  const storage = new Storage("storage");
  const alerts = new Alerts("alerts", { storage });
  const registry = new ModelRegistry("registry", { storage, groupName: "fraud", modelName: "fraud-model" });
  return { storage, alerts, registry };
}

export function endpointOn(
  base: ReturnType<typeof foundations>,
  args: Partial<CanaryEndpointArgs> = {},
  options?: ConstructorParameters<typeof CanaryEndpoint>[2],
): CanaryEndpoint {
  return new CanaryEndpoint(
    "endpoint",
    {
      ...base,
      deployment: DEPLOYMENT,
      pipelineName: "Fraud-Training",
      runTimeTags: RUN_TIME_TAGS,
      launcherTask: { family: "fraud-launcher", tags: TASK_TAGS },
      ...args,
    },
    options,
  );
}
