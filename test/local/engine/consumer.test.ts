// Another team's program on the real engine: it reads a platform's outputs by StackReference, and by parameters.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { secret } from "@pulumi/pulumi";
import { expect } from "chai";
import { outputNames, type PlatformOutputs } from "../../../components/outputs";
import consumer from "../../../examples/consumer/index";
import { platformParameters } from "../../../examples/consumer/parameters";
import program from "../../../index";
import { EngineError, run } from "../../../local/engine";
import { buildFunctions } from "../../components/support/mocks";
import { startMiniStack, type Emulator } from "../support/ministack";
import { Workbench } from "../support/stack";
import { PublishedOutputs } from "../../../components/published-outputs";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

describe("another team's program", function () {
  let ministack: Emulator;
  let bench: Workbench;
  let outputs: Record<string, { value: unknown; secret: boolean }>;

  const consuming = (platform: string) =>
    bench.open("team", () => Promise.resolve(consumer()), {
      configuration: `config:\n  aws:region: eu-west-1\n  fraud-consumer:platform: ${platform}\n`,
      project: "fraud-consumer",
      state: "shared",
      planOnly: true,
    });

  before(async () => {
    await buildFunctions();
    ministack = await startMiniStack();
    bench = new Workbench(ministack.environment);
    await bench.prepare();
    const configuration = readFileSync(join(PROJECT_ROOT, "Pulumi.dev.yaml"), "utf8");
    const producer = await bench.open("dev", program, { configuration, state: "shared", planOnly: true });
    ({ outputs } = await run(producer, "up"));
  });
  after(async () => {
    bench.clean();
    await ministack.stop();
  });

  it("has what a stack tells by StackReference, the API key as a secret", async () => {
    const made = await run(await consuming("organization/fraud/dev"), "up");
    expect(made.outputs["predictUrl"]).to.deep.include({
      value: `${String(outputs["apiUrl"]?.value)}/predict`,
      secret: false,
    });
    const table = (outputs["scorer"]?.value as PlatformOutputs["scorer"]).tableName;
    expect(made.outputs["table"]).to.deep.include({ value: table, secret: false });
    const state = readFileSync(join(bench.directory, "shared/state/.pulumi/stacks/fraud-consumer/team.json"), "utf8");
    const apiKey = outputs["apiKey"];
    expect(apiKey?.secret).to.equal(true);
    expect(state).to.contain("/scoring/fraud-api-key");
    expect(state).not.to.contain(String(apiKey?.value));
  });

  it("is told of a stack that is none of the platform's", async () => {
    const failure: unknown = await run(await consuming("organization/fraud-consumer/team"), "preview").catch(
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(EngineError);
    expect(String(failure)).to.contain("The outputs of the stack").and.to.contain("bucketName is missing");
  });

  it("has the same by parameters, and of the API key nothing but its name", async () => {
    const published = new Set<string>(outputNames);
    const plain = Object.entries(outputs).filter(([name]) => published.has(name));
    const wanted = Object.fromEntries(plain.map(([name, { value }]) => [name, value])) as PlatformOutputs;
    const keyArn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
    const publisher = () =>
      Promise.resolve(
        void new PublishedOutputs("outputs", { outputs: { ...wanted, apiKey: secret("hunter2") }, keyArn, tags: {} }),
      );
    await run(await bench.open("dev", publisher, { state: "published" }), "up");
    let read: PlatformOutputs | undefined;
    const reader = async () => {
      read = await platformParameters("/fraud/dev");
    };
    await run(await bench.open("reader", reader, {}), "up");
    expect(read).to.deep.equal(wanted);
  });
});
