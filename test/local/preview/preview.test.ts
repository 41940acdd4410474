import { expect } from "chai";
import { isRight } from "fp-ts/Either";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { preview } from "../../../local/preview/preview";
import { PreviewReport } from "../../../local/preview/report";
import { markdown } from "../../../local/preview/text";
import { headTree, PreviewError } from "../../../local/preview/trees";
import { EngineError } from "../../../local/engine";
import { tools } from "../../../local/tools";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

describe("the preview of a stack, by the real engine", function () {
  this.timeout(240_000);
  const directory = mkdtempSync(join(tmpdir(), "previews-"));
  let project: string;

  /** A checkout of its own, so that it can be changed: a repository with what is in this one now as its first commit. */
  before(async () => {
    const tree = await headTree(PROJECT_ROOT, join(directory, "origin"));
    project = tree.directory;
    rmSync(join(project, "node_modules"));
    git("init", "--quiet");
    git("add", "--all");
    commit("base");
    symlinkSync(join(PROJECT_ROOT, "node_modules"), join(project, "node_modules"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  afterEach(() => git("checkout", "--quiet", "--force", "main"));

  function git(...args: string[]): string {
    return execFileSync("git", args, { cwd: project, encoding: "utf8" }).trim();
  }
  function commit(message: string): void {
    const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    git(...author, "commit", "--quiet", "--message", message);
    if (message === "base") git("branch", "--force", "--move", "main");
  }
  function edit(file: string, from: string | RegExp, to: string): void {
    const path = join(project, file);
    const text = readFileSync(path, "utf8");
    const edited = text.replace(from, to);
    expect(edited, `${file} has no ${String(from)}`).not.to.equal(text);
    writeFileSync(path, edited);
  }
  const look = (stack: string, base?: string) =>
    preview({ project, stack, base, directory: join(directory, "store"), pulumiBinary: tools().pulumi });
  const changed = ({ steps }: PreviewReport) =>
    steps
      .filter(({ type }) => type.startsWith("aws:"))
      .map(({ op, urn, differences }) => [op, urn.split("::").at(-1), Object.keys(differences)]);

  /** What a promise is rejected with. */
  const rejection = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => expect.fail("it was fulfilled"),
      (error: unknown) => error,
    );

  for (const stack of ["prod", "staging", "dev", "local"]) {
    it(`${stack}: every resource, all inputs known, no mandatory policy violated`, async () => {
      const report = await look(stack);
      expect(isRight(PreviewReport.decode(JSON.parse(JSON.stringify(report))))).to.equal(true);
      expect(report.policy.filter(({ enforcement }) => enforcement === "mandatory")).to.deep.equal([]);
      expect(report.changes.create).to.equal(report.resources.length).and.to.be.greaterThan(100);
      expect(report.changes).to.include({ update: 0, replace: 0, delete: 0, same: 0 });
      const text = JSON.stringify(report);
      expect(text).not.to.contain("[computed]");
      expect(text).not.to.contain(directory).and.not.to.contain(PROJECT_ROOT);
      if (stack === "dev") expect(text).to.equal(JSON.stringify(await look(stack)));
    });
  }

  it("shows nothing where nothing changed, and one changed resource as exactly that", async () => {
    const before = await look("prod", "main");
    expect(before.steps).to.deep.equal([]);
    expect(before.changes.same).to.equal(before.resources.length);
    edit("Pulumi.prod.yaml", "quotaPerDay: 5000000", "quotaPerDay: 6000000");
    const report = await look("prod", "main");
    expect(changed(report)).to.deep.equal([["update", "api-client", ["quotaSettings.limit"]]]);
    expect(report.base).to.equal(git("rev-parse", "main"));
    expect(markdown(report))
      .to.contain("InferenceApi: 1")
      .and.to.contain("! apigateway.UsagePlan api-client: quotaSettings.limit");
  });

  it("compares code as well as configuration, and with what it takes each to replace, and what it costs", async () => {
    edit("Pulumi.prod.yaml", "minCapacity: 4", "minCapacity: 5");
    edit("components/storage.ts", "deletionWindowInDays: 30", "deletionWindowInDays: 20");
    edit("functions/inference-health/handler.ts", /$/, '\nconsole.log("a line more");\n');
    const report = await look("prod", "main");
    const ops = new Map(changed(report).map(([op, name, paths]) => [`${String(op)} ${String(name)}`, paths]));
    expect(ops.get("update storage-key")).to.deep.equal(["deletionWindowInDays"]);
    expect(ops.get("update api-health-function")).to.deep.equal(["code"]);
    expect(ops.get("update endpoint-deploy-function")).to.deep.equal(["environment.variables.ENDPOINT_INSTANCE_COUNT"]);
  });

  it("says what a mandatory policy forbids, with all the rest of the preview", async () => {
    edit("Pulumi.prod.yaml", "retentionDays: 365", "retentionDays: 30");
    const report = await look("prod", "main");
    const violations = report.policy.filter(({ policy }) => policy === "kept-logs");
    expect(violations).to.have.length.greaterThan(5);
    expect(violations[0]).to.deep.include({
      enforcement: "mandatory",
      message: "keeps events 30 days, and prod wants 365: raise logs.retentionDays",
    });
    expect(report.changes.update).to.equal(violations.length);
    expect(markdown(report)).to.contain("**Blocked**");
  });

  it("says what is wrong with a program or a request", async () => {
    expect(await rejection(look("nowhere")))
      .to.be.instanceOf(PreviewError)
      .with.property("message", "There is no stack nowhere: Pulumi.nowhere.yaml does not exist.");
    const unknown = await rejection(look("dev", "no-such-branch"));
    expect(unknown)
      .to.be.instanceOf(PreviewError)
      .with.property("message")
      .that.contains("--base no-such-branch is no commit");
    edit("Pulumi.dev.yaml", "minCapacity: 1", "minCapacity: 9");
    expect(await rejection(look("dev")))
      .to.be.instanceOf(EngineError)
      .with.property("message")
      .that.contains("maxCapacity");
  });

  it("opens no connection, takes no credentials, and tells its outcome by its exit code", () => {
    const environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: directory,
      HTTPS_PROXY: "http://127.0.0.1:9",
      HTTP_PROXY: "http://127.0.0.1:9",
      PULUMI_BACKEND_URL: "s3://nobody-can-reach-this",
    };
    const cli = join(PROJECT_ROOT, "local", "preview", "cli.ts");
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ["--import", "tsx", cli, ...args], {
        cwd: PROJECT_ROOT,
        env: environment,
        encoding: "utf8",
      });
    const told = run("--stack", "dev", "--json");
    expect(told.stderr).to.equal("");
    expect(told.status).to.equal(0);
    expect(isRight(PreviewReport.decode(JSON.parse(told.stdout)))).to.equal(true);
    const failed = run("--stack", "nowhere");
    expect(failed.status).to.equal(1);
    expect(failed.stderr).to.contain("There is no stack nowhere");
  });
});
