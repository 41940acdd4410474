import { expect } from "chai";
import { exitCodes, type LaunchLine } from "../../pipeline/outcome";
import { resume } from "../../pipeline/resume";
import { FakeCloud, OWN_EXECUTION, type Look } from "./fake-cloud";
import { rawSettings } from "./samples";

const ID = "20260102030405006-0123456789abcdef";
const OTHER = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-test/execution/other";

describe("resume", () => {
  let cloud: FakeCloud;
  let lines: LaunchLine[];

  const done = { StepName: "Preprocess", StepStatus: "Succeeded" } as const;
  const stopped: Look = { status: "Stopped", steps: [done, { StepName: "Train", StepStatus: "Stopped" }] };
  const succeeded: Look = { status: "Succeeded", steps: [done, { StepName: "Train", StepStatus: "Succeeded" }] };

  beforeEach(() => {
    cloud = new FakeCloud();
    cloud.pipelines.set("fraud-test", { PipelineDefinition: "{}", RoleArn: "" });
    cloud.ended.set(OWN_EXECUTION, ID);
    cloud.looks = [stopped, { status: "Executing", steps: [done] }, succeeded];
    lines = [];
  });

  const run = (execution = ID, { follow = false, settings = {} } = {}) =>
    resume({
      environment: { LAUNCH_SETTINGS: JSON.stringify({ ...rawSettings, ...settings }) },
      execution,
      follow,
      sagemaker: cloud.sagemaker,
      print: (line) => lines.push(line),
      sleep: () => Promise.resolve(),
    });
  const failure = (attempt: Promise<unknown>) =>
    attempt.then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
    );

  for (const execution of [ID, OWN_EXECUTION]) {
    it(`goes on with the execution that is named by ${execution.startsWith("arn") ? "its ARN" : "its id"}`, async () => {
      expect(await run(execution)).to.equal(exitCodes.succeeded);
      expect(cloud.retried).to.deep.equal([OWN_EXECUTION]);
      expect(lines).to.deep.equal([{ executionId: ID, pipelineExecutionArn: OWN_EXECUTION, resumed: ["Train"] }]);
      expect(cloud.started).to.have.length(0);
    });
  }

  it("follows it to its end where it is asked to", async () => {
    expect(await run(ID, { follow: true })).to.equal(exitCodes.succeeded);
    expect(lines.at(-1)).to.deep.equal({ outcome: "succeeded" });
    cloud = new FakeCloud();
    cloud.pipelines.set("fraud-test", { PipelineDefinition: "{}", RoleArn: "" });
    cloud.ended.set(OWN_EXECUTION, ID);
    const again = { StepName: "Train", StepStatus: "Failed", FailureReason: "AlgorithmError" } as const;
    cloud.looks = [stopped, { status: "Failed", steps: [done, again] }];
    expect(await run(ID, { follow: true })).to.equal(exitCodes.failed);
    expect(lines.at(-1)).to.deep.equal({ outcome: "failed", reason: "Train: AlgorithmError" });
  });

  for (const status of ["Executing", "Stopping", "Succeeded"]) {
    it(`leaves one alone that is ${status}`, async () => {
      cloud.looks = [{ status, steps: [done] }];
      expect(await failure(run()))
        .to.contain(OWN_EXECUTION)
        .and.contain(`is ${status}`);
      expect(cloud.retried).to.be.empty;
    });
  }

  it("lets a refusal stand", async () => {
    const reason = "the champion is better";
    cloud.looks = [
      { status: "Failed", steps: [done, { StepName: "Refused", StepStatus: "Failed", FailureReason: reason }] },
    ];
    expect(await run()).to.equal(exitCodes.refused);
    expect(lines).to.deep.equal([{ outcome: "refused", reason }]);
    expect(cloud.retried).to.be.empty;
  });

  it("begins nothing beside another run, and gives way to one that began meanwhile, unless runs may overlap", async () => {
    cloud.looks = [stopped];
    cloud.underWay.set(OTHER, new Date());
    expect(await run()).to.equal(exitCodes.skipped);
    expect(cloud.retried).to.be.empty;
    expect(lines.at(-1)).to.have.property("reason").that.contains(OTHER);

    cloud.underWay.clear();
    cloud.onRetry = () => cloud.underWay.set(OTHER, new Date());
    expect(await run()).to.equal(exitCodes.skipped);
    expect([...cloud.underWay.keys()]).to.deep.equal([OTHER]);

    expect(await run(ID, { settings: { overlappingRuns: "allow" } })).to.equal(exitCodes.succeeded);
    expect([...cloud.underWay.keys()]).to.have.members([OTHER, OWN_EXECUTION]);
  });

  it("names an execution that is not there, or another pipeline's", async () => {
    expect(await failure(run("20260102030405006-ffffffffffffffff")))
      .to.contain("fraud-test has no execution 20260102030405006-ffffffffffffffff")
      .and.contain("ARN");
    const foreign = OWN_EXECUTION.replace("fraud-test", "fraud-testing");
    expect(await failure(run(foreign))).to.contain(`${foreign} is no execution of pipeline fraud-test`);
    expect(cloud.retried).to.be.empty;
  });
});
