import { expect } from "chai";
import { isRight } from "fp-ts/Either";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { preview } from "../../../local/preview/preview";
import { PreviewReport } from "../../../local/preview/report";
import { markdown } from "../../../local/preview/text";
import { headTree, PreviewError } from "../../../local/preview/trees";
import { templateOf, type Template } from "./template";
import { EngineError } from "../../../local/engine";
import { tools } from "../../../local/tools";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

/** A resource with a wrong value of each class, all of which the compiler takes; the last is as it should be. */
const WRONG_PROGRAM = `
import * as aws from "@pulumi/aws";

export = () => {
  const trust = (service: string) => JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
  const code = { runtime: "nodejs22.x", handler: "index.handler", role: "arn:aws:iam::123456789012:role/r" };
  new aws.lambda.Function("enum", { ...code, runtime: "nodejs99.x" });
  new aws.lambda.Function("length", { ...code, name: "f".repeat(70) });
  new aws.lambda.Function("arn", { ...code, role: "role/r" });
  new aws.s3.Bucket("pattern", { bucket: "Upper_Case" });
  new aws.cloudwatch.EventRule("cron", { scheduleExpression: "cron(0 1)" });
  new aws.ec2.Vpc("cidr", { cidrBlock: "10.0.0.0/33" });
  new aws.iam.Role("policy", { assumeRolePolicy: "{" });
  new aws.cloudwatch.LogGroup("retention", { retentionInDays: 366 });
  new aws.iam.Role("right", { assumeRolePolicy: trust("lambda.amazonaws.com") });
  return Promise.resolve({});
};
`;
const WRONG: Record<string, RegExp> = {
  enum: /'enum': property runtime .*"nodejs99.x" is not one of/,
  length: /'length': property name .*70 characters long, the maximum is 64/,
  ARN: /'arn': property role .*"role\/r" does not match/,
  pattern: /'pattern': property bucket .*not a bucket name/,
  cron: /'cron': property scheduleExpression .*cron\(0 1\)/,
  CIDR: /'cidr': property cidrBlock .*10\.0\.0\.0\/33/,
  "policy JSON": /'policy': property assumeRolePolicy .*not a JSON document/,
  "retention days": /'retention': property retentionInDays .*366, not one of/,
};

/** What parliament's copy of AWS's reference is too old to know, or knows less well than AWS's pages. */
const NEWER = [
  "UNKNOWN_ACTION: Unknown action sagemaker:CallMlflowAppApi",
  // Log groups are resources of it by now.
  "RESOURCE_MISMATCH: [{'action': 'logs:DescribeLogGroups', 'required_format': '*'}]",
  // The service's new name is in the ARNs of its connections, and both names are in what is asked for.
  "RESOURCE_MISMATCH: [{'action': 'codestar-connections:UseConnection', 'required_format': 'arn:*:codestar-connections:*:*:connection/*'}]",
  // Of a cluster without container instances, which Fargate's are, there is none to name: a condition names the cluster.
  "RESOURCE_STAR: ['ecs:ListTasks']",
];

/** One template of what all the stacks declare; what differs only by the stack's name and by made-up ids is there once. */
function merged(reports: readonly PreviewReport[]): ReturnType<typeof templateOf> {
  const all: ReturnType<typeof templateOf> = {
    template: { AWSTemplateFormatVersion: "2010-09-09", Resources: {} },
    unknown: [],
  };
  const seen = new Set<string>();
  for (const { stack, resources, cost } of reports) {
    const { template, unknown } = templateOf(resources, cost.region);
    all.unknown.push(...unknown);
    for (const [name, resource] of Object.entries(template.Resources)) {
      const alike = JSON.stringify(resource)
        .replaceAll(stack, "")
        .replace(/[0-9a-f]{7,}/g, "");
      if (!seen.has(alike)) all.template.Resources[`${stack}${name}`] = resource;
      seen.add(alike);
    }
  }
  return all;
}

