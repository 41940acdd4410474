import { expect } from "chai";
import fc from "fast-check";
import { decideAll, holds } from "../../../local/sagemaker/pipelines/conditions";
import {
  follow,
  parsePath,
  referencesIn,
  resolve,
  type Json,
  type Scope,
} from "../../../local/sagemaker/pipelines/expressions";

const scope: Scope = {
  parameters: { Name: "n", Rate: 0.25 },
  execution: { PipelineExecutionId: "abc" },
  stepProperties: (step) =>
    step === "Train"
      ? {
          ModelArtifacts: { S3ModelArtifacts: "s3://b/model.tar.gz" },
          FinalMetricDataList: [{ MetricName: "validation:auc", Value: 0.9 }],
          OutputParameters: { "a b": "x" },
        }
      : undefined,
  readPropertyFile: (step, file) =>
    Promise.resolve(JSON.stringify({ from: [step, file], metrics: { auc: { value: 0.9 } } })),
  readUri: (uri) => Promise.resolve(JSON.stringify({ uri })),
};

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it did not fail");
}

describe("pipeline expressions", () => {
  it("take values from parameters, the execution and steps, at any depth", async () => {
    const value: Json = {
      list: [{ Get: "Parameters.Rate" }, { Get: "Execution.PipelineExecutionId" }],
      model: { Get: "Steps.Train.ModelArtifacts.S3ModelArtifacts" },
      metric: { Get: "Steps.Train.FinalMetricDataList['validation:auc'].Value" },
      output: { Get: 'Steps.Train.OutputParameters["a b"]' },
    };
    expect(await resolve(value, scope)).to.deep.equal({
      list: [0.25, "abc"],
      model: "s3://b/model.tar.gz",
      metric: 0.9,
      output: "x",
    });
  });

  it("join numbers and nested expressions as text", async () => {
    const inner = { "Std:Join": { On: "-", Values: ["a", { Get: "Parameters.Rate" }] } };
    expect(await resolve({ "Std:Join": { On: "/", Values: ["s3:/", inner, true] } }, scope)).to.equal(
      "s3://a-0.25/true",
    );
  });

  it("read property files and objects", async () => {
    const get = { PropertyFile: { Get: "Steps.Train.PropertyFiles.Report" }, Path: "metrics.auc.value" };
    expect(await resolve({ "Std:JsonGet": get }, scope)).to.equal(0.9);
    const uri = { S3Uri: { "Std:Join": { On: "/", Values: ["s3:/", { Get: "Parameters.Name" }] } }, Path: "$.uri" };
    expect(await resolve({ "Std:JsonGet": uri }, scope)).to.equal("s3://n");
  });

  it("say what has no value", async () => {
    expect(await failure(resolve({ Get: "Steps.Later.X" }, scope))).to.equal("Steps.Later.X has no value");
    expect(await failure(resolve({ Get: "Nowhere" }, scope))).to.contain("is no reference");
    const get = { PropertyFile: { Get: "Steps.Train.PropertyFiles.Report" }, Path: "metrics.nope" };
    expect(await failure(resolve({ "Std:JsonGet": get }, scope))).to.contain(
      "property file Report of step Train has nothing",
    );
  });

  it("without expressions are what they were", async () => {
    const plain = fc
      .jsonValue()
      .filter((value) => referencesIn(value).length === 0 && !JSON.stringify(value).includes("Std:"));
    await fc.assert(
      fc.asyncProperty(plain, async (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(await resolve(json, scope)).to.deep.equal(json);
      }),
      { numRuns: 100 },
    );
  });

  it("find by a path whatever stands there", () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 _:-]{0,8}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(name, fc.nat(3)), { minLength: 1, maxLength: 5 }), fc.integer(), (parts, leaf) => {
        const tree = parts.reduceRight<Json>(
          (value, part) => (typeof part === "number" ? [...Array<Json>(part).fill(null), value] : { [part]: value }),
          leaf,
        );
        const path = parts.map((part) => (typeof part === "number" ? `[${part}]` : `['${part}']`)).join("");
        expect(parsePath(path)).to.deep.equal(parts);
        expect(follow(tree, parsePath(path))).to.equal(leaf);
      }),
      { numRuns: 100 },
    );
  });

  it("refuse paths that can't be read", () => {
    for (const path of ["", "a[", "a['b]", "a..b"]) expect(() => parsePath(path), path).to.throw("can't be read");
  });
});

describe("conditions", () => {
  const compare = (Type: string, LeftValue: Json, RightValue: Json): Promise<boolean> =>
    holds({ Type, LeftValue, RightValue }, scope);

  it("compare as numbers do", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 }), async (a, b) => {
        expect(await compare("GreaterThan", a, b)).to.equal(a > b);
        expect(await compare("GreaterThanOrEqualTo", a, b)).to.equal(a >= b);
        expect(await compare("LessThan", a, b)).to.equal(a < b);
        expect(await compare("LessThanOrEqualTo", a, b)).to.equal(a <= b);
        expect(await compare("Equals", a, b)).to.equal(a === b);
      }),
      { numRuns: 50 },
    );
  });

  it("compare expressions, text, and numbers written as text", async () => {
    expect(await compare("Equals", { Get: "Parameters.Name" }, "n")).to.equal(true);
    expect(await compare("Equals", "true", true)).to.equal(false);
    expect(await compare("GreaterThan", "0.5", { Get: "Parameters.Rate" })).to.equal(true);
    expect(await failure(compare("LessThan", "a", "b"))).to.contain("numbers are wanted");
  });

  it("nest", async () => {
    const yes: Json = { Type: "Equals", LeftValue: 1, RightValue: 1 };
    const no: Json = { Type: "Not", Expression: yes };
    expect(await holds(no, scope)).to.equal(false);
    expect(await holds({ Type: "Or", Conditions: [no, yes] }, scope)).to.equal(true);
    expect(await holds({ Type: "Or", Conditions: [no, no] }, scope)).to.equal(false);
    expect(await holds({ Type: "In", QueryValue: "b", Values: ["a", "b"] }, scope)).to.equal(true);
    expect(await holds({ Type: "In", QueryValue: "c", Values: ["a", { Get: "Parameters.Name" }] }, scope)).to.equal(
      false,
    );
    expect(await decideAll([yes, no], scope)).to.deep.equal([true, false]);
  });

  it("of an unknown type are refused", async () => {
    expect(await failure(holds({ Type: "Maybe" }, scope))).to.contain('"Maybe" is no type of condition');
  });
});
