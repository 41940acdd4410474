import { expect } from "chai";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { Lifecycle } from "../../../../local/provider/lifecycle";
import { TYPES } from "../../../../local/provider/types";
import { startMiniStack, type Emulator } from "../../support/ministack";
import { startLocalServer } from "../../support/server";
import { EXAMPLES, ownInputs } from "./all";
import type { Scenario } from "./examples";
import { LASTING, LOCAL_CLOUD, UNFINDABLE, UNREADABLE } from "./exceptions";
import { lead, type Outcome } from "./life";
import { urnOf, World } from "./world";

const lifecycle = new Lifecycle(TYPES, {
  account: "123456789012",
  region: "eu-west-1",
  planOnly: false,
  defaultTags: {},
});

function isReplaced(type: string, input: string): boolean {
  return lifecycle.consequence(urnOf(type, "x"), input, {}) === "replace";
}

/** Inputs of a type that no scenario changes. One that is changed in place must also be there from the beginning. */
function withoutExample(type: string, scenarios: Scenario[]): string[] {
  const changes = scenarios.flatMap(({ inputs, others, together = [] }) =>
    [others, ...together].flatMap((change) =>
      Object.keys(change).filter((input) => input in inputs || isReplaced(type, input)),
    ),
  );
  return (TYPES[type]?.inputs ?? []).filter((input) => !changes.includes(input));
}

/** Inputs of a scenario that the local cloud has otherwise than AWS. */
function defectsOf(type: string, { inputs, others }: Scenario): string[] {
  return Object.keys(others).filter((input) => `${type}.${input}` in LOCAL_CLOUD && input in inputs);
}

function without(properties: object, names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));
}

describe("every type keeps its contract: create, read, update, replace, delete", function () {
  const outside = { ...process.env };
  let ministack: Emulator;
  let server: Emulator;
  let world: World;
  before(async () => {
    ministack = await startMiniStack();
    server = await startLocalServer(ministack);
    Object.assign(process.env, server.environment);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const options = { region: "eu-west-1", endpoint: server.endpoint, credentials };
    world = new World(lifecycle, {
      s3: new S3Client({ ...options, forcePathStyle: true }),
      lambda: new LambdaClient(options),
    });
  });
  after(async () => {
    for (const name of Object.keys(server.environment)) {
      const value = outside[name];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await server.stop();
    await ministack.stop();
  });

  for (const type of Object.keys(TYPES)) {
    it(type, async () => {
      const scenarios = (await EXAMPLES[type]?.(world)) ?? [];
      expect(withoutExample(type, scenarios), "inputs without an example").to.deep.equal([]);
      const outcomes: Outcome[] = [];
      for (const scenario of scenarios) {
        const defects = defectsOf(type, scenario);
        const sound = {
          ...scenario,
          inputs: without(scenario.inputs, defects),
          others: without(scenario.others, defects),
        };
        if (Object.keys(sound.others).length > 0) outcomes.push(await lead(lifecycle, type, sound));
        for (const input of defects) {
          const { problems, unseen } = await lead(lifecycle, type, {
            inputs: scenario.inputs,
            others: { [input]: scenario.others[input] },
          });
          expect(problems.length > 0 || unseen.has(input), `the local cloud now has, as AWS, ${input}`).to.equal(true);
        }
      }
      expect(outcomes.flatMap(({ problems }) => problems)).to.deep.equal([]);
      const unseen = new Set(outcomes.flatMap((outcome) => [...outcome.unseen]));
      for (const input of ownInputs(type)) unseen.delete(input);
      const unreadable = Object.keys(UNREADABLE).filter((path) => path.startsWith(`${type}.`));
      expect(
        [...unseen].map((input) => `${type}.${input}`),
        "inputs that reading does not see",
      ).to.have.members(unreadable);
      expect(outcomes.map(({ findable }) => findable)).not.to.include(type in UNFINDABLE);
      expect(
        outcomes.some(({ remains }) => remains),
        "is there after its deletion",
      ).to.equal(type in LASTING);
    });
  }

  it("has exceptions of types and inputs that there are", () => {
    const inputs = Object.entries(TYPES).flatMap(([type, definition]) =>
      definition.inputs.map((one) => `${type}.${one}`),
    );
    expect(inputs).to.include.members([...Object.keys(LOCAL_CLOUD), ...Object.keys(UNREADABLE)]);
    expect(Object.keys(TYPES)).to.include.members([...Object.keys(LASTING), ...Object.keys(UNFINDABLE)]);
    expect(Object.keys(EXAMPLES)).to.have.members(Object.keys(TYPES));
  });
});
