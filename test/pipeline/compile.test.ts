import { expect } from "chai";
import fc from "fast-check";
import { canonicalJson, type Json } from "../../pipeline/canonical-json";
import { compile, PipelineError } from "../../pipeline/compile";
import {
  callback,
  condition,
  equals,
  fail,
  isIn,
  lambda,
  lessThanOrEqualTo,
  not,
  or,
} from "../../pipeline/control-steps";
import { execution, floatParameter, join, stringParameter, text } from "../../pipeline/expressions";
import { model, processing, training } from "../../pipeline/job-steps";
import type { Step } from "../../pipeline/step";
import { at } from "./samples";

const role = "arn:aws:iam::123456789012:role/sagemaker";
const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:f";

function score(name = "Score", dependsOn: readonly Step[] = []) {
  return processing(name, {
    image: "image",
    roleArn: role,
    instanceType: "ml.m5.large",
    entrypoint: ["python3", "score.py"],
    inputs: {},
    outputs: { report: { uri: "s3://bucket/report", path: "/opt/ml/processing/report" } },
    propertyFiles: { Report: { output: "report", path: "report.json" } },
    dependsOn,
  });
}

function call(name: string, inputs: Parameters<typeof lambda>[1]["inputs"] = {}, dependsOn: readonly Step[] = []) {
  return lambda(name, { functionArn, inputs, outputs: { passed: "String", count: "Integer" }, dependsOn });
}

function problems(build: () => unknown): readonly string[] {
  try {
    build();
  } catch (error) {
    if (error instanceof PipelineError) return error.problems;
    throw error;
  }
  return [];
}

describe("expressions", () => {
  const gate = call("Gate");

  it("refuse to become text", () => {
    const passed: unknown = gate.output("passed");
    expect(() => `${passed as string}`).to.throw(TypeError, "join()");
    expect(() => String(passed)).to.throw(TypeError, "Steps.Gate.OutputParameters['passed']");
    expect(() => "a" + (passed as string)).to.throw(TypeError);
    expect(() => JSON.stringify({ passed })).to.throw(TypeError, "compile()");
  });

  it("carry what they refer to, through joins", () => {
    const name = stringParameter("Name");
    const joined = join("/", ["a", join("", [gate.output("passed")]), name]);
    expect(joined.steps).to.deep.equal([gate]);
    expect(joined.parameters).to.deep.equal([name]);
  });

  it("have the forms that SageMaker takes", () => {
    const weight = floatParameter("Weight", { default: 1 });
    expect(weight.request()).to.deep.equal({ Get: "Parameters.Weight" });
    expect(weight.declaration()).to.deep.equal({ Name: "Weight", Type: "Float", DefaultValue: 1 });
    expect(stringParameter("Kind", { oneOf: ["a", "b"] }).declaration()).to.deep.equal({
      Name: "Kind",
      Type: "String",
      EnumValues: ["a", "b"],
    });
    expect(execution.pipelineExecutionArn.request()).to.deep.equal({ Get: "Execution.PipelineExecutionArn" });
    expect(text(3)).to.equal("3");
    expect(join("-", ["a", 1, weight]).request()).to.deep.equal({
      "Std:Join": { On: "-", Values: ["a", 1, { Get: "Parameters.Weight" }] },
    });
    expect(score().output("report").request()).to.deep.equal({
      Get: "Steps.Score.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri",
    });
    expect(score().json("Report", "metrics.auc").request()).to.deep.equal({
      "Std:JsonGet": { PropertyFile: { Get: "Steps.Score.PropertyFiles.Report" }, Path: "metrics.auc" },
    });
  });

  it("do not compile with a misspelt name", () => {
    const report = score();
    const made = model("Create", { image: "image", artifactUri: "s3://bucket/model", roleArn: role });
    // Each of these still makes an expression: only the compiler knows better, and this file must compile.
    expect([
      // @ts-expect-error no such output of a Lambda step
      gate.output("pased"),
      // @ts-expect-error no such output of a processing step
      report.output("raport"),
      // @ts-expect-error no such property file
      report.json("Raport", "metrics.auc"),
      // @ts-expect-error no such property of a model
      made.property("ModelNam"),
      // @ts-expect-error a member that does not exist
      report.property("AppSpecification", "ImageUrl"),
      // @ts-expect-error a number is not compared with text
      equals(gate.output("count"), "1"),
      // @ts-expect-error an expression is not text
      gate.output("passed").toUpperCase,
    ]).to.have.length(7);
    processing("Typed", {
      image: "image",
      roleArn: role,
      instanceType: "ml.m5.large",
      entrypoint: [],
      inputs: {},
      outputs: { report: { uri: "s3://bucket/report", path: "/opt/ml/processing/report" } },
      // @ts-expect-error a property file of an output that does not exist
      propertyFiles: { Report: { output: "raport", path: "report.json" } },
    });
  });
});

