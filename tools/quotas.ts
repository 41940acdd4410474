// What a stack needs of an account's quotas at its busiest, from its configuration alone.
import type { StackConfig } from "../config";

/** One quota of AWS's Service Quotas, and what a stack needs of it. */
export interface Need {
  /** As Service Quotas names the service, for example `sagemaker`. */
  service: string;
  /** The quota's name there; in our words for the concurrency of serverless endpoints. */
  quota: string;
  /** At the busiest moment; the account's other uses come on top. */
  needed: number;
  /** What it is made up of. */
  because: string;
}

/** SageMaker keeps the old fleet until the new one has taken over. */
const FLEETS = 2;
/** Evaluation and baselines, which follow it, are a job of one instance each, and may overlap. */
const EVALUATION_JOBS = 2;

type Uses = Map<string, string[]>;

function use(uses: Uses, instanceType: string, count: number, what: string): void {
  uses.set(instanceType, [...(uses.get(instanceType) ?? []), ...Array<string>(count).fill(what)]);
}

/** Needs that follow from the configuration, the largest possible: everything that may run at once does. */
export function quotaNeeds(config: StackConfig): Need[] {
  const processing: Uses = new Map();
  use(processing, config.preprocess.instanceType, config.preprocess.instanceCount, "preprocessing");
  use(processing, config.evaluation.instanceType, EVALUATION_JOBS, "evaluation and baselines");
  if (config.source.type === "rds") use(processing, config.source.instanceType, 1, "reading the database");
  for (const kind of ["dataQuality", "modelQuality", "bias", "explainability"] as const) {
    const monitor = config.monitors[kind];
    if (monitor.enabled) use(processing, monitor.instanceType, monitor.instanceCount, `the ${kind} monitor`);
  }
  const training: Uses = new Map();
  use(training, config.training.instanceType, config.training.instanceCount, "training");
  const hosting: Uses = new Map();
  const transform: Uses = new Map();
  const { deployment } = config;
  if (!("serverless" in deployment)) {
    const { instanceType, maxCapacity } = deployment;
    const what = `the endpoint at maxCapacity ${maxCapacity}, twice while it is updated`;
    use(hosting, instanceType, maxCapacity * FLEETS, what);
    use(transform, deployment.checkInstanceType, 1, "the check of a new model before it gets traffic");
  }

  const needs = [
    ...sageMaker(processing, "processing job usage"),
    ...sageMaker(training, "training job usage"),
    ...sageMaker(hosting, "endpoint usage"),
    ...sageMaker(transform, "transform job usage"),
  ];
  if ("serverless" in deployment) {
    needs.push({
      service: "sagemaker",
      quota: "concurrency of all serverless endpoints together",
      needed: deployment.serverless.maxConcurrency,
      because: "deployment.serverless.maxConcurrency",
    });
  }
  const vcpus = config.ecs.cpu / 1024;
  needs.push({
    service: "fargate",
    quota: "Fargate On-Demand vCPU resource count",
    needed: vcpus,
    because: "the launcher's task",
  });
  needs.push({
    service: "lambda",
    quota: "Concurrent executions",
    needed: config.stream.maxConcurrency + config.api.burstLimit,
    because: `stream.maxConcurrency ${config.stream.maxConcurrency}, api.burstLimit ${config.api.burstLimit}`,
  });
  return needs;
}

function sageMaker(uses: Uses, usage: string): Need[] {
  return [...uses].map(([type, causes]) => ({
    service: "sagemaker",
    quota: `${type} for ${usage}`,
    needed: causes.length,
    because: [...new Set(causes)].join(", "),
  }));
}

/** Lines for a terminal. */
export function describeNeeds(stack: string, needs: readonly Need[]): string {
  const width = Math.max(...needs.map(({ service, quota }) => `${service}: ${quota}`.length));
  return [
    `Stack ${stack} needs, of each quota of its account and region, at the most:`,
    ...needs.map(({ service, quota, needed, because }) => {
      const name = `${service}: ${quota}`.padEnd(width);
      return `  ${name}  ${String(needed).padStart(5)}  (${because})`;
    }),
    "What the account has: aws service-quotas list-service-quotas --service-code sagemaker (fargate, lambda)",
  ].join("\n");
}
