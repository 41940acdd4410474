import { expect } from "chai";
import fc from "fast-check";
import {
  checkDeployment,
  instancesOf,
  stepInstances,
  stepsOf,
} from "../../../local/sagemaker/endpoints/deployment-config";
import type { FleetPlan } from "../../../local/sagemaker/endpoints/fleet-plan";
import { RollbackError, rollOut, type RolloutActions } from "../../../local/sagemaker/endpoints/rollout";

const plan = (instanceCount: number, serverless = false): FleetPlan => ({
  endpointName: "endpoint",
  configName: "config",
  shadows: [],
  variants: [
    {
      variantName: "main",
      weight: 1,
      instanceCount,
      startupSeconds: 60,
      routing: "RANDOM",
      container: { image: "image", framework: "sagemaker-xgboost", compressed: true, environment: {} },
      ...(serverless ? { serverless: { MemorySizeInMB: 1024, MaxConcurrency: 1 } } : {}),
    },
  ],
});

type Config = NonNullable<Parameters<typeof stepsOf>[0]>;
type Routing = NonNullable<Config["BlueGreenUpdatePolicy"]>["TrafficRoutingConfiguration"];
const blueGreen = (routing: Partial<Routing>, more: object = {}): Config => ({
  BlueGreenUpdatePolicy: {
    TrafficRoutingConfiguration: { Type: "ALL_AT_ONCE", WaitIntervalInSeconds: 0, ...routing },
    ...more,
  },
});
const percent = (Value: number) => ({ Type: "CAPACITY_PERCENT" as const, Value });
const count = (Value: number) => ({ Type: "INSTANCE_COUNT" as const, Value });

