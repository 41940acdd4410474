import { cp, glob, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { chooseRawDataKey, findRoot, launch, readLegitimateWeight } from "../../pipeline/launch";
import { exitCodes, type LaunchLine } from "../../pipeline/outcome";
import { sparkConfiguration } from "../../pipeline/spark-cluster";
import { FakeCloud, OWN_EXECUTION, type Look } from "./fake-cloud";
import { rawSettings, rdsSource } from "./samples";

const projectRoot = path.resolve(__dirname, "../..");

/** As the build leaves the wheels of every lock, but for what is in them. */
async function downloadNothing(locks: string, wheels: string): Promise<void> {
  for await (const lock of glob("*/*.lock", { cwd: locks })) {
    const folder = path.join(wheels, lock.replace(/\.lock$/, ""));
    await mkdir(folder, { recursive: true });
    await cp(path.join(locks, lock), path.join(folder, "requirements.lock"));
    await writeFile(path.join(folder, "a-1-py3-none-any.whl"), lock);
  }
}

describe("launch", () => {
  let root: string;
  let cloud: FakeCloud;
  let lines: LaunchLine[];

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "launch-"));
    await cp(path.join(projectRoot, "jobs"), path.join(root, "jobs"), { recursive: true });
    await cp(path.join(projectRoot, "models"), path.join(root, "models"), { recursive: true });
    await downloadNothing(path.join(root, "jobs", "wheels"), path.join(root, "wheels"));
    cloud = new FakeCloud();
    cloud.objects.set("fraud/raw/creditcard.csv", Buffer.from("Time,V1"));
    lines = [];
  });
  afterEach(() => rm(root, { recursive: true }));

  const run = (environment: Readonly<Record<string, string>> = {}, follow = false) =>
    launch({
      environment: { LAUNCH_SETTINGS: JSON.stringify(rawSettings), ...environment },
      root,
      follow,
      s3: cloud.s3,
      sagemaker: cloud.sagemaker,
      print: (line) => lines.push(line),
      sleep: () => Promise.resolve(),
      // What it started has ended before the next one begins.
    }).finally(() => cloud.underWay.delete(OWN_EXECUTION));

  const uploads = () => [...cloud.objects.keys()].filter((key) => key.startsWith("fraud/scripts/"));
  const parameter = (run: number, name: string) =>
    cloud.started[run]?.PipelineParameters.find(({ Name }) => Name === name)?.Value;

  it("uploads code by content, creates the pipeline, and starts it with its parameters", async () => {
    expect(await run({ LEGITIMATE_WEIGHT: "10.5" })).to.equal(exitCodes.succeeded);
    const names = uploads().map((key) => key.replace(/^fraud\/scripts\/[0-9a-f]{64}\//, ""));
    expect(names).to.include.members(["preprocess.py", "evaluate.py", "transactions.py", "sourcedir.tar.gz"]);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.deep.equal({ preprocessing: "scikit-learn", reason: "configured" });
    expect(lines[1]).to.include({
      pipeline: "created",
      pipelineExecutionArn: "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-test/execution/abc",
    });
    const [started] = cloud.started;
    expect(parameter(0, "ExecutionId"))
      .to.equal(started?.ClientRequestToken)
      .and.equal(started?.PipelineExecutionDisplayName);
    expect(parameter(0, "RawDataUri")).to.equal("s3://bucket/fraud/raw/creditcard.csv");
    expect(parameter(0, "LegitimateWeight")).to.equal("10.5");
    expect(started?.PipelineExecutionDescription)
      .to.contain("revision 0123abc")
      .and.contain("s3://bucket/fraud/scripts/");
  });

  const withPreprocess = (changes: object) => ({
    LAUNCH_SETTINGS: JSON.stringify({ ...rawSettings, preprocess: { ...rawSettings.preprocess, ...changes } }),
  });
  const configurations = () => uploads().filter((key) => key.endsWith("/configuration.json"));

  it("gives Spark a configuration of its instances, uploaded by content", async () => {
    await run(withPreprocess({ framework: "pyspark", instanceCount: 2 }));
    await run(withPreprocess({ framework: "pyspark", instanceCount: 2 }));
    const [key = "", ...others] = configurations();
    expect(others).to.be.empty;
    const text = cloud.objects.get(key)?.toString() ?? "";
    expect(JSON.parse(text)).to.deep.equal(sparkConfiguration({ instanceType: "ml.m5.large", instanceCount: 2 }));
    expect(cloud.pipelines.get("fraud-test")?.PipelineDefinition).to.contain(path.dirname(key));
  });

  it("picks the engine by the size of the data where it may, and says why in its log and the execution", async () => {
    await run(withPreprocess({ framework: "auto" }));
    expect(configurations()).to.be.empty;
    expect(lines[0]).to.include({ preprocessing: "scikit-learn" });
    cloud.sizes.set("fraud/raw/creditcard.csv", 3e9);
    await run(withPreprocess({ framework: "auto" }));
    expect(configurations()).to.have.length(1);
    const chosen = lines.find((line) => "preprocessing" in line && line.preprocessing === "pyspark");
    expect(chosen)
      .to.have.property("reason")
      .that.matches(/3000 MB of CSV need 8\.4 GiB.*ml\.m5\.large is 4\.0 GiB/);
    expect(cloud.started[1]?.PipelineExecutionDescription).to.contain("preprocessing on pyspark (auto: about 3000 MB");
  });

  it("neither uploads nor updates what has not changed", async () => {
    await run();
    const kept = cloud.pipelines.get("fraud-test");
    const pretty = JSON.stringify(
      Object.fromEntries(Object.entries(JSON.parse(kept?.PipelineDefinition ?? "") as object).reverse()),
      null,
      2,
    );
    cloud.pipelines.set("fraud-test", { PipelineDefinition: pretty, RoleArn: kept?.RoleArn ?? "" });
    const puts = cloud.count("PutObject");
    await run();
    expect(cloud.count("PutObject")).to.equal(puts);
    expect(cloud.count("UpdatePipeline")).to.equal(0);
    const upserts = lines.flatMap((line) => ("pipeline" in line ? [line.pipeline] : []));
    expect(upserts).to.deep.equal(["created", "unchanged"]);
    expect(parameter(0, "ExecutionId")).to.not.equal(parameter(1, "ExecutionId"));
    expect(parameter(0, "RawDataVersion")).to.equal(parameter(1, "RawDataVersion"));
  });

  it("updates for new code, under a new name beside the old", async () => {
    await run();
    const before = uploads();
    await writeFile(path.join(root, "jobs/evaluate/evaluate.py"), "print('other')\n");
    await run();
    expect(uploads()).to.include.members(before);
    expect(uploads().filter((key) => key.endsWith("/evaluate.py"))).to.have.length(2);
    expect(uploads().filter((key) => key.endsWith("/sourcedir.tar.gz"))).to.have.length(1);
    expect(cloud.count("UpdatePipeline")).to.equal(1);
  });

  const definition = () => cloud.pipelines.get("fraud-test")?.PipelineDefinition ?? "";
  const failure = (attempt: Promise<unknown>) =>
    attempt.then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
    );

  it("uploads the wheels that the chosen containers lack, by content", async () => {
    await run();
    // XGBoost's container trains without.
    const sets = () => uploads().filter((key) => key.endsWith("/requirements.lock"));
    expect(sets()).to.have.length(3);
    expect(definition()).to.not.contain("/opt/ml/input/data/wheels");
    await run({ TRAINING_ALGORITHM: "lgbm" });
    expect(sets()).to.have.length(6);
    expect(definition()).to.contain("/opt/ml/input/data/wheels");
    expect(cloud.started[1]?.PipelineExecutionDescription).to.contain("training's wheels s3://bucket/fraud/scripts/");

    await run();
    const updates = cloud.count("UpdatePipeline");
    await writeFile(path.join(root, "wheels/sagemaker-scikit-learn-1.4-2/preprocess/a-1-py3-none-any.whl"), "new");
    await run();
    expect(sets()).to.have.length(7);
    expect(cloud.count("UpdatePipeline")).to.equal(updates + 1);
  });

  it("starts nothing whose packages are not there, or not those that are locked", async () => {
    const folder = path.join(root, "wheels", "sagemaker-scikit-learn-1.4-2", "preprocess");
    await writeFile(path.join(folder, "requirements.lock"), "polars==1.0.0");
    expect(await failure(run())).to.contain(
      "the wheels of preprocess in sagemaker-scikit-learn-1.4-2 are of another lock",
    );
    await rm(folder, { recursive: true });
    expect(await failure(run()))
      .to.contain("are not there")
      .and.contain("npm run build");
    const training = { ...rawSettings.training, algorithm: "lgbm", frameworkVersion: "1.2-1" };
    expect(await failure(run({ LAUNCH_SETTINGS: JSON.stringify({ ...rawSettings, training }) })))
      .to.contain('no wheels for sagemaker-scikit-learn in version "1.2-1"')
      .and.contain("known: 1.4-2");
    expect(cloud.started).to.have.length(0);
  });

  it("updates for another role or hyperparameter", async () => {
    await run();
    await run({ XGBOOST_MAX_DEPTH: "3" });
    expect(cloud.count("UpdatePipeline")).to.equal(1);
    expect(cloud.pipelines.get("fraud-test")?.PipelineDefinition).to.contain('"max_depth":"3"');
    await run({
      XGBOOST_MAX_DEPTH: "3",
      LAUNCH_SETTINGS: JSON.stringify({ ...rawSettings, sagemakerRoleArn: "arn:aws:iam::123456789012:role/other" }),
    });
    expect(cloud.count("UpdatePipeline")).to.equal(2);
  });

  it("trains the algorithm that the environment names, from its own defaults", async () => {
    await run({ TRAINING_ALGORITHM: "lgbm", LGBM_NUM_LEAVES: "7", XGBOOST_MAX_DEPTH: "3" });
    expect(definition())
      .to.contain('"JOB_PROGRAM":"train_lgbm.py"')
      .and.contain('"num_leaves":"7"')
      // The configured one is XGBoost's.
      .and.contain('"max_depth":"-1"');
  });

  it("tells new data under an old name from the old", async () => {
    await run();
    cloud.objects.set("fraud/raw/creditcard.csv", Buffer.from("Time,V1\n0,1"));
    await run();
    expect(parameter(0, "RawDataVersion")).to.not.equal(parameter(1, "RawDataVersion"));
  });

  const OTHER = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-test/execution/other";

  it("starts nothing while another run is under way, and says which", async () => {
    await run();
    cloud.underWay.set(OTHER, new Date());
    const calls = cloud.calls.length;
    expect(await run()).to.equal(0);
    expect(cloud.calls.slice(calls)).to.deep.equal(["ListPipelineExecutions"]);
    expect(lines.at(-1)).to.have.property("outcome", "skipped");
    expect(lines.at(-1)).to.have.property("reason").that.contains(OTHER);
  });

  it("gives way to a run that another launcher began at the same moment, and only to an older one", async () => {
    cloud.onStart = () => cloud.underWay.set(OTHER, new Date(Date.now() - 1));
    expect(await run()).to.equal(0);
    expect(cloud.count("StopPipelineExecution")).to.equal(1);
    expect([...cloud.underWay.keys()]).to.deep.equal([OTHER]);
    expect(lines.at(-1)).to.have.property("outcome", "skipped");

    cloud.underWay.clear();
    cloud.onStart = () => cloud.underWay.set(OTHER, new Date(Date.now() + 60_000));
    await run();
    expect(cloud.count("StopPipelineExecution")).to.equal(1);
    expect(lines.at(-1)).to.have.property("pipelineExecutionArn");
  });

  it("lets runs overlap where it is told to", async () => {
    cloud.underWay.set(OTHER, new Date(0));
    await run({ LAUNCH_SETTINGS: JSON.stringify({ ...rawSettings, overlappingRuns: "allow" }) });
    expect(lines.at(-1)).to.have.property("pipelineExecutionArn");
    expect(cloud.count("ListPipelineExecutions")).to.equal(0);
  });

  describe("for new raw data", () => {
    const forNewData = { LAUNCH_REASON: "new-raw-data" };
    const land = () => cloud.objects.set("fraud/raw/creditcard.csv", Buffer.from(`Time,V1\n${Math.random()},1`));

    it("starts a run, the first one too", async () => {
      expect(await run(forNewData)).to.equal(exitCodes.succeeded);
      land();
      expect(await run(forNewData)).to.equal(exitCodes.succeeded);
      expect(cloud.started).to.have.length(2);
    });

    it("starts none where the newest run read them", async () => {
      await run();
      expect(await run(forNewData)).to.equal(exitCodes.skipped);
      expect(lines.at(-1)).to.have.property("reason").that.contains(`${OWN_EXECUTION} reads the raw data`);
      expect(cloud.started).to.have.length(1);
    });

    for (const ended of ["Failed", "Stopped"] as const) {
      it(`starts one where the run that read them is ${ended}`, async () => {
        await run();
        cloud.ownEnd = ended;
        expect(await run(forNewData)).to.equal(exitCodes.succeeded);
        expect(cloud.started).to.have.length(2);
      });
    }

    it("starts one where the newest run read other files, though of the same name", async () => {
      cloud.objects.set("fraud/raw/other/a.csv", Buffer.from("Time,V1"));
      await run({ S3_RAW_DATA_KEY: "raw/other" });
      expect(await run(forNewData)).to.equal(exitCodes.succeeded);
      expect(cloud.started).to.have.length(2);
    });

    it("is postponed, to come again, while a run is under way that began before", async () => {
      await run();
      land();
      cloud.underWay.set(OTHER, new Date());
      expect(await run(forNewData)).to.equal(75);
      expect(lines.at(-1)).to.have.property("outcome", "postponed");
      expect(cloud.started).to.have.length(1);
      const LAUNCH_SETTINGS = JSON.stringify({ ...rawSettings, overlappingRuns: "allow" });
      expect(await run({ ...forNewData, LAUNCH_SETTINGS })).to.equal(exitCodes.succeeded);
    });

    it("is postponed where it gives way to a run that began at the same moment", async () => {
      cloud.onStart = () => cloud.underWay.set(OTHER, new Date(Date.now() - 1));
      expect(await run(forNewData)).to.equal(exitCodes.postponed);
      expect(cloud.count("StopPipelineExecution")).to.equal(1);
    });

    it("is the only reason that there is", async () => {
      const failure: unknown = await run({ LAUNCH_REASON: "raw" }).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Error).with.property("message").that.contains("LAUNCH_REASON=raw");
    });
  });

  it("starts from a database with the code that reads it, and looks for no file", async () => {
    cloud.objects.clear();
    const LAUNCH_SETTINGS = JSON.stringify({ ...rawSettings, source: rdsSource });
    expect(await run({ LAUNCH_SETTINGS })).to.equal(exitCodes.succeeded);
    const extract = uploads().filter((key) => key.endsWith("/extract.py") || key.endsWith("/rds-ca-bundle.pem"));
    expect(extract).to.have.length(2);
    expect(cloud.started[0]?.PipelineParameters.map(({ Name }) => Name)).to.have.members([
      "ExecutionId",
      "LegitimateWeight",
    ]);
    const error = await run({ LAUNCH_SETTINGS, S3_RAW_DATA_KEY: "raw/a.csv" }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error)
      .to.be.instanceOf(Error)
      .with.property("message")
      .that.contains("S3_RAW_DATA_KEY=raw/a.csv")
      .and.contains("credit_fraud.transactions");
  });

  it("reads a folder of parts, whatever marks it as one", async () => {
    cloud.objects.set("fraud/raw/parts/", Buffer.alloc(0));
    cloud.objects.set("fraud/raw/parts/a.csv.gz", Buffer.from("a"));
    cloud.objects.set("fraud/raw/parts-of-last-year/a.csv", Buffer.from("old"));
    await run({ S3_RAW_DATA_KEY: "raw/parts" });
    expect(parameter(0, "RawDataUri")).to.equal("s3://bucket/fraud/raw/parts/");
    cloud.objects.set("fraud/raw/parts/b.csv", Buffer.from("b"));
    await run({ S3_RAW_DATA_KEY: "raw/parts/" });
    expect(parameter(1, "RawDataUri")).to.equal("s3://bucket/fraud/raw/parts/");
    expect(parameter(0, "RawDataVersion")).to.not.equal(parameter(1, "RawDataVersion"));
  });

  for (const [what, key] of [
    ["another whose name begins as its own", "fraud/raw/creditcard.csv.gz"],
    ["a folder of its name", "fraud/raw/creditcard.csv/part.csv"],
  ] as const) {
    it(`refuses a file beside ${what}, which the job would read too`, async () => {
      cloud.objects.set(key, Buffer.from("x"));
      const error = await run().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error)
        .to.be.instanceOf(Error)
        .with.property("message")
        .that.contains(key.endsWith("gz") ? `s3://bucket/${key}` : "a folder at once");
      expect(cloud.started).to.have.length(0);
    });
  }

  it("refuses to start without raw data", async () => {
    cloud.objects.clear();
    cloud.objects.set("fraud/raw/creditcard.csv.bak", Buffer.from("x"));
    const error = await run().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error)
      .to.be.instanceOf(Error)
      .with.property("message")
      .that.contains("s3://bucket/fraud/raw/creditcard.csv");
    expect(cloud.started).to.have.length(0);
  });

  it("reports all that is wrong with its environment at once", async () => {
    const error = await run({ LEGITIMATE_WEIGHT: "no", TRAINING_ALGORITHM: "xgbost", XGBOOST_ETTA: "1" }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error)
      .to.be.instanceOf(Error)
      .with.property("message")
      .that.contains("LEGITIMATE_WEIGHT=no")
      .and.contains("TRAINING_ALGORITHM=xgbost")
      .and.contains('XGBOOST_ETTA = "1"');
    expect(cloud.calls).to.deep.equal([]);
  });

  const gateStep = { StepName: "Gate", StepStatus: "Succeeded" } as const;
  const outcomes: readonly [string, Look, number, LaunchLine][] = [
    ["success", { status: "Succeeded", steps: [gateStep] }, exitCodes.succeeded, { outcome: "succeeded" }],
    [
      "a refusal",
      {
        status: "Failed",
        steps: [gateStep, { StepName: "Refused", StepStatus: "Failed", FailureReason: "ROC AUC 0.5 is below 0.93" }],
      },
      exitCodes.refused,
      { outcome: "refused", reason: "ROC AUC 0.5 is below 0.93" },
    ],
    [
      "a failure",
      { status: "Failed", steps: [{ StepName: "Train", StepStatus: "Failed", FailureReason: "AlgorithmError" }] },
      exitCodes.failed,
      { outcome: "failed", reason: "Train: AlgorithmError" },
    ],
    [
      "a stop",
      { status: "Stopped", steps: [] },
      exitCodes.failed,
      { outcome: "failed", reason: "the execution is Stopped" },
    ],
  ];
  for (const [what, last, code, line] of outcomes) {
    it(`follows to ${what}`, async () => {
      cloud.looks = [
        { status: "Executing", steps: [{ StepName: "Preprocess", StepStatus: "Executing" }] },
        { status: "Executing", steps: [{ StepName: "Preprocess", StepStatus: "Executing" }] },
        last,
      ];
      expect(await run({}, true)).to.equal(code);
      expect(lines.at(-1)).to.deep.equal(line);
      const changes = lines.flatMap((each) => ("step" in each ? [`${each.step} ${each.status}`] : []));
      expect(changes[0]).to.equal("Preprocess Executing");
      expect(changes.filter((change) => change === "Preprocess Executing")).to.have.length(1);
      expect(changes).to.have.length(1 + last.steps.length);
    });
  }
});

