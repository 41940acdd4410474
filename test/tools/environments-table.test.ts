import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { projectRoot } from "../../local/tools";
import { environmentsMarkdown, ENVIRONMENTS, withEnvironments } from "../../tools/environments-table";

describe("the table of environments in docs/environments.md", () => {
  it("is what the configuration files say (else: npm run docs:environments)", () => {
    const text = readFileSync(join(projectRoot, "docs/environments.md"), "utf8");
    expect(text).to.equal(withEnvironments(text, environmentsMarkdown(projectRoot)));
  });

  it("changes with them, and leaves out what they have in common", () => {
    const directory = mkdtempSync(join(tmpdir(), "environments-"));
    try {
      for (const stack of ENVIRONMENTS) {
        cpSync(join(projectRoot, `Pulumi.${stack}.yaml`), join(directory, `Pulumi.${stack}.yaml`));
      }
      const file = join(directory, "Pulumi.prod.yaml");
      writeFileSync(file, readFileSync(file, "utf8").replace(/monthlyUsd: \d+/, "monthlyUsd: 4321"));
      const table = environmentsMarkdown(directory);
      expect(table).to.contain("| `budget.monthlyUsd` | – | 500 | 1500 | 4321 |");
      expect(table).not.to.contain("stream.schema");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("is not written where there are no marks", () => {
    expect(() => withEnvironments("text", "table")).to.throw(/docs:environments/);
  });
});