describe("the steps of a deployment", () => {
  it("are one without a policy, two for a canary, and as many as it takes for a linear one", () => {
    expect(stepsOf(undefined, 3)).to.deep.equal([{ share: 1, capacity: "full", bakes: [] }]);
    const wait = { setting: "WaitIntervalInSeconds", seconds: 60 };
    const termination = { setting: "TerminationWaitInSeconds", seconds: 5 };
    const canary = blueGreen(
      { Type: "CANARY", WaitIntervalInSeconds: 60, CanarySize: percent(10) },
      { TerminationWaitInSeconds: 5 },
    );
    expect(stepsOf(canary, 2)).to.deep.equal([
      { share: 0.1, capacity: "canary", bakes: [wait] },
      { share: 1, capacity: "full", bakes: [wait, termination] },
    ]);
    const shares = (config: Config, instances: number) => stepsOf(config, instances).map(({ share }) => share);
    expect(shares(blueGreen({ Type: "CANARY", CanarySize: count(1) }), 4)).to.deep.equal([0.25, 1]);
    expect(shares(blueGreen({ Type: "LINEAR", LinearStepSize: percent(25) }), 4)).to.deep.equal([0.25, 0.5, 0.75, 1]);
    expect(shares(blueGreen({ Type: "LINEAR", LinearStepSize: percent(40) }), 5)).to.deep.equal([0.4, 0.8, 1]);
    expect(shares(blueGreen({ Type: "LINEAR", LinearStepSize: count(1) }), 3).length).to.equal(3);
  });

  it("run whole instances, never fewer than before, one at least and all at the end", () => {
    const size = fc.oneof(
      fc.record({ type: fc.constant("CANARY" as const), value: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ type: fc.constant("LINEAR" as const), value: fc.integer({ min: 10, max: 50 }) }),
    );
    fc.assert(
      fc.property(size, fc.integer({ min: 2, max: 40 }), ({ type, value }, instances) => {
        const sized = type === "CANARY" ? { CanarySize: percent(value) } : { LinearStepSize: percent(value) };
        const config = blueGreen({ Type: type, ...sized });
        checkDeployment(config, plan(instances));
        const steps = stepsOf(config, instances);
        const counts = steps.map((step) => stepInstances(step, instances));
        expect(counts[0]).to.be.within(1, instances / 2);
        expect(counts).to.deep.equal([...counts].sort((one, other) => one - other));
        expect(counts.at(-1)).to.equal(instances);
        expect(steps.at(-1)?.share).to.equal(1);
        const rises = steps.map(({ share }, index) => share - (steps[index - 1]?.share ?? 0));
        for (const rise of rises) expect(rise).to.be.greaterThan(0);
      }),
    );
  });

  it("are held to SageMaker's limits", () => {
    const refusal = (config: object, fleet = plan(4)): string => {
      try {
        checkDeployment(config, fleet);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    const canary = (size: object) => blueGreen({ Type: "CANARY", CanarySize: size as never });
    const linear = (size: object) => blueGreen({ Type: "LINEAR", LinearStepSize: size as never });
    expect(refusal(canary(percent(50)))).to.equal("");
    expect(refusal(canary(percent(51)))).to.match(/^CanarySize must be less than or equal to 50% .*51/);
    expect(refusal(canary(count(2)))).to.equal("");
    expect(refusal(canary(count(3)))).to.match(/3 \(INSTANCE_COUNT\) is 75% of variant main/);
    expect(refusal(canary(percent(10)), plan(1))).to.match(/variant main has 1 instance/);
    expect(refusal(linear(percent(10)))).to.equal("");
    expect(refusal(linear(percent(9)))).to.match(/^LinearStepSize must be 10-50%/);
    expect(refusal(blueGreen({ Type: "CANARY" }))).to.match(/^CanarySize is required/);
    expect(refusal({ RollingUpdatePolicy: {} })).to.match(/RollingUpdatePolicy is not known/);
    expect(refusal(canary(percent(10)), plan(1, true))).to.match(/not supported for serverless/);
    expect(refusal(blueGreen({}), plan(1, true))).to.equal("");
    const waits = { Type: "CANARY" as const, CanarySize: percent(10), WaitIntervalInSeconds: 250 };
    const limits = { MaximumExecutionTimeoutInSeconds: 600, TerminationWaitInSeconds: 100 };
    expect(refusal(blueGreen(waits, limits))).to.match(
      /MaximumExecutionTimeoutInSeconds 600 must be larger .* 600 sec/,
    );
    expect(refusal(blueGreen(waits, { ...limits, TerminationWaitInSeconds: 99 }))).to.equal("");
  });

  it("count the instances of all variants", () => {
    const two = plan(2);
    expect(instancesOf({ ...two, variants: [...two.variants, ...two.variants] })).to.equal(4);
  });
});

/** A rollout in a time of its own: what it did and when, until `trouble` is there. */
async function played(
  config: Config,
  options: { from?: number; deadline?: number; troubleAt?: number; provideSeconds?: number; refuse?: Error } = {},
): Promise<{ log: string[]; error?: Error }> {
  const log: string[] = [];
  let time = 0;
  const wakes: { at: number; wake: () => void }[] = [];
  const sleep = (seconds: number) => new Promise<void>((wake) => wakes.push({ at: time + seconds, wake }));
  const actions: RolloutActions = {
    provide: async (step) => {
      log.push(`${time} provide ${step}`);
      await sleep(options.provideSeconds ?? 1);
      if (options.refuse) throw options.refuse;
    },
    route: (share) => log.push(`${time} route ${share}`),
    report: ({ step, status, bake }) => log.push(`${time} ${step} ${status}${bake ? ` ${bake.seconds}` : ""}`),
    trouble: () => Promise.resolve(time >= (options.troubleAt ?? Infinity) ? "alarm" : undefined),
    now: () => time,
    sleep,
  };
  let ended = false;
  let error: Error | undefined;
  const run = rollOut(stepsOf(config, 4), options.from ?? 0, options.deadline ?? 10_000, actions)
    .catch((reason: unknown) => (error = reason as Error))
    .finally(() => (ended = true));
  while (!ended) {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    wakes.sort((one, other) => one.at - other.at);
    const next = wakes.shift();
    if (!next) continue;
    time = next.at;
    next.wake();
  }
  await run;
  return { log, ...(error ? { error } : {}) };
}

const CANARY = blueGreen(
  { Type: "CANARY", WaitIntervalInSeconds: 30, CanarySize: percent(25) },
  { TerminationWaitInSeconds: 10 },
);

describe("a rollout", () => {
  it("goes from step to step and bakes after each", async () => {
    const { log, error } = await played(CANARY);
    expect(error).to.equal(undefined);
    expect(log).to.deep.equal([
      ...["0 0 Creating", "0 provide 0", "1 0 ActivatingTraffic", "1 route 0.25", "1 0 Baking 30"],
      ...["31 1 Updating", "31 provide 1", "32 1 ActivatingTraffic", "32 route 1", "32 1 Baking 30", "62 1 Baking 10"],
    ]);
  });

  it("begins anew with the step in which it was left", async () => {
    const { log } = await played(CANARY, { from: 1 });
    expect(log.slice(0, 4)).to.deep.equal(["0 1 Creating", "0 provide 1", "1 1 ActivatingTraffic", "1 route 1"]);
  });

  it("ends within a second of trouble, whatever it is at, and routes nothing more", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 71.5, noNaN: true }), async (troubleAt) => {
        const { log, error } = await played(CANARY, { troubleAt });
        expect(error).to.be.instanceOf(RollbackError);
        expect(error?.message).to.equal("alarm");
        const times = log.map((line) => Number(line.split(" ")[0]));
        for (const time of times) expect(time).to.be.at.most(troubleAt + 0.5);
        if (troubleAt === 0) expect(log).to.deep.equal([]);
      }),
      { numRuns: 40 },
    );
  });

  it("ends when its time is up, also while instances start", async () => {
    const { log, error } = await played(CANARY, { deadline: 20, provideSeconds: 500 });
    expect(error?.message).to.match(/longer than its maximum execution time/);
    expect(log).to.deep.equal(["0 0 Creating", "0 provide 0"]);
    expect((await played(CANARY, { deadline: 50 })).error).to.be.instanceOf(RollbackError);
    expect((await played(CANARY, { deadline: 73 })).error).to.equal(undefined);
  });

  it("passes on why instances do not start", async () => {
    const { log, error } = await played(CANARY, { refuse: new Error("unhealthy") });
    expect(error).not.to.be.instanceOf(RollbackError);
    expect(error?.message).to.equal("unhealthy");
    expect(log.some((line) => line.includes("route"))).to.equal(false);
  });
});
