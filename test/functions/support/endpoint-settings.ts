import type { EndpointSettings, Instances } from "../../../functions/shared/endpoint-settings";

export const onInstances = (changed: Partial<Instances>): EndpointSettings["capacity"] => ({
  instances: {
    instanceType: "ml.m5.large",
    minCapacity: 1,
    maxCapacity: 2,
    invocationsPerInstance: 1000,
    scaleInCooldownSeconds: 300,
    scaleOutCooldownSeconds: 60,
    ...changed,
  },
});

/** One instance, all at once, no bake; alarms that fire after ten seconds where there is one. */
export const ENDPOINT_SETTINGS: EndpointSettings = {
  endpointName: "fraud-endpoint",
  variantName: "live",
  capacity: onInstances({}),
  rollout: { type: "all-at-once" },
  timeoutSeconds: 600,
  alarms: {
    periodSeconds: 10,
    evaluationPeriods: 1,
    serverErrorPercent: 1,
    latencyP99Milliseconds: 500,
    scoreShift: 0.1,
    minimumScores: 10,
  },
  keepVersions: 5,
};
