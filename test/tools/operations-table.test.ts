import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { projectRoot } from "../../local/tools";
import {
  operationsHere,
  operationsMarkdown,
  withOperations,
  type ServiceOperations,
} from "../../tools/operations-table";

describe("the operations in local/README.md", () => {
  let services: ServiceOperations[];
  before(async () => (services = await operationsHere()));

  it("are those that the services have: else run `npm run docs:operations`", () => {
    const text = readFileSync(join(projectRoot, "local/README.md"), "utf8");
    expect(withOperations(text, operationsMarkdown(services))).to.equal(text);
  });

  it("are refused for reasons that have operations", () => {
    const empty = services.flatMap(({ refused }) => refused.filter(({ operations }) => operations.length === 0));
    expect(empty).to.deep.equal([]);
  });
});
