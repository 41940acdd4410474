import { expect } from "chai";
import { satisfies } from "../../../local/sagemaker/search-expression";

const record = {
  TrainingJobName: "one",
  TrainingTimeInSeconds: 90,
  CreationTime: Date.parse("2026-01-02T03:04:05Z") / 1000,
  HyperParameters: { eta: "0.3", "a.b": "x" },
  InputDataConfig: [
    { ChannelName: "train", DataSource: { S3DataSource: { S3Uri: "s3://a/train" } } },
    { ChannelName: "validation", DataSource: { S3DataSource: { S3Uri: "s3://a/validation" } } },
  ],
  Tags: [{ Key: "project.name", Value: "fraud" }],
};
type Operator =
  "Equals" | "NotEquals" | "GreaterThan" | "LessThanOrEqualTo" | "Contains" | "In" | "Exists" | "NotExists";
const filter = (Name: string, Operator: Operator, Value = "") => ({ Name, Operator, Value });
const holds = (...Filters: ReturnType<typeof filter>[]) => satisfies(record, "TrainingJob", { Filters });

describe("search expressions", () => {
  it("compare numbers, times and texts, each as such", () => {
    for (const each of [
      filter("TrainingJobName", "Equals", "one"),
      filter("TrainingTimeInSeconds", "Equals", "90.0"),
      filter("TrainingTimeInSeconds", "GreaterThan", "9"),
      filter("CreationTime", "LessThanOrEqualTo", "2026-01-02T03:04:05"),
      filter("CreationTime", "Equals", "2026-01-02T05:04:05+02:00"),
      filter("HyperParameters.eta", "GreaterThan", "0.25"),
      filter("HyperParameters.a.b", "Equals", "x"),
      filter("Tags.project.name", "In", "risk, fraud"),
      filter("FailureReason", "NotExists"),
      filter("TrainingJobName", "NotEquals", "two"),
    ]) {
      expect(holds(each), JSON.stringify(each)).to.equal(true);
      const other = {
        ...each,
        Operator: each.Operator === "NotExists" ? "Exists" : "Contains",
        Value: "no",
      } as typeof each;
      expect(holds(other), JSON.stringify(other)).to.equal(false);
    }
  });

  it("join by Operator, at any depth", () => {
    const [yes, no] = [filter("TrainingJobName", "Exists"), filter("TrainingJobName", "NotExists")];
    expect(satisfies(record, "TrainingJob", { Filters: [yes, no] })).to.equal(false);
    expect(satisfies(record, "TrainingJob", { Filters: [yes, no], Operator: "Or" })).to.equal(true);
    const SubExpressions = [{ Filters: [yes, no], Operator: "Or" as const }, { Filters: [no] }];
    expect(satisfies(record, "TrainingJob", { SubExpressions })).to.equal(false);
    expect(satisfies(record, "TrainingJob", { SubExpressions, Operator: "Or" })).to.equal(true);
  });

  it("hold nested filters against one element at a time", () => {
    const nested = (channel: string, uri: string) => ({
      NestedPropertyName: "InputDataConfig",
      Filters: [
        filter("InputDataConfig.ChannelName", "Equals", channel),
        filter("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", uri),
      ],
    });
    const asked = (channel: string, uri: string) =>
      satisfies(record, "TrainingJob", { NestedFilters: [nested(channel, uri)] });
    expect(asked("train", "train")).to.equal(true);
    expect(asked("train", "validation")).to.equal(false);
  });

  it("refuse what the resource does not have", () => {
    expect(() => holds(filter("Colour", "Exists"))).to.throw("Unknown property name: Colour");
    expect(() => holds(filter("TrainingJobName.x", "Exists"))).to.throw("Unknown property name: TrainingJobName.x");
    expect(() => holds(filter("TrainingTimeInSeconds", "GreaterThan", "much"))).to.throw('"much"');
  });
});