/** Names of the resources that cfn-lint finds errors in, after what it says of those that are not wrong on purpose. */
function lint(template: Template, directory: string): string[] {
  const file = join(directory, "template.json");
  writeFileSync(file, JSON.stringify(template));
  const command = join(dirname(tools().python), "cfn-lint");
  const { stdout, stderr } = spawnSync(command, ["--template", file, "--regions", "eu-west-1", "--format", "json"], {
    encoding: "utf8",
    maxBuffer: 100_000_000,
  });
  const matches = JSON.parse(stdout || "[]") as {
    Level: string;
    Message: string;
    Location: { Path: (string | number)[] };
  }[];
  expect(stderr).to.equal("");
  const errors = matches.filter(({ Level }) => Level === "Error");
  const names = [...new Set(errors.map(({ Location }) => String(Location.Path[1])))].sort();
  const told = errors.filter(({ Location }) => !String(Location.Path[1]).startsWith("Wrong"));
  expect(told.map(({ Location, Message }) => `${Location.Path.join(".")}: ${Message}`)).to.deep.equal([]);
  return names;
}

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
  function lineOf(file: string, text: string): number {
    return readFileSync(join(project, file), "utf8").split(text)[0]?.split("\n").length ?? 0;
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

  /** What each stack declares. */
  const reports: PreviewReport[] = [];

  for (const stack of ["prod", "staging", "dev", "local"]) {
    it(`${stack}: every resource, all inputs known, no mandatory policy violated`, async () => {
      const report = await look(stack);
      reports.push(report);
      expect(isRight(PreviewReport.decode(JSON.parse(JSON.stringify(report))))).to.equal(true);
      expect(report.policy.filter(({ enforcement }) => enforcement === "mandatory")).to.deep.equal([]);
      expect(report.changes.create).to.equal(report.resources.length).and.to.be.greaterThan(100);
      expect(report.changes).to.include({ update: 0, replace: 0, delete: 0, same: 0 });
      expect(JSON.stringify(report.cost), "the endpoint's instances").to.contain("sagemaker:hosting:ml.");
      const text = JSON.stringify(report);
      expect(text).not.to.contain("[computed]");
      expect(text).not.to.contain(directory).and.not.to.contain(PROJECT_ROOT);
      if (stack === "dev") expect(text).to.equal(JSON.stringify(await look(stack)));
    });
  }

  it("declares nothing that CloudFormation's own linter finds an error in", () => {
    const { template, unknown } = merged(reports);
    expect(unknown).to.deep.equal([]);
    expect(Object.keys(template.Resources)).to.have.length.greaterThan(100);
    // It would find one: a value of each class is wrong in these.
    template.Resources["WrongRetention"] = { Type: "AWS::Logs::LogGroup", Properties: { RetentionInDays: 366 } };
    template.Resources["WrongSchedule"] = {
      Type: "AWS::Events::Rule",
      Properties: { ScheduleExpression: "cron(0 1)" },
    };
    expect(lint(template, directory)).to.deep.equal(["WrongRetention", "WrongSchedule"]);
  });

  it("declares no IAM document that parliament finds something wrong with", function () {
    const { oracles } = tools();
    if (oracles === undefined) this.skip();
    const documents = reports.flatMap(({ stack, resources }) =>
      resources
        .filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy")
        .map(({ urn, inputs }) => [`${stack} ${urn.split("::").at(-1)}`, inputs["policy"]]),
    );
    expect(documents).to.have.length.greaterThan(50);
    const wrong = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:GetObjects", Resource: "*" }],
    });
    const input = JSON.stringify(Object.fromEntries([...documents, ["wrong", wrong]]));
    const { stdout, stderr } = spawnSync(oracles, [join(__dirname, "check_policies.py")], { input, encoding: "utf8" });
    const found = Object.entries(
      JSON.parse(stdout || JSON.stringify({ stderr: [stderr] })) as Record<string, string[]>,
    );
    const problems = found.flatMap(([name, each]) =>
      each.filter((problem) => !NEWER.includes(problem)).map((problem) => [name, problem]),
    );
    expect(problems).to.deep.equal([["wrong", "UNKNOWN_ACTION: Unknown action s3:GetObjects"]]);
  });

  it("shows nothing where nothing changed, and one changed resource as exactly that", async () => {
    const before = await look("prod", "main");
    expect(before.steps).to.deep.equal([]);
    expect(before.changes.same).to.equal(before.resources.length);
    edit("Pulumi.prod.yaml", "quotaPerDay: 5000000", "quotaPerDay: 6000000");
    const report = await look("prod", "main");
    expect(changed(report)).to.deep.equal([["update", "api-clients", ["quotaSettings.limit"]]]);
    expect(report.base).to.equal(git("rev-parse", "main"));
    expect(markdown(report))
      .to.contain("InferenceApi: 1")
      .and.to.contain("! apigateway.UsagePlan api-clients: quotaSettings.limit");
  });

  it("compares code as well as configuration", async () => {
    edit("Pulumi.prod.yaml", "minCapacity: 4", "minCapacity: 5");
    edit("components/storage.ts", "deletionWindowInDays: 30", "deletionWindowInDays: 20");
    edit("functions/inference-health/handler.ts", /$/, '\nconsole.log("a line more");\n');
    const report = await look("prod", "main");
    const ops = new Map(changed(report).map(([op, name, paths]) => [`${String(op)} ${String(name)}`, paths]));
    expect(ops.get("update storage-key")).to.deep.equal(["deletionWindowInDays"]);
    expect(ops.get("update api-health-function")).to.deep.equal(["code"]);
    expect(ops.get("update endpoint-deploy-function")).to.deep.equal(["environment.variables.ENDPOINT_SETTINGS"]);
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

  it("names each value that is wrong, of every class, in one preview", async () => {
    writeFileSync(join(project, "index.ts"), WRONG_PROGRAM);
    const failure = await rejection(look("dev"));
    expect(failure).to.be.instanceOf(EngineError);
    const { diagnostics } = failure as EngineError;
    for (const [kind, told] of Object.entries(WRONG)) {
      expect(
        diagnostics.filter((line) => told.test(line)),
        `${kind}: ${diagnostics.join("\n")}`,
      ).to.have.length(1);
    }
    expect(diagnostics).to.have.length(Object.keys(WRONG).length);
  });

  it("names the lines of a program that is broken", async () => {
    const from = "Promise.resolve(platform(readStackConfig()))";
    const place = `index.ts:${lineOf("index.ts", from)}:`;
    edit("index.ts", from, '{ platform(readStackConfig()); throw new Error("broken"); }');
    const thrown = await rejection(look("dev"));
    expect(thrown)
      .to.be.instanceOf(EngineError)
      .with.property("message")
      .that.matches(/Error: broken\n/)
      .and.contains(place);
    edit("index.ts", '"broken"', '"broken');
    expect(await rejection(look("dev")))
      .to.be.instanceOf(PreviewError)
      .with.property("message")
      .that.matches(/^index.ts does not compile:\n/)
      .and.contains(place);
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
