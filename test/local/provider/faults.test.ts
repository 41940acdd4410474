import { expect } from "chai";
import * as aws from "@pulumi/aws";
import { EngineError, run } from "../../../local/engine";
import { Gate } from "../support/gate";
import { startMiniStack, type Emulator } from "../support/ministack";
import { Workbench } from "../support/stack";

describe("the provider, when things go wrong", function () {
  let emulator: Emulator;
  let gate: Gate;
  let bench: Workbench;
  before(async () => {
    emulator = await startMiniStack();
    gate = new Gate(emulator.endpoint);
    bench = new Workbench({ ...emulator.environment, AWS_ENDPOINT_URL: await gate.open() });
    await bench.prepare();
  });
  after(async () => {
    await gate.close();
    await emulator.stop();
    bench.clean();
  });

  it("keeps a resource whose creation fails half way, and finishes it at the next up", async () => {
    const bucket = () => {
      new aws.s3.Bucket("half", { tags: { project: "fraud" }, forceDestroy: true });
      return Promise.resolve();
    };
    const stack = await bench.open("half", bucket);
    gate.refuses = (method, url) => method === "PUT" && url.includes("tagging");
    const failure: unknown = await run(stack, "up").catch((error: unknown) => error);
    gate.refuses = undefined;
    expect(failure).to.be.instanceOf(EngineError);
    expect(String(failure)).to.include("InvalidTag: not today");
    const exported = (await stack.exportStack()).deployment as { resources: { type: string }[] };
    expect(exported.resources.map(({ type }) => type)).to.include("aws:s3/bucket:Bucket");
    const repaired = await run(stack, "up");
    expect(repaired.changes).to.include({ create: 0, update: 1, replace: 0, delete: 0 });
    expect((await run(stack, "up")).steps).to.deep.equal([]);
    expect((await run(stack, "destroy")).resources).to.deep.equal([]);
  });

  it("adds the provider's default tags to what the program gives", async () => {
    const stack = await bench.open(
      "tags",
      () => {
        const queue = new aws.sqs.Queue("tagged", { tags: { own: "1" } });
        return Promise.resolve({ all: queue.tagsAll });
      },
      { configuration: "config:\n  aws:region: eu-west-1\n  aws:defaultTags:\n    tags:\n      project: fraud\n" },
    );
    const { outputs } = await run(stack, "up");
    expect(outputs["all"]?.value).to.deep.equal({ project: "fraud", own: "1" });
    expect((await run(stack, "up")).steps).to.deep.equal([]);
    await run(stack, "destroy");
  });
});
