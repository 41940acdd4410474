import { either } from "fp-ts";
import { decodeStackConfig, describeErrors, type ConfigError, type StackConfig } from "../../config";

/** A group's keys and values, as YAML gives them. */
export type Raw = Readonly<Record<string, unknown>>;

/** The least that a stack must say. */
export const minimal: Readonly<Record<string, Raw>> = {
  global: { pipelineName: "fraud", baseJobNamePrefix: "fraud" },
  preprocess: { instanceType: "ml.m5.xlarge", trainRatio: 0.7, validationRatio: 0.2, testRatio: 0.1 },
  training: { instanceType: "ml.m5.xlarge" },
  evaluation: { instanceType: "ml.m5.large", rocAucMinThreshold: 0.93 },
  deployment: {
    endpointName: "fraud",
    instanceType: "ml.m5.large",
    minCapacity: 2,
    maxCapacity: 4,
    rollout: { type: "canary", canaryPercent: 50, waitIntervalSeconds: 300 },
  },
};

/** The minimal configuration with a group's keys changed; undefined leaves a key out. */
export function withGroup(group: string, changes: Raw): Readonly<Record<string, unknown>> {
  return { ...minimal, [group]: { ...minimal[group], ...changes } };
}

export function valid(raw: Readonly<Record<string, unknown>>): StackConfig {
  const decoded = decodeStackConfig(raw);
  if (either.isLeft(decoded)) throw new Error(describeErrors(decoded.left));
  return decoded.right;
}

export function errors(raw: Readonly<Record<string, unknown>>): ConfigError[] {
  const decoded = decodeStackConfig(raw);
  return either.isLeft(decoded) ? decoded.left : [];
}

export function errorPaths(raw: Readonly<Record<string, unknown>>): string[] {
  return errors(raw).map(({ path }) => path);
}