describe("the launcher's environment", () => {
  const where = { prefix: "fraud", source: { type: "s3", key: "raw/creditcard.csv" } } as const;

  it("may name other raw data, under the prefix or whole", () => {
    expect(chooseRawDataKey(where, {})).to.equal("fraud/raw/creditcard.csv");
    expect(chooseRawDataKey(where, { S3_RAW_DATA_KEY: "raw/other.csv.gz" })).to.equal("fraud/raw/other.csv.gz");
    expect(chooseRawDataKey(where, { S3_RAW_DATA_KEY: "/fraud/raw/parts/" })).to.equal("fraud/raw/parts");
    expect(chooseRawDataKey(where, { S3_RAW_DATA_KEY: "" })).to.equal("fraud/raw/creditcard.csv");
  });

  it("may give the weight of legitimate rows", () => {
    expect(readLegitimateWeight({})).to.equal(1);
    expect(readLegitimateWeight({ LEGITIMATE_WEIGHT: "2.5" })).to.equal(2.5);
    for (const bad of ["0", "-1", "many", "Infinity"]) {
      expect(() => readLegitimateWeight({ LEGITIMATE_WEIGHT: bad })).to.throw(`LEGITIMATE_WEIGHT=${bad}`);
    }
  });

  it("may name the folder of the jobs, else it is beside the launcher or above", () => {
    expect(findRoot({}, path.join(projectRoot, "pipeline"))).to.equal(projectRoot);
    expect(findRoot({}, projectRoot)).to.equal(projectRoot);
    expect(() => findRoot({ LAUNCH_ROOT: "/nowhere" }, projectRoot)).to.throw("/nowhere");
  });
});
