import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EngineError, openStack, run } from "../../../local/engine";
import { Workbench } from "../support/stack";

const CONFIGURATION = `config:
  aws:region: eu-west-1
  fraud:deployment:
    endpointName: fraud
    rollout: { type: canary, canaryPercent: 10 }
  fraud:tags:
    team: risk
`;

/** Nothing listens there, and nothing has to: the stacks are only planned. */
const bench = new Workbench({ AWS_ENDPOINT_URL: "http://127.0.0.1:9" });
const open = (stack: string, program: pulumi.automation.PulumiFn) =>
  bench.open(stack, program, { configuration: CONFIGURATION, planOnly: true });

describe("the engine", function () {
  before(() => bench.prepare());
  after(() => bench.clean());

  it("gives the program the configuration file's structure, under the project's name", async () => {
    const stack = await open("config", () => {
      const config = new pulumi.Config("fraud");
      return Promise.resolve({
        project: pulumi.getProject(),
        stack: pulumi.getStack(),
        deployment: config.requireObject<object>("deployment"),
        keys: Object.keys(pulumi.runtime.allConfig()).filter((name) => name.startsWith("fraud:")),
        region: aws.getRegionOutput().region,
      });
    });
    const { outputs } = await run(stack, "up");
    const values = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value as unknown]));
    expect(values).to.deep.equal({
      project: "fraud",
      stack: "config",
      deployment: { endpointName: "fraud", rollout: { type: "canary", canaryPercent: 10 } },
      keys: ["fraud:deployment", "fraud:tags"],
      region: "eu-west-1",
    });
  });

  it("leaves the configuration file as it is, and its own copy's salt too", async () => {
    const program = () => Promise.resolve({ secret: pulumi.secret("hunter2") });
    const copy = join(bench.directory, "salt", "work", "Pulumi.salt.yaml");
    await run(await open("salt", program), "up");
    const first = readFileSync(copy, "utf8");
    expect(first).to.include("encryptionsalt:").and.include("canaryPercent");
    const { outputs } = await run(await open("salt", program), "up");
    expect(outputs["secret"]).to.deep.equal({ value: "hunter2", secret: true });
    expect(/encryptionsalt:.*/.exec(readFileSync(copy, "utf8"))?.[0]).to.equal(/encryptionsalt:.*/.exec(first)?.[0]);
    expect(readFileSync(join(bench.directory, "Pulumi.salt.yaml"), "utf8")).to.equal(CONFIGURATION);
  });

  it("tells what it does, and what stands afterwards: components with their children", async () => {
    class Pair extends pulumi.ComponentResource {
      constructor(name: string, seconds: number) {
        super("fraud:test:Pair", name);
        new aws.sqs.Queue(`${name}-queue`, { delaySeconds: seconds }, { parent: this });
        this.registerOutputs();
      }
    }
    const program = (seconds: number) => () => Promise.resolve(void new Pair("pair", seconds));
    const seen: [string, string][] = [];
    const { resources, steps, seconds } = await run(await open("tree", program(1)), "up", {
      onResource: (name, op) => seen.push([name, op]),
    });
    expect(seen).to.have.deep.members([
      ["fraud-tree", "create"],
      ["pair", "create"],
      ["pair-queue", "create"],
    ]);
    expect(steps.map(({ name, type }) => [name, type])).to.deep.include(["pair", "fraud:test:Pair"]);
    const queue = resources.find(({ type }) => type === "aws:sqs/queue:Queue");
    expect(resources.find(({ urn }) => urn === queue?.parent)?.type).to.equal("fraud:test:Pair");
    expect(seconds).to.be.greaterThan(0);
    const changed = await run(await open("tree", program(2)), "preview");
    expect(changed.steps.map(({ op, name, differences }) => ({ op, name, differences }))).to.deep.equal([
      { op: "update", name: "pair-queue", differences: { delaySeconds: "update" } },
    ]);
    expect(changed.changes).to.deep.equal({ create: 0, update: 1, replace: 0, delete: 0, same: 2 });
  });

  it("takes relative paths of assets from the program's directory", async () => {
    const program = (path: string) => () => {
      const code = new pulumi.asset.AssetArchive({ "package.json": new pulumi.asset.FileAsset(path) });
      new aws.lambda.Function("f", {
        role: "arn:aws:iam::123456789012:role/r",
        runtime: "nodejs22.x",
        handler: "i.h",
        code,
      });
      return Promise.resolve();
    };
    expect((await run(await open("asset", program("package.json")), "preview")).changes.create).to.equal(2);
    const missing: unknown = await run(await open("asset", program("no-such-file")), "preview").catch(
      (error: unknown) => error,
    );
    expect(String(missing)).to.include("no-such-file");
  });

  it("fails with what the program or the engine says, without the engine's decoration", async () => {
    const stack = await open("fails", () => Promise.reject(new Error("the ratios sum to 1.01")));
    const failure: unknown = await run(stack, "up").catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(EngineError);
    expect((failure as EngineError).operation).to.equal("up");
    expect((failure as EngineError).message)
      .to.match(/^pulumi up failed:\n/)
      .and.include("the ratios sum to 1.01");
    expect((failure as EngineError).message).not.to.include("<{%");
  });

  it("names a configuration or an engine that is missing", async () => {
    const directory = join(bench.directory, "missing");
    const options = {
      stack: "s",
      program: () => Promise.resolve(),
      environment: {},
      pluginDirectory: directory,
      directory,
    };
    const configFile = join(bench.directory, "Pulumi.tree.yaml");
    const failures = await Promise.all([
      openStack({ ...options, configFile: "/nowhere.yaml", pulumiBinary: "/nowhere" }).catch(String),
      openStack({ ...options, configFile, pulumiBinary: "/nowhere/bin/pulumi" }).catch(String),
    ]);
    expect(failures[0]).to.include("no stack configuration at /nowhere.yaml");
    expect(failures[1]).to.include("no Pulumi engine at /nowhere/bin/pulumi");
  });
});
