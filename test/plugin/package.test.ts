// The components as others get them: a package that is packed, installed, compiled against and run; in Python, a component.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { extract } from "tar";
import ts from "typescript";
import { bundleProvider } from "../../local/provider/bundle";
import { tools } from "../../local/tools";
import project from "../../package.json";
import { OFFERED } from "../../plugin/components";
import { packageSchema } from "../../plugin/schema";
import { pack, writePackage } from "../../tools/package";

const ROOT = resolve(__dirname, "..", "..");

/** Runs a program on Pulumi's mocks, and prints the types of what it made. */
const RUNNER = `
const pulumi = require("@pulumi/pulumi");
const types = [];
void (async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      types.push(type);
      const arn = "arn:aws:service:eu-west-1:123456789012:" + name;
      const role = type === "aws:iam/role:Role" ? "arn:aws:iam::123456789012:role/" + name : arn;
      const mlflow = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1";
      const key = "arn:aws:kms:eu-west-1:123456789012:key/" + name;
      const special = type.endsWith(":MlflowApp") ? mlflow : type.endsWith(":Key") && type.includes("kms") ? key : role;
      const state = { bucket: name, name, ...inputs, arn: special, executionArn: arn, invokeArn: arn, keyId: name, url: "https://sqs.eu-west-1.amazonaws.com/1/" + name, invokeUrl: "https://x", repositoryUrl: "r", rootResourceId: "r", value: inputs.value ?? "v" };
      return { id: name + "-id", state };
    },
    call: ({ token }) => token.includes("getRegion") ? { region: "eu-west-1" } : token.includes("getPartition") ? { partition: "aws" } : token.includes("getParameter") ? { insecureValue: "i" } : { accountId: "123456789012" },
  }, "payments", "dev");
  const made = require("./program.js");
  const table = await new Promise((done) => made.scoringTable.apply(done));
  await pulumi.runtime.waitForRPCs();
  console.log(JSON.stringify({ table, types }));
})();
`;

/** What a program that compiles against the package is told to do with it. */
const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  skipLibCheck: true,
  types: ["node"],
};

