import { expect } from "chai";
import { costOf, installedPrices, type Priced, type PriceFile } from "../../../local/preview/cost";

const file: PriceFile = {
  hoursPerMonth: 730,
  prices: [
    { item: "kms:key", regions: ["*"], usd: 1, per: "month", date: "2026-01-01", source: "s" },
    {
      item: "sagemaker:hosting:ml.m5.large",
      regions: ["eu-west-1"],
      usd: 0.1,
      per: "hour",
      date: "2026-02-01",
      source: "s",
    },
    { item: "cloudwatch:alarm-metric", regions: ["us-east-1"], usd: 5, per: "month", date: "2020-01-01", source: "s" },
  ],
  free: [{ types: ["aws:iam/"], date: "2026-01-01", source: "s" }],
  byUse: [{ types: ["aws:lambda/"], by: "requests", source: "s" }],
};

const one = (type: string, before: object | undefined, after: object | undefined): Priced => ({
  urn: `urn:pulumi:s::p::${type}::x`,
  type,
  before: before && { ...before },
  after: after && { ...after },
});
const endpoint = (count: number) => ({
  environment: {
    variables: {
      MODEL_ROLE_ARN: "arn:aws:iam::123456789012:role/model",
      ENDPOINT_SETTINGS: JSON.stringify({
        capacity: { instances: { instanceType: "ml.m5.large", minCapacity: count } },
      }),
    },
  },
});

describe("what a stack costs a month", () => {
  it("is what it is billed for being there, and the difference to before", () => {
    const cost = costOf(
      [
        one("aws:kms/key:Key", {}, {}),
        one("aws:kms/key:Key", {}, undefined),
        one("aws:lambda/function:Function", endpoint(2), endpoint(3)),
      ],
      "eu-west-1",
      file,
    );
    expect(cost).to.deep.include({ monthly: 220, difference: 72, pricesFrom: "2026-01-01", pricesTo: "2026-02-01" });
    expect(cost.resources.map(({ items, monthly, difference }) => [items, monthly, difference])).to.deep.equal([
      [["1 × kms:key"], 1, 0],
      [[], 0, -1],
      [["3 × sagemaker:hosting:ml.m5.large"], 219, 73],
    ]);
  });

  it("never guesses: what has no price here is listed, with the reason", () => {
    const cost = costOf(
      [
        one("aws:cloudwatch/metricAlarm:MetricAlarm", undefined, {}),
        one("aws:lambda/function:Function", undefined, {}),
        one("aws:new/thing:Thing", undefined, {}),
        one("aws:iam/role:Role", undefined, {}),
        one("fraud:platform:Storage", undefined, {}),
      ],
      "eu-west-1",
      file,
    );
    expect(cost.monthly).to.equal(0);
    expect(cost.pricesFrom).to.equal(null);
    expect(cost.unpriced.map(({ type, reason }) => [type, reason])).to.deep.equal([
      [
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "local/preview/prices.json has no price of cloudwatch:alarm-metric in eu-west-1",
      ],
      ["aws:lambda/function:Function", "billed by use: requests"],
      ["aws:new/thing:Thing", "local/preview/prices.json does not know the type"],
    ]);
  });

  it("counts an alarm for each metric that it looks at, and an endpoint in a network for each subnet", () => {
    const queries = [
      { id: "a", metric: {} },
      { id: "b", metric: {} },
      { id: "c", expression: "a/b" },
    ];
    const cost = costOf(
      [one("aws:cloudwatch/metricAlarm:MetricAlarm", undefined, { metricQueries: queries })],
      "us-east-1",
      file,
    );
    expect(cost.monthly).to.equal(10);
  });

  it("counts the endpoint once, where it is made, and lists it where its settings are not understood", () => {
    const lambda = (variables: object) =>
      one("aws:lambda/function:Function", undefined, { environment: { variables } });
    const settings = (capacity: object) => ({ MODEL_ROLE_ARN: "r", ENDPOINT_SETTINGS: JSON.stringify({ capacity }) });
    const instances = { instanceType: "ml.m5.large", minCapacity: 2 };
    const reasons = (...resources: Priced[]) => {
      const { monthly, unpriced } = costOf(resources, "eu-west-1", file);
      return [monthly, unpriced.map(({ reason }) => reason)];
    };
    const { ENDPOINT_SETTINGS } = settings({ instances });
    const byUse = "billed by use: requests";
    expect(reasons(lambda(settings({ instances })), lambda({ ENDPOINT_SETTINGS }))).to.deep.equal([
      146,
      [byUse, byUse],
    ]);
    expect(reasons(lambda(settings({ serverless: { memoryMib: 1024 } })))).to.deep.equal([0, [byUse]]);
    expect(reasons(lambda(settings({ fleet: {} })))).to.deep.equal([
      0,
      ["local/preview/prices.json has no price of sagemaker:hosting in eu-west-1"],
    ]);
  });

  it("has a date and a source for every price that comes with the project, none twice for a region", () => {
    const { prices, free } = installedPrices();
    for (const { date, source, usd } of [...prices, ...free.map((each) => ({ ...each, usd: 1 }))]) {
      expect(date).to.match(/^20\d\d-[01]\d-[0-3]\d$/);
      expect(Date.parse(date)).to.be.lessThan(Date.now());
      expect(source).to.match(/https:\/\//);
      expect(usd).to.be.greaterThan(0);
    }
    const places = prices.flatMap(({ item, regions }) => regions.map((region) => `${item} ${region}`));
    expect(new Set(places).size).to.equal(places.length);
  });
});
