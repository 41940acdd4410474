import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DeleteQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { EngineError, run, type RunResult } from "../../../local/engine";
import { startMiniStack, type Emulator } from "../support/ministack";
import { Workbench } from "../support/stack";
import { program, type Variant } from "./program";

const CONFIGURATION = "config:\n  aws:region: eu-west-1\n  fraud:token: hunter2-very-secret\n";
const CHANGED = ["create", "update", "replace", "delete"] as const;

function unchanged({ changes }: RunResult): boolean {
  return CHANGED.every((change) => changes[change] === 0);
}

describe("the provider, on the real engine and MiniStack", function () {
  let emulator: Emulator;
  let bench: Workbench;
  const open = (variant: Variant) => bench.open("whole", program(variant), { configuration: CONFIGURATION });
  const up = async (variant: Variant) => run(await open(variant), "up");

  before(async () => {
    emulator = await startMiniStack();
    bench = new Workbench(emulator.environment);
    await bench.prepare();
  });
  after(async () => {
    await emulator.stop();
    bench.clean();
  });

  it("previews everything as a creation", async () => {
    const { changes, resources } = await run(await open({}), "preview");
    expect(changes.create).to.be.greaterThan(40);
    expect(resources).to.deep.equal([]);
  });

  it("brings everything up, and what stands works", async () => {
    const result = await up({});
    expect(result.changes.create).to.equal(result.resources.length);
    const { url, apiKey, call } = result.outputs;
    expect(apiKey?.secret).to.equal(true);
    const predict = (headers: Record<string, string>, body: string) =>
      fetch(`${String(url?.value)}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
      });
    expect((await predict({}, '{"amount":1}')).status).to.equal(403);
    const key = { "x-api-key": String(apiKey?.value) };
    expect((await predict(key, "{}")).status).to.equal(400);
    const answer = await predict(key, '{"amount":1}');
    expect(answer.status).to.equal(200);
    expect(await answer.json()).to.include({ version: "1" });
    const { body } = JSON.parse(String(call?.value)) as { body: string };
    expect(JSON.parse(body)).to.deep.equal({
      version: "1",
      event: { version: "1", tf: { action: "create", prev_input: null } },
    });
  });

  it("keeps secrets out of the state in clear", () => {
    const state = readFileSync(
      join(bench.directory, "whole", "state", ".pulumi", "stacks", "fraud", "whole.json"),
      "utf8",
    );
    expect(state).to.include("aws:lambda/function:Function");
    expect(state).not.to.include("hunter2");
  });

  it("finds nothing to do when nothing changed", async () => {
    const result = await up({});
    expect(result.steps).to.deep.equal([]);
  });

  it("finds no drift", async () => {
    const result = await run(await open({}), "refresh");
    expect(result.steps).to.deep.equal([]);
    expect(unchanged(await run(await open({}), "preview"))).to.equal(true);
  });

  it("updates in place, and knows it beforehand", async () => {
    const planned = await run(await open({ version: "2" }), "preview");
    const done = await up({ version: "2" });
    expect(done.steps.map(({ op, name }) => [op, name])).to.have.deep.members(
      planned.steps.map(({ op, name }) => [op, name]),
    );
    expect(new Set(done.steps.map(({ op }) => op))).to.deep.equal(new Set(["update"]));
    expect(done.changes.update).to.be.greaterThan(10);
    const { body } = JSON.parse(String(done.outputs["call"]?.value)) as { body: string };
    expect(JSON.parse(body)).to.deep.nested.include({ "event.tf": { action: "update", prev_input: { version: "1" } } });
    expect((await up({ version: "2" })).steps).to.deep.equal([]);
    expect((await run(await open({ version: "2" }), "refresh")).steps).to.deep.equal([]);
  });

  it("replaces a table whose key changes, and a deployment whose triggers change", async () => {
    const before = (await (await open({ version: "2" })).outputs())["table"]?.value as string;
    const result = await up({ version: "2", hashKey: "id", routes: "2" });
    expect(result.changes.replace).to.equal(2);
    expect(result.outputs["table"]?.value).not.to.equal(before);
    expect((await up({ version: "2", hashKey: "id", routes: "2" })).steps).to.deep.equal([]);
  });

  it("finds what was deleted behind its back, and makes it again", async () => {
    const stack = await open({ version: "2", hashKey: "id", routes: "2" });
    const queue = String((await stack.outputs())["queueUrl"]?.value);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const client = new SQSClient({ region: "eu-west-1", endpoint: emulator.endpoint, credentials });
    await client.send(new DeleteQueueCommand({ QueueUrl: queue }));
    const found = await run(stack, "refresh");
    expect(found.steps.map(({ op, name }) => [op, name])).to.deep.include(["delete", "work"]);
    const repaired = await run(stack, "up");
    expect(repaired.steps.map(({ op, name }) => [op, name])).to.deep.include(["create", "work"]);
    expect((await run(stack, "up")).steps).to.deep.equal([]);
  });

  it("finds everything gone after a reset, and brings it up again", async () => {
    const stack = await open({ version: "2" });
    await fetch(`${emulator.endpoint}/_ministack/reset`, { method: "POST" });
    const { resources } = await run(stack, "refresh");
    expect(resources.filter(({ type }) => type.startsWith("aws:")).map(({ type }) => type)).to.deep.equal([]);
    const result = await run(stack, "up");
    expect(result.changes.create).to.be.greaterThan(40);
  });

  it("takes everything down", async () => {
    const { resources, changes } = await run(await open({ version: "2" }), "destroy");
    expect(resources).to.deep.equal([]);
    expect(changes.delete).to.be.greaterThan(40);
  });

  it("names types, properties and settings that it does not have", async () => {
    const refused = async (name: string, make: () => unknown, configuration = CONFIGURATION) => {
      const stack = await bench.open(name, () => Promise.resolve(void make()), { configuration });
      const failure = await run(stack, "preview").catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(EngineError);
      return (failure as EngineError).message;
    };
    const aws = await import("@pulumi/aws");
    expect(await refused("type", () => new aws.ec2.Instance("one", { instanceType: "t3.micro" }))).to.include(
      "resource type aws:ec2/instance:Instance is not supported",
    );
    expect(await refused("property", () => new aws.sns.Topic("t", { archivePolicy: "{}" }))).to.include(
      "property archivePolicy of aws:sns/topic:Topic is not supported",
    );
    const topic = () => new aws.sns.Topic("t");
    expect(await refused("setting", topic, "config:\n  aws:region: eu-west-1\n  aws:httpProxy: http://x\n")).to.include(
      "httpProxy",
    );
  });
});
