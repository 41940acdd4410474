import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundleAll } from "../../../functions/bundle";
import program from "../../../index";
import { run, type Step } from "../../../local/engine";
import { Workbench } from "../support/stack";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

/** What becomes of resources: updated, or replaced. Components have nothing of their own. */
function changes(steps: Step[]): string[] {
  const made = steps.filter(
    ({ type, op }) => type.startsWith("aws:") && !["create-replacement", "delete-replaced"].includes(op),
  );
  return made.map(({ type, op }) => `${op} ${type.split(":").at(-1)}`);
}

describe("the platform's own program, on the real engine, planned without a cloud", function () {
  const bench = new Workbench({ AWS_ENDPOINT_URL: "http://127.0.0.1:9" });
  const open = (stack: string, edit: (configuration: string) => string = (text) => text) => {
    const configuration = edit(readFileSync(join(PROJECT_ROOT, `Pulumi.${stack}.yaml`), "utf8"));
    return bench.open(stack, program, { configuration, planOnly: true });
  };
  before(async () => {
    await bundleAll({ outDir: join(PROJECT_ROOT, "dist") });
    await bench.prepare();
  });
  after(() => bench.clean());

  for (const stack of ["dev", "local"]) {
    it(`${stack} comes up, and a second time has nothing to do`, async () => {
      const { changes: made, warnings } = await run(await open(stack), "up");
      expect(made.create).to.be.greaterThan(60);
      expect(warnings).to.deep.equal([]);
      expect((await run(await open(stack), "preview")).steps).to.deep.equal([]);
    });
  }

  it("registers another revision of what launches the jobs, and nothing else, when their instance type changes", async () => {
    const edited = await open("dev", (text) =>
      text.replace("instanceType: ml.m5.xlarge", "instanceType: ml.m5.2xlarge"),
    );
    const { steps } = await run(edited, "preview");
    expect(changes(steps)).to.deep.equal(["replace TaskDefinition"]);
  });

  it("updates the log groups in place when their retention changes", async () => {
    const edited = await open("dev", (text) => text.replace("retentionDays: 7", "retentionDays: 14"));
    const { steps } = await run(edited, "preview");
    expect(new Set(changes(steps))).to.deep.equal(new Set(["update LogGroup"]));
  });
});