describe("the components as a package", function () {
  this.timeout(400_000);
  const directory = mkdtempSync(join(tmpdir(), "package-"));
  const consumer = join(directory, "consumer");
  const installed = join(consumer, "node_modules", "fraud-platform");

  before(async () => {
    await writePackage(join(directory, "package"));
    const file = await pack(join(directory, "package"));
    // What npm would do with it, without a registry: its packages are linked.
    mkdirSync(installed, { recursive: true });
    await extract({ file, cwd: installed, strip: 1 });
    const modules = join(ROOT, "node_modules");
    for (const name of readdirSync(modules).filter((one) => !one.startsWith(".")))
      symlinkSync(join(modules, name), join(consumer, "node_modules", name), "dir");
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("holds nothing of the local cloud, of tests or of tools, and says which packages it needs", () => {
    const folders = readdirSync(installed, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name)).not.to.include.members(["local", "test", "tools", "node_modules"]);
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
      peerDependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies)).to.include.members(["fp-ts", "io-ts"]);
    expect(peerDependencies).to.have.all.keys("@pulumi/aws", "@pulumi/pulumi");
  });

  it("compiles and runs the documented program, and compiles the examples", () => {
    const documented = readFileSync(join(ROOT, "docs", "components.md"), "utf8");
    const parts = [...documented.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
    writeFileSync(join(consumer, "program.ts"), parts.join("\n"));
    const wrong = 'import { Storage } from "fraud-platform";\nnew Storage("storage", { prefix: 7 });\n';
    writeFileSync(join(consumer, "wrong.ts"), wrong);
    writeFileSync(join(consumer, "package.json"), '{"type":"commonjs"}');
    cpSync(join(ROOT, "examples", "consumer", "index.ts"), join(consumer, "index.ts"));
    cpSync(join(ROOT, "examples", "consumer", "parameters.ts"), join(consumer, "parameters.ts"));
    const files = ["program.ts", "wrong.ts", "index.ts", "parameters.ts"].map((name) => join(consumer, name));
    const program = ts.createProgram(files, { ...COMPILER, outDir: consumer });
    const told = ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => [
        file?.fileName.split("/").at(-1),
        ts.flattenDiagnosticMessageText(messageText, "\n"),
      ]);
    expect(told).to.deep.equal([["wrong.ts", "Type 'number' is not assignable to type 'string'."]]);
    program.emit(program.getSourceFile(files[0] ?? ""));
    writeFileSync(join(consumer, "run.js"), RUNNER);
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--preserve-symlinks", "run.js"], {
      cwd: consumer,
      env: { ...process.env, NODE_OPTIONS: "" },
      encoding: "utf8",
    });
    expect(status, stderr).to.equal(0);
    const { table, types } = JSON.parse(stdout) as { table: string; types: string[] };
    expect(table).to.equal("scoring-stream-predictions");
    const six = ["CiPipeline", "TrainingPipeline", "CanaryEndpoint", "MonitorSuite", "InferenceApi", "StreamScorer"];
    expect(types).to.include.members([...six, "FraudPlatform"].map((kind) => `fraud:platform:${kind}`));
  });

  it("has a schema that the generated Python package is made of", () => {
    const schema = packageSchema(project.version);
    expect(JSON.parse(readFileSync(join(installed, "plugin", "schema.json"), "utf8"))).to.deep.equal(schema);
    const generated = readFileSync(join(ROOT, "sdk", "python", "schema.json"), "utf8");
    expect(JSON.parse(generated), "run `npm run build:sdk`").to.deep.equal(schema);
  });

  describe("in a Python program, on the real engine", () => {
    const work = join(directory, "python");
    const engine = dirname(dirname(tools().pulumi));
    const plugin = join(work, "plugin", "pulumi-resource-fraud-platform");

    before(async function () {
      const python = tools().oracles;
      if (python === undefined) this.skip();
      mkdirSync(dirname(plugin), { recursive: true });
      await bundleProvider(join(work, "aws"));
      // What Pulumi's language host for Node does with a folder that has a PulumiPlugin.yaml.
      const host = join(ROOT, "node_modules", "@pulumi", "pulumi", "cmd", "run-plugin");
      writeFileSync(
        plugin,
        `#!/bin/sh\nexport PULUMI_NODEJS_TYPESCRIPT=false\nexec "${process.execPath}" --preserve-symlinks "${host}" "${join(installed, "plugin")}" "$@"\n`,
        { mode: 0o755 },
      );
      writeFileSync(
        join(work, "Pulumi.yaml"),
        JSON.stringify({
          name: "fraud-python",
          runtime: "python",
          backend: { url: pathToFileURL(join(work, "state")).href },
          plugins: {
            providers: [
              { name: "aws", path: join(work, "aws") },
              { name: "fraud-platform", path: dirname(plugin) },
            ],
          },
        }),
      );
      mkdirSync(join(work, "state"));
      writeFileSync(join(work, "Pulumi.test.yaml"), "config:\n  aws:region: eu-west-1\n");
      cpSync(join(ROOT, "sdk", "python"), join(work, "sdk"), { recursive: true });
      const uv = join(dirname(tools().python), "uv");
      const install = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--offline"];
      execFileSync(uv, [...install, "--python", python, "--target", join(work, "site"), join(work, "sdk")]);
    });

    function run(program: string): {
      error?: string;
      outputs: Record<string, { value: unknown; secret: boolean }>;
      resources: { type: string; urn: string; parent: string | null }[];
    } {
      const environment = {
        PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
        HOME: work,
        PYTHONPATH: join(work, "site"),
        PULUMI_HOME: join(work, "home"),
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        AWS_LOCAL_PLAN_ONLY: "1",
        AWS_ENDPOINT_URL: "http://127.0.0.1:9",
        AWS_REGION: "eu-west-1",
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
      };
      const args = [join(__dirname, "run_program.py"), program, work, engine];
      const { stdout, stderr } = spawnSync(tools().oracles ?? "", args, {
        cwd: work,
        env: environment,
        encoding: "utf8",
        maxBuffer: 100_000_000,
      });
      const [last = JSON.stringify({ error: stderr })] = stdout.trim().split("\n").slice(-1);
      return JSON.parse(last || JSON.stringify({ error: stderr })) as ReturnType<typeof run>;
    }

    it("is a component with all that is in it, and tells its outputs, the API key as a secret", () => {
      const { error, outputs, resources } = run(join(ROOT, "examples", "python", "__main__.py"));
      expect(error).to.equal(undefined);
      expect(outputs["table"]?.value).to.match(/^scoring-stream-predictions/);
      expect(outputs["predict_url"]?.value).to.match(/\/predict$/);
      expect(outputs["api_key"]).to.have.property("secret", true);
      const kinds = resources.map(({ type }) => type);
      const six = ["CiPipeline", "TrainingPipeline", "CanaryEndpoint", "MonitorSuite", "InferenceApi", "StreamScorer"];
      expect(kinds).to.include.members(six.map((kind) => `fraud:platform:${kind}`));
      const loose = resources.filter(
        ({ type, parent }) => !type.startsWith("pulumi:") && !parent?.includes("FraudPlatform"),
      );
      expect(loose.map(({ type }) => type)).to.deep.equal(["fraud:platform:FraudPlatform"]);
    });

    it("is each of its components by itself, too, and they take each other", () => {
      const { error, outputs, resources } = run(join(ROOT, "examples", "python-components", "__main__.py"));
      expect(error).to.equal(undefined);
      expect(outputs["predict_url"]?.value).to.match(/\/predict$/);
      expect(outputs["api_key"]).to.have.property("secret", true);
      expect(outputs["delivery"]?.value).to.equal("scoring-ci");
      expect(outputs["monitors_uri"]?.value).to.match(/^s3:\/\/storage-bucket.*\/fraud\/monitor-output$/);
      const ofType = (type: string) => resources.filter((each) => each.type === type);
      for (const kind of Object.keys(OFFERED)) expect(ofType(`fraud:platform:${kind}`), kind).to.have.length(1);
      const [repository] = ofType("aws:ecr/repository:Repository");
      expect(repository?.parent).to.contain("LauncherImage::image");
      expect(ofType("aws:sagemaker/modelPackageGroup:ModelPackageGroup")).to.have.length(1);
    });

    it("refuses arguments of a component that are wrong, by name and with the remedy", () => {
      const program = join(work, "wrong-component.py");
      const text = readFileSync(join(ROOT, "examples", "python-components", "__main__.py"), "utf8");
      const wrong = text
        .replace('"canaryPercent": 50', '"canaryPercent": 500')
        .replace('group_name="scoring"', "group_name=storage.bucket_name");
      writeFileSync(program, wrong);
      const unknown = run(program).error;
      expect(unknown).to.contain('ModelRegistry "registry" cannot be made: groupName has values that come from other');
      writeFileSync(program, wrong.replace("group_name=storage.bucket_name", 'group_name="scoring"'));
      const { error } = run(program);
      expect(error)
        .to.contain('CanaryEndpoint "endpoint" cannot be made')
        .and.to.contain("deployment.rollout.canaryPercent = 500");
    });

    it("refuses a configuration that is wrong, by name and with the remedy", () => {
      const program = join(work, "wrong.py");
      const text = readFileSync(join(ROOT, "examples", "python", "__main__.py"), "utf8");
      writeFileSync(program, text.replace('"trainRatio": 0.6', '"trainRatio": 0.7').replace('"lgbm"', '"lgb"'));
      const { error } = run(program);
      expect(error)
        .to.contain("preprocess.trainRatio")
        .and.to.contain("not exactly 1")
        .and.to.contain("training.algorithm");
    });
  });
});
