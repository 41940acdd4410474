import { expect } from "chai";
import { estimate, refusal, type EstimateInput } from "../../operations/smoke-estimate";

const price = (item: string, usd: number, regions: string[]) => ({
  item,
  usd,
  regions,
  per: "hour" as const,
  date: "2026-11-01",
  source: "https://aws.amazon.com/sagemaker/pricing/",
});

const INPUT: EstimateInput = {
  cost: {
    region: "eu-west-1",
    resources: [
      { urn: "key", items: ["1 × kms:key"], monthly: 7.3, difference: 0 },
      { urn: "endpoint", items: ["4 × sagemaker:hosting:ml.a"], monthly: 10_000, difference: 0 },
    ],
  },
  needs: [
    { service: "sagemaker", quota: "ml.a for endpoint usage", needed: 4, because: "the endpoint" },
    { service: "sagemaker", quota: "ml.a for training job usage", needed: 1, because: "training" },
    { service: "lambda", quota: "Concurrent executions", needed: 105, because: "the API" },
  ],
  prices: { hoursPerMonth: 730, prices: [price("sagemaker:hosting:ml.a", 0.5, ["eu-west-1"])] },
  hours: 2,
};

describe("the most that a smoke test may cost", () => {
  it("is what stands, and each instance at its busiest, for as long as it may last", () => {
    const found = estimate(INPUT);
    expect(found.unpriced).to.deep.equal([]);
    // 7.3 / 730 × 2 + (4 + 1) × 0.5 × 2
    expect(found.usd).to.equal(5.02);
    expect(refusal(found, 5.02)).to.equal(undefined);
    expect(refusal(found, 5)).to.match(/5\.02 USD.*--max-usd is 5\.00/);
  });

  it("is not guessed where an instance type has no price in the region: whoever starts it says one", () => {
    const elsewhere = { ...INPUT, cost: { ...INPUT.cost, region: "eu-north-1" } };
    expect(refusal(estimate(elsewhere), 1_000)).to.match(/No price is known of ml\.a: .*--instance-usd-per-hour/);
    const told = estimate({ ...elsewhere, instanceUsdPerHour: 1 });
    expect(told.usd).to.equal(10.02);
    expect(refusal(told, 11)).to.equal(undefined);
  });
});