describe("compile", () => {
  it("checks duplicates, also across branches", () => {
    const branch = condition("Choose", {
      conditions: [equals("a", "a")],
      ifSteps: [call("A")],
      elseSteps: [call("B")],
    });
    expect(problems(() => compile({ parameters: [], steps: [call("A"), branch] }))).to.have.length(1);
    expect(problems(() => compile({ parameters: [], steps: [call("A"), branch] }))[0]).to.contain('"A"');
  });

  it("checks references to steps and parameters that are not in the pipeline, all at once", () => {
    const lost = call("Lost");
    const name = stringParameter("Name");
    const user = call("User", { a: lost.output("passed"), b: { c: [join("", [name])] } });
    const found = problems(() => compile({ parameters: [], steps: [user] }));
    expect(found).to.have.length(2);
    expect(found.join()).to.contain("User uses step Lost").and.contain("User uses parameter Name");
  });

  it("takes another step of the same name for another step", () => {
    const user = call("User", { a: call("Twin").output("passed") });
    expect(problems(() => compile({ parameters: [], steps: [call("Twin"), user] }))).to.have.length(1);
  });

  it("checks cycles: a step of a branch that the choice itself waits for", () => {
    const inside = call("Inside");
    const before = call("Before", {}, [inside]);
    const choice = condition("Choice", {
      conditions: [equals(before.output("passed"), "true")],
      ifSteps: [inside],
      elseSteps: [],
    });
    const found = problems(() => compile({ parameters: [], steps: [before, choice] }));
    expect(found).to.have.length(1);
    expect(found[0]).to.contain("Before → Inside → Choice → Before");
  });

  it("checks names", () => {
    const found = problems(() => compile({ parameters: [stringParameter("a b")], steps: [call("-x"), call("y z")] }));
    expect(found).to.have.length(3);
  });

  it("does not take a diamond for a cycle", () => {
    const top = call("Top");
    const left = call("Left", {}, [top]);
    const right = call("Right", {}, [top]);
    const bottom = call("Bottom", {}, [left, right]);
    expect(problems(() => compile({ parameters: [], steps: [bottom, right, left, top] }))).to.deep.equal([]);
  });

  it("gives the same text for the same pipeline, however it was written", () => {
    const one = compile({ parameters: [], steps: [call("A", { x: 1, y: { b: 2, a: 1 } })] });
    const other = compile({ parameters: [], steps: [call("A", { y: { a: 1, b: 2 }, x: 1 })] });
    expect(JSON.stringify(one)).to.equal(JSON.stringify(other));
    expect(JSON.stringify(one)).to.match(/^{"Metadata":{},"Parameters":\[\],"PipelineExperimentConfig":null,"Steps"/);
  });

  it("leaves undefined members out, and keeps null, false and zero", () => {
    const definition = compile({
      parameters: [],
      steps: [call("A", { a: undefined, b: null, c: false, d: 0, e: "" })],
    });
    expect(at(definition, "Steps", 0, "Arguments")).to.deep.equal({ b: null, c: false, d: 0, e: "" });
  });

  it("writes every kind of step", () => {
    const before = score("Before");
    const train = training("Train", {
      image: "image",
      roleArn: role,
      instanceType: "ml.m5.large",
      hyperparameters: { eta: "0.1" },
      channels: { train: { uri: before.output("report"), contentType: "text/csv" } },
      outputUri: "s3://bucket/model",
      retries: [{ on: ["SageMaker.CAPACITY_ERROR"], intervalSeconds: 60, backoffRate: 2, limit: { minutes: 10 } }],
      caching: { expireAfter: "P1D" },
    });
    const made = model("Create", {
      image: "image",
      artifactUri: train.property("ModelArtifacts", "S3ModelArtifacts"),
      roleArn: role,
      tags: { b: "2", a: "1" },
    });
    const deploy = callback("Deploy", {
      queueUrl: "https://queue/q",
      inputs: { model: made.property("ModelName") },
      outputs: { config: "String" },
      displayName: "Deploy it",
      description: "To the endpoint",
      dependsOn: [before],
    });
    const auc = before.json<number>("Report", "metrics.auc");
    const choice = condition("Choice", {
      conditions: [or(not(lessThanOrEqualTo(auc, 0.9)), isIn(execution.pipelineName, ["a", "b"]))],
      ifSteps: [made, deploy],
      elseSteps: [fail("Stop", join(": ", ["too low", auc]))],
    });
    const definition = compile({
      parameters: [],
      steps: [before, train, choice],
      experiment: { name: execution.pipelineName, trial: execution.pipelineExecutionId },
    });
    const artifact = { Get: "Steps.Train.ModelArtifacts.S3ModelArtifacts" };
    const aucRequest = {
      "Std:JsonGet": { PropertyFile: { Get: "Steps.Before.PropertyFiles.Report" }, Path: "metrics.auc" },
    };
    expect(at(definition, "PipelineExperimentConfig")).to.deep.equal({
      ExperimentName: { Get: "Execution.PipelineName" },
      TrialName: { Get: "Execution.PipelineExecutionId" },
    });
    expect(at(definition, "Steps", 0, "PropertyFiles")).to.deep.equal([
      { PropertyFileName: "Report", OutputName: "report", FilePath: "report.json" },
    ]);
    expect(at(definition, "Steps", 1)).to.deep.include({
      CacheConfig: { Enabled: true, ExpireAfter: "P1D" },
      RetryPolicies: [
        { ExceptionType: ["SageMaker.CAPACITY_ERROR"], IntervalSeconds: 60, BackoffRate: 2, ExpireAfterMin: 10 },
      ],
    });
    expect(at(definition, "Steps", 2, "Arguments")).to.deep.equal({
      Conditions: [
        {
          Type: "Or",
          Conditions: [
            { Type: "Not", Condition: { Type: "LessThanOrEqualTo", LeftValue: aucRequest, RightValue: 0.9 } },
            { Type: "In", QueryValue: { Get: "Execution.PipelineName" }, Values: ["a", "b"] },
          ],
        },
      ],
      IfSteps: [
        {
          Name: "Create",
          Type: "Model",
          Arguments: {
            ExecutionRoleArn: role,
            PrimaryContainer: { Image: "image", Environment: {}, ModelDataUrl: artifact },
            Tags: [
              { Key: "a", Value: "1" },
              { Key: "b", Value: "2" },
            ],
          },
        },
        {
          Name: "Deploy",
          Type: "Callback",
          DisplayName: "Deploy it",
          Description: "To the endpoint",
          DependsOn: ["Before"],
          Arguments: { model: { Get: "Steps.Create.ModelName" } },
          SqsQueueUrl: "https://queue/q",
          OutputParameters: [{ OutputName: "config", OutputType: "String" }],
        },
      ],
      ElseSteps: [
        {
          Name: "Stop",
          Type: "Fail",
          Arguments: { ErrorMessage: { "Std:Join": { On: ": ", Values: ["too low", aucRequest] } } },
        },
      ],
    });
  });
});

describe("canonical JSON", () => {
  it("is the same for the same value in any order of keys, and reads back as the value", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        const canonical = canonicalJson(value as Json);
        expect(canonicalJson(reversed as Json)).to.equal(canonical);
        expect(JSON.parse(canonical)).to.deep.equal(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
