import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { projectRoot, tools } from "../../local/tools";
import { errorMessages, type ErrorMessage } from "../../tools/error-messages";
import { REMEDIES } from "../../tools/error-remedies";
import { errorsDocument, remedyOf } from "../../tools/errors-table";

describe("the errors in docs/errors.md", function () {
  this.timeout(60_000);
  let messages: ErrorMessage[];

  before(() => (messages = errorMessages(tools().python)));

  it("are those that the code has: else run `npm run docs:errors`", () => {
    const written = readFileSync(join(projectRoot, "docs", "errors.md"), "utf8");
    expect(written).to.equal(errorsDocument(messages));
  });

  it("are found in components, configuration, delivery, functions, pipeline and jobs", () => {
    const has = (file: string, text: string) =>
      expect(messages.filter((each) => each.file === file).map(({ message }) => message)).to.include(text);
    has("components/inference-api.ts", "api.keys names no key: give one at least");
    has("jobs/preprocess/borders.py", "split ratios must sum to exactly 1: … + … + … = …");
    const folders = new Set(messages.map(({ file }) => file.split("/")[0]));
    expect([...folders].sort()).to.deep.equal(["components", "config", "delivery", "functions", "jobs", "pipeline"]);
  });

  it("have each something that can be done, and nothing is said of errors that are no more", () => {
    expect(messages.filter((each) => remedyOf(each) === undefined)).to.deep.equal([]);
    const used = new Set(messages.map(remedyOf));
    expect(REMEDIES.filter((remedy) => !used.has(remedy)).map(({ pattern }) => String(pattern))).to.deep.equal([]);
  });
});
