import { expect } from "chai";
import fc from "fast-check";
import { desiredBy, type Observation } from "../../../local/autoscaling/target-tracking";

const config = { TargetValue: 100, ScaleInCooldown: 300, ScaleOutCooldown: 60 };
const seen = (observation: Partial<Observation>): Observation => ({
  current: 2,
  high: false,
  low: false,
  values: [],
  lastOut: undefined,
  lastIn: undefined,
  now: 1_000,
  ...observation,
});

describe("a target tracking policy", () => {
  it("wants instances in proportion to its metric once an alarm is on", () => {
    expect(desiredBy(config, seen({ values: [400] }))).to.equal(2);
    expect(desiredBy(config, seen({ high: true, values: [150, 200, 180] }))).to.equal(4);
    expect(desiredBy(config, seen({ high: true, values: [101] }))).to.equal(3);
    expect(desiredBy(config, seen({ current: 8, low: true, values: [20, 30, 10] }))).to.equal(3);
    expect(desiredBy(config, seen({ low: true, values: [0, 0] }))).to.equal(1);
    expect(desiredBy(config, seen({ high: true, values: [] }))).to.equal(2);
  });

  it("counts what cools down as brought already", () => {
    const lastOut = { from: 2, to: 4, at: 970 };
    expect(desiredBy(config, seen({ current: 4, high: true, values: [200], lastOut }))).to.equal(4);
    expect(desiredBy(config, seen({ current: 4, high: true, values: [350], lastOut }))).to.equal(7);
    expect(desiredBy(config, seen({ current: 4, high: true, values: [200], lastOut, now: 1_031 }))).to.equal(8);
  });

  it("takes instances away only after its cooldown, and not at all where it is told not to", () => {
    const lastIn = { from: 8, to: 4, at: 800 };
    expect(desiredBy(config, seen({ current: 4, low: true, values: [10], lastIn }))).to.equal(4);
    expect(desiredBy(config, seen({ current: 4, low: true, values: [10], lastIn, now: 1_100 }))).to.equal(1);
    expect(desiredBy({ ...config, DisableScaleIn: true }, seen({ low: true, values: [10] }))).to.equal(2);
    // More are given at once, whatever was taken away last.
    expect(desiredBy(config, seen({ current: 4, high: true, values: [150], lastIn }))).to.equal(6);
  });

  it("waits the 300 s of SageMaker's variants when it does not say how long", () => {
    const { TargetValue } = config;
    const lastIn = { from: 8, to: 4, at: 701 };
    expect(desiredBy({ TargetValue }, seen({ current: 4, low: true, values: [10], lastIn }))).to.equal(4);
    expect(desiredBy({ TargetValue }, seen({ current: 4, low: true, values: [10], lastIn, now: 1_001 }))).to.equal(1);
  });

  it("brings the metric to the target or below, with no instance more than that takes", () => {
    const load = fc.record({ current: fc.integer({ min: 1, max: 50 }), value: fc.integer({ min: 101, max: 5_000 }) });
    fc.assert(
      fc.property(load, ({ current, value }) => {
        const wanted = desiredBy(config, seen({ current, high: true, values: [value] }));
        const total = value * current;
        expect(total / wanted).to.be.at.most(100 + 1e-6);
        expect(wanted).to.be.greaterThan(current);
        expect(total / (wanted - 1)).to.be.greaterThan(100 - 1e-6);
      }),
    );
  });
});
