import { expect } from "chai";
import { randomInt, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { signal, processesWith } from "../../../local/cloud/process-table";
import { EngineError, run, type RunResult } from "../../../local/engine";
import { program, type Variant } from "../provider/program";
import { Gate } from "../support/gate";
import { startMiniStack, type Emulator } from "../support/ministack";
import { Workbench } from "../support/stack";
import { inventory } from "./inventory";

const CONFIGURATION = "config:\n  aws:region: eu-west-1\n  fraud:token: hunter2-very-secret\n";
/** Set in the environment of the engines and providers of this file. */
const MARKER = "RECOVERY_TEST_ID";
/** How often the engine is killed while it makes everything. Each time costs three runs of it. */
const KILLS = 2;

describe("the engine, killed", function () {
  const id = randomUUID();
  let emulator: Emulator;
  let gate: Gate;
  let bench: Workbench;
  /** How many requests an undisturbed `up` makes. */
  let requests = 0;
  const open = (stack: string, variant: Variant) =>
    bench.open(stack, program(variant), { configuration: CONFIGURATION });

  before(async () => {
    emulator = await startMiniStack();
    gate = new Gate(emulator.endpoint);
    bench = new Workbench({ ...emulator.environment, AWS_ENDPOINT_URL: await gate.open(), [MARKER]: id });
    await bench.prepare();
  });
  after(async () => {
    await gate.close();
    await emulator.stop();
    bench.clean();
  });

  /** Runs `up`, and kills engine and provider once so many requests have been answered; the last answer is lost. */
  async function upKilledAt(stack: string, variant: Variant, count: number): Promise<void> {
    let seen = 0;
    gate.swallows = () => {
      seen++;
      if (seen !== count) return seen > count;
      for (const pid of processesWith(MARKER, id)) signal(pid, "SIGKILL");
      return true;
    };
    const failure: unknown = await run(await open(stack, variant), "up").catch((error: unknown) => error);
    gate.swallows = undefined;
    expect(failure, `up killed at request ${count}`).to.be.instanceOf(EngineError);
  }

  async function expectWhole(stack: string, variant: Variant, done: RunResult, wanted: Record<string, number>) {
    expect(await inventory(emulator)).to.deep.equal(wanted);
    expect(done.resources.map(({ urn }) => urn)).to.have.length(new Set(done.resources.map(({ urn }) => urn)).size);
    expect((await run(await open(stack, variant), "up")).steps).to.deep.equal([]);
  }

  let undisturbed: Record<string, number> = {};

  it("is not, for comparison", async () => {
    gate.swallows = () => (requests++, false);
    const { warnings } = await run(await open("undisturbed", {}), "up");
    gate.swallows = undefined;
    undisturbed = await inventory(emulator);
    expect(Object.values(undisturbed).every((count) => count > 0)).to.equal(true);
    expect(warnings).to.deep.equal([]);
  });

  it("while it described a file of its state: the next up reads the file all the same", async () => {
    const stacks = join(bench.directory, "undisturbed", "state", ".pulumi", "stacks", "fraud");
    for (const half of ["", '{"user.content_type":"text/']) {
      writeFileSync(join(stacks, "undisturbed.json.attrs"), half);
      expect((await run(await open("undisturbed", {}), "up")).steps).to.deep.equal([]);
    }
  });

  for (let kill = 1; kill <= KILLS; kill++) {
    it(`half way through an up (${kill} of ${KILLS}): the next up makes the rest, and nothing twice`, async () => {
      await fetch(`${emulator.endpoint}/_ministack/reset`, { method: "POST" });
      const [from, to] = [kill - 1, kill].map((part) => 1 + Math.floor((part * (requests - 1)) / KILLS));
      const count = randomInt(from ?? 1, to ?? requests);
      const stack = `killed-${kill}-at-${count}`;
      await upKilledAt(stack, {}, count);
      const done = await run(await open(stack, {}), "up");
      expect(done.warnings.join("\n"), `killed at request ${count}`).to.include(
        "the lock of an engine that was killed",
      );
      await expectWhole(stack, {}, done, undisturbed);
    });
  }

  it("half way through an update: a preview still works, and the next up updates the rest", async () => {
    const stack = "killed-updating";
    await fetch(`${emulator.endpoint}/_ministack/reset`, { method: "POST" });
    await run(await open(stack, {}), "up");
    const variant = { version: "2", hashKey: "id", routes: "2" };
    await upKilledAt(stack, variant, randomInt(1, 20));
    const { warnings } = await run(await open(stack, variant), "preview");
    expect(warnings[0]).to.include("the lock of an engine that was killed");
    const done = await run(await open(stack, variant), "up");
    await expectWhole(stack, variant, done, undisturbed);
    expect((await run(await open(stack, variant), "refresh")).steps).to.deep.equal([]);
  });
});
