import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { bundleAll, functionNames, type Bundle } from "../../functions/bundle";

describe("the bundles", function () {
  const directory = mkdtempSync(path.join(tmpdir(), "bundles-"));
  let bundles: Bundle[];
  before(async () => {
    bundles = await bundleAll({ outDir: path.join(directory, "one") });
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("are one for each function, and the launcher with what it uploads beside it", async () => {
    expect(bundles.map(({ name }) => name)).to.deep.equal([...(await functionNames()), "launcher"]);
    expect(await functionNames()).to.deep.equal([
      "authorize",
      "compare-shadow",
      "deploy-model",
      "find-champion",
      "gate-model",
      "inference",
      "inference-health",
      "launch-soon",
      "merge-labels",
      "promote-model",
      "reconcile-monitors",
      "register-model",
      "request-deployment",
      "run-monitor",
      "run-pipeline",
      "scorer",
      "settle-deployment",
      "settle-monitor",
      "teardown",
    ]);
    for (const folder of ["jobs/preprocess", "models"]) {
      expect(existsSync(path.join(directory, "one", "launcher", folder)), folder).to.equal(true);
    }
  });

  it("have the same bytes when they are built again, elsewhere", async () => {
    const again = await bundleAll({ outDir: path.join(directory, "two") });
    for (const [index, { name, file }] of again.entries()) {
      const first = bundles[index];
      expect(readFileSync(file).equals(readFileSync(first?.file ?? "")), name).to.equal(true);
    }
  });

  it("hold only what runs in Lambda; the launcher keeps the whole credential chain", () => {
    for (const { name, parts } of bundles) {
      const chain = parts.some(({ source }) => source.includes("credential-provider-sso"));
      expect(chain, name).to.equal(name === "launcher");
    }
  });

  // What all clients share is 130 kB, S3's client with its checksums and XML 80 kB more.
  it("are at most 300 kB, but for those that have S3's client and others", () => {
    const tooLarge = bundles.filter(({ bytes, name }) => bytes > 300_000 && name !== "launcher");
    expect(tooLarge.map(({ name }) => name)).to.deep.equal([
      "compare-shadow",
      "deploy-model",
      "merge-labels",
      "promote-model",
      "reconcile-monitors",
      "scorer",
      "settle-monitor",
    ]);
    for (const { bytes, name } of tooLarge) expect(bytes, name).to.be.below(420_000);
  });
});
