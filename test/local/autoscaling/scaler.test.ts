import { expect } from "chai";
import { ScalingActivities } from "../../../local/autoscaling/activities";
import { DIMENSION, SERVICE_NAMESPACE, type Scalable } from "../../../local/autoscaling/context";
import { Scaler } from "../../../local/autoscaling/scaler";
import type { Capacity } from "../../../local/autoscaling/variants";
import { Store } from "../../../local/server/store";

const scalable: Scalable = {
  ServiceNamespace: SERVICE_NAMESPACE,
  ScalableDimension: DIMENSION,
  ResourceId: "endpoint/fraud/variant/main",
};

/** A variant, its alarms and a clock, all in memory. */
function world(limits: { min: number; max: number; suspended?: boolean }) {
  const state = {
    now: 1_000,
    capacity: { instances: 2, changing: false } as Capacity | undefined,
    alarm: undefined as "high" | "low" | undefined,
    values: [] as number[],
    refused: undefined as Error | undefined,
  };
  const asked: number[] = [];
  const store = new Store(":memory:");
  const activities = new ScalingActivities({ store, region: "eu-west-1", accountId: "1", now: () => state.now });
  const target = {
    ...scalable,
    MinCapacity: limits.min,
    MaxCapacity: limits.max,
    RoleARN: "role",
    CreationTime: 0,
    SuspendedState: { DynamicScalingInSuspended: limits.suspended ?? false },
  };
  const policy = {
    ...scalable,
    PolicyName: "policy",
    PolicyARN: "arn",
    PolicyType: "TargetTrackingScaling",
    CreationTime: 0,
    TargetTrackingScalingPolicyConfiguration: { TargetValue: 100 },
    Alarms: ["high", "low"].map((AlarmName) => ({ AlarmName, AlarmARN: AlarmName })),
  };
  const answer = (command: object): object =>
    command.constructor.name === "DescribeAlarmsCommand"
      ? {
          MetricAlarms: ["high", "low"].map((AlarmName) => ({
            AlarmName,
            StateValue: AlarmName === state.alarm ? "ALARM" : "OK",
            Period: 60,
          })),
        }
      : { MetricDataResults: [{ Values: state.values }] };
  const scaler = new Scaler({
    targets: { all: () => [target] as never },
    policies: { of: () => [policy] as never },
    activities,
    variants: {
      capacity: () => Promise.resolve(state.capacity),
      scale: (_, instances) => {
        asked.push(instances);
        return state.refused ? Promise.reject(state.refused) : Promise.resolve();
      },
    },
    cloudwatch: { send: (command: object) => Promise.resolve(answer(command)) },
    now: () => state.now,
  });
  const told = () =>
    activities.operations
      .DescribeScalingActivities({ ServiceNamespace: SERVICE_NAMESPACE } as never)
      .then(({ ScalingActivities: all = [] }) => all);
  return { state, asked, scaler, told };
}

describe("the scaler", () => {
  it("gives what the policy wants within the limits, and says why and what became of it", async () => {
    const { state, asked, scaler, told } = world({ min: 1, max: 6 });
    Object.assign(state, { alarm: "high", values: [500] });
    await scaler.run();
    expect(asked).to.deep.equal([6]);
    const [begun] = await told();
    expect(begun).to.include({ StatusCode: "InProgress", Description: "Setting desired instance count to 6." });
    expect(begun?.Cause).to.equal("monitor alarm high in state ALARM triggered policy policy");
    // While it is under way nothing else is asked for.
    state.capacity = { instances: 2, changing: true };
    await scaler.run();
    state.capacity = { instances: 6, changing: false };
    await scaler.run();
    const [done] = await told();
    expect(done).to.include({ StatusCode: "Successful" });
    expect(done?.StatusMessage).to.match(/Change successfully fulfilled by sagemaker\.$/);
    await scaler.run();
    expect(asked).to.deep.equal([6]);
  });

  it("takes away what is too much, unless that is suspended", async () => {
    for (const suspended of [false, true]) {
      const { state, asked, scaler } = world({ min: 1, max: 6, suspended });
      Object.assign(state, { alarm: "low", values: [40], capacity: { instances: 5, changing: false } });
      await scaler.run();
      expect(asked).to.deep.equal(suspended ? [] : [2]);
    }
  });

  it("holds a variant to its limits whatever is measured", async () => {
    const { state, asked, scaler, told } = world({ min: 3, max: 4 });
    await scaler.run();
    expect((await told())[0]?.Cause).to.equal("minimum capacity was set to 3");
    state.capacity = { instances: 3, changing: false };
    await scaler.run();
    state.capacity = { instances: 9, changing: false };
    await scaler.run();
    expect(asked).to.deep.equal([3, 4]);
  });

  it("leaves an endpoint alone that is being deployed, or is not there", async () => {
    const { state, asked, scaler } = world({ min: 3, max: 4 });
    state.capacity = { instances: 2, changing: true };
    await scaler.run();
    state.capacity = undefined;
    await scaler.run();
    expect(asked).to.deep.equal([]);
  });

  it("says what was refused, and what did not come up", async () => {
    const { state, scaler, told } = world({ min: 3, max: 4 });
    state.refused = new Error("no");
    await scaler.run();
    expect((await told())[0]).to.include({ StatusCode: "Failed" });
    expect((await told())[0]?.StatusMessage).to.match(/Reason: no$/);
    state.refused = undefined;
    state.now += 1;
    await scaler.run();
    state.capacity = { instances: 2, changing: false, failure: "unhealthy" };
    await scaler.run();
    expect((await told())[0]?.StatusMessage).to.match(/Reason: unhealthy$/);
  });
});
