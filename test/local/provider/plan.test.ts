import { expect } from "chai";
import { run } from "../../../local/engine";
import { Workbench } from "../support/stack";
import { program, type Variant } from "./program";

const CONFIGURATION = "config:\n  aws:region: eu-west-1\n  fraud:token: t\n";

describe("plans without a cloud", function () {
  const bench = new Workbench({
    AWS_ENDPOINT_URL: "http://127.0.0.1:9",
    AWS_ACCESS_KEY_ID: "t",
    AWS_SECRET_ACCESS_KEY: "t",
  });
  const open = (variant: Variant) =>
    bench.open("plan", program(variant), { configuration: CONFIGURATION, planOnly: true });

  before(() => bench.prepare());
  after(() => bench.clean());

  it("brings a base up, and shows exactly what a head would change", async () => {
    const { changes } = await run(await open({}), "up");
    expect(changes.create).to.be.greaterThan(40);
    expect((await run(await open({}), "preview")).steps).to.deep.equal([]);
    const head = await run(await open({ hashKey: "id" }), "preview");
    expect(
      head.steps.filter(({ op }) => op === "replace").map(({ name, differences }) => [name, differences]),
    ).to.deep.equal([["rows", { hashKey: "update-replace", "attributes[0].name": "update" }]]);
    const env = await run(await open({ version: "2" }), "preview");
    const updated = env.steps.find(({ type }) => type === "aws:lambda/function:Function");
    expect(updated?.differences).to.deep.equal({ "environment.variables.VERSION": "update" });
  });
});
