import { expect } from "chai";
import { parseDefinition } from "../../../local/sagemaker/pipelines/definition";
import { progress, type StepState } from "../../../local/sagemaker/pipelines/progress";

interface TestStep {
  Name: string;
  Type: string;
  DependsOn?: string[];
  Arguments?: object;
}

const step = (Name: string, ...DependsOn: string[]): TestStep => ({ Name, Type: "Fail", DependsOn, Arguments: {} });
const condition = (Name: string, IfSteps: TestStep[], ElseSteps: TestStep[], ...DependsOn: string[]): TestStep => ({
  Name,
  Type: "Condition",
  DependsOn,
  Arguments: { Conditions: [], IfSteps, ElseSteps },
});
const plan = (...Steps: TestStep[]) => parseDefinition(JSON.stringify({ Version: "2020-12-01", Steps }));

function states(entries: Record<string, StepState["status"] | "True" | "False">): Map<string, StepState> {
  return new Map(
    Object.entries(entries).map(([name, value]) => {
      const outcome = value === "True" || value === "False";
      const state: StepState = {
        name,
        status: outcome ? "Succeeded" : value,
        started: 1,
        attempt: 1,
        metadata: {},
        properties: outcome ? { Outcome: value } : {},
      };
      return [name, state];
    }),
  );
}

describe("what comes next in a pipeline", () => {
  it("starts whatever waits for nothing, at once", () => {
    const diamond = plan(step("A"), step("B"), step("C", "A", "B"), step("D", "C"));
    expect(progress(diamond, states({}), false)).to.deep.equal({ ready: ["A", "B"], finished: false });
    expect(progress(diamond, states({ A: "Succeeded", B: "Executing" }), false)).to.deep.equal({
      ready: [],
      finished: false,
    });
    expect(progress(diamond, states({ A: "Succeeded", B: "Succeeded" }), false).ready).to.deep.equal(["C"]);
    const all = states({ A: "Succeeded", B: "Succeeded", C: "Succeeded", D: "Succeeded" });
    expect(progress(diamond, all, false)).to.deep.equal({ ready: [], finished: true });
  });

  it("waits for the steps that expressions refer to", () => {
    const referring = plan(step("A"), { Name: "B", Type: "Fail", Arguments: { ErrorMessage: { Get: "Steps.A.X" } } });
    expect(progress(referring, states({}), false).ready).to.deep.equal(["A"]);
  });

  it("takes one branch, and never what waits for the other", () => {
    const branching = plan(
      condition("Gate", [step("Yes"), condition("Inner", [step("Deep")], [])], [step("No"), step("AfterNo", "No")]),
      step("Later", "No"),
      step("Beside"),
    );
    expect(progress(branching, states({}), false).ready).to.deep.equal(["Gate", "Beside"]);
    const taken = progress(branching, states({ Gate: "True", Beside: "Succeeded" }), false);
    expect(taken.ready).to.deep.equal(["Yes", "Inner"]);
    const other = progress(branching, states({ Gate: "False", Beside: "Succeeded", No: "Succeeded" }), false);
    expect(other.ready).to.deep.equal(["AfterNo", "Later"]);
    const done = states({ Gate: "True", Beside: "Succeeded", Yes: "Succeeded", Inner: "False" });
    expect(progress(branching, done, false)).to.deep.equal({ ready: [], finished: true });
  });

  it("starts nothing after a failure or a stop, but waits for what runs", () => {
    const wide = plan(step("A"), step("B"), step("C", "A"));
    const failed = states({ A: "Succeeded", B: "Failed" });
    expect(progress(wide, failed, false)).to.deep.equal({ ready: [], finished: true });
    expect(progress(wide, states({ A: "Executing", B: "Failed" }), false).finished).to.equal(false);
    expect(progress(wide, states({ A: "Succeeded", B: "Succeeded" }), true)).to.deep.equal({
      ready: [],
      finished: true,
    });
  });

  it("runs no more at a time than it may", () => {
    const wide = plan(step("A"), step("B"), step("C"), step("D", "A"));
    expect(progress(wide, states({}), false, 2)).to.deep.equal({ ready: ["A", "B"], finished: false });
    expect(progress(wide, states({ A: "Executing", B: "Stopping" }), false, 2).ready).to.deep.equal([]);
    expect(progress(wide, states({ A: "Succeeded", B: "Executing" }), false, 2).ready).to.deep.equal(["C"]);
  });

  it("refuses definitions that can't run, with every reason", () => {
    expect(() => plan(step("A", "B"), step("B", "A"))).to.throw("steps wait for each other: A → B → A");
    expect(() => plan(step("A", "X"), step("A", "Y"))).to.throw(/more than once.*|step X.*step Y/);
    expect(() => parseDefinition("{")).to.throw("not JSON");
    expect(() => parseDefinition('{"Version":"1","Steps":[]}')).to.throw("Version");
  });
});
