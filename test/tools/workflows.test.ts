import { expect } from "chai";
import { globSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";

const ROOT = resolve(__dirname, "..", "..");

interface Job {
  permissions?: Record<string, string>;
  environment?: string;
  uses?: string;
  steps?: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const workflows = globSync(".github/workflows/*.yml", { cwd: ROOT }).map(
  (file) => [basename(file), parse(readFileSync(join(ROOT, file), "utf8")) as Workflow] as const,
);

describe("the workflows", () => {
  for (const [name, workflow] of workflows) {
    it(`${name}: every action by an exact version, no more permissions than it needs`, () => {
      const steps = Object.values(workflow.jobs).flatMap(({ steps = [] }) => steps);
      for (const { uses } of steps) if (uses) expect(uses).to.match(/^[\w-]+\/[\w-]+@v\d+\.\d+\.\d+$/);
      expect(workflow.permissions, "the token's permissions are said").not.to.equal(undefined);
      for (const [what, level] of Object.entries(workflow.permissions ?? {}))
        expect([what, level]).to.deep.equal(["contents", "read"]);
      for (const { run, with: inputs } of steps) {
        // What a pull request's author writes is never pasted into a script.
        expect(`${run ?? ""}${JSON.stringify(inputs?.["script"] ?? "")}`).not.to.match(
          /\$\{\{\s*(github\.event|github\.head_ref|inputs)/,
        );
      }
    });
  }

  it("run a pull request's code without credentials, and write its comment without its code", () => {
    const [preview, comment] = ["preview.yml", "preview-comment.yml"].map((name) => new Map(workflows).get(name));
    expect(preview?.on).to.have.property("pull_request");
    expect(preview?.jobs["offline"]).not.to.have.property("permissions");
    expect(comment?.jobs["comment"]?.permissions).to.deep.equal({ actions: "read", "pull-requests": "write" });
    const used = comment?.jobs["comment"]?.steps?.map(({ uses }) => uses ?? "") ?? [];
    expect(used.some((uses) => uses.includes("checkout"))).to.equal(false);
  });

  it("deploy each stack in an environment of its name, one after the other", () => {
    const deploy = new Map(workflows).get("deploy.yml") as Workflow & { jobs: Record<string, { needs?: string }> };
    expect(Object.entries(deploy.jobs).map(([name, { needs }]) => [name, needs])).to.deep.equal([
      ["dev", undefined],
      ["staging", "dev"],
      ["prod", "staging"],
    ]);
    expect(new Map(workflows).get("deploy-stack.yml")?.jobs["up"]?.environment).to.equal("${{ inputs.stack }}");
  });
});
