// What most components stand on, small.
import { Alerts } from "../../../components/alerts";
import { CanaryEndpoint, type CanaryEndpointArgs } from "../../../components/canary-endpoint";
import { ModelRegistry } from "../../../components/model-registry";
import { Storage } from "../../../components/storage";
import type { InstanceDeployment } from "../../../config/deployment";

export const RUN_TIME_TAGS = { project: "fraud", stack: "local", "fraud:endpoint": "Fraud-Scores" };

export const TASK_TAGS = { project: "fraud", stack: "local" };

export const DEPLOYMENT: InstanceDeployment = {
  endpointName: "Fraud-Scores",
  instanceType: "ml.m5.large",
  minCapacity: 2,
  maxCapacity: 4,
  rollout: { type: "canary", canaryPercent: 50, waitIntervalSeconds: 300 },
  timeoutSeconds: 3600,
  dataCapturePercent: 80,
  alarms: {
    periodSeconds: 60,
    evaluationPeriods: 2,
    serverErrorPercent: 1,
    latencyP99Milliseconds: 500,
    scoreShift: 0.1,
    minimumScores: 100,
  },
  autoscaling: { invocationsPerInstance: 1000, scaleInCooldownSeconds: 300, scaleOutCooldownSeconds: 60 },
  keepVersions: 5,
  checkInstanceType: "ml.m5.large",
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
      approval: "auto",
      pipelineName: "Fraud-Training",
      runTimeTags: RUN_TIME_TAGS,
      launcherTask: { family: "fraud-launcher", tags: TASK_TAGS },
      ...args,
    },
    options,
  );
}
