import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import * as t from "io-ts";
import { stackOutputs } from "../../operations/outputs";

const Wanted = t.intersection([
  t.type({ mlflowArn: t.string, endpointName: t.string }),
  t.partial({ stack: t.string }),
]);
const outputs = (stack: string) => ({
  stack,
  mlflowArn: "arn:aws:sagemaker:eu-south-1:123456789012:mlflow-app/app-1",
  endpointName: `fraud-${stack}`,
});

describe("the stack that a command is for", () => {
  const before = { ...process.env };
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "outputs-"));
    delete process.env.AWS_REGION;
    process.env.FRAUD_OUTPUTS = JSON.stringify(outputs("local"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
    process.env = { ...before };
  });

  const refusal = (which: Parameters<typeof stackOutputs>[1]) =>
    stackOutputs(Wanted, which).then(
      () => "",
      (error: unknown) => String(error),
    );

  it("is that of FRAUD_OUTPUTS, or of a file before it; the clients go to its region", async () => {
    expect((await stackOutputs(Wanted, {})).endpointName).to.equal("fraud-local");
    expect(process.env.AWS_REGION).to.equal("eu-south-1");
    const file = join(directory, "outputs.json");
    writeFileSync(file, JSON.stringify(outputs("prod")));
    expect((await stackOutputs(Wanted, { outputs: file, stack: "prod" })).endpointName).to.equal("fraud-prod");
    process.env.AWS_REGION = "eu-west-1";
    await stackOutputs(Wanted, {});
    expect(process.env.AWS_REGION).to.equal("eu-west-1");
  });

  it("is never another one than was named", async () => {
    expect(await refusal({ stack: "prod" })).to.contain("FRAUD_OUTPUTS tells of the stack local, not of prod");
    expect(await refusal({ stack: "local" })).to.equal("");
  });

  it("has the outputs that the command wants, or it is said which it lacks", async () => {
    process.env.FRAUD_OUTPUTS = JSON.stringify({ mlflowArn: "arn" });
    expect(await refusal({})).to.contain("endpointName");
  });
});
