import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { decodeStackConfig } from "../../config";
import { errorPaths, errors, minimal, valid, withGroup, type Raw } from "./samples";

const projectRoot = path.resolve(__dirname, "../..");

function groupsOf(stack: string): Raw {
  const file = parse(readFileSync(path.join(projectRoot, `Pulumi.${stack}.yaml`), "utf8")) as { config: Raw };
  const prefix = "fraud:";
  return Object.fromEntries(
    Object.entries(file.config).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  );
}

describe("stacks", () => {
  for (const stack of ["local", "dev", "staging", "prod"]) {
    it(`Pulumi.${stack}.yaml decodes`, () => {
      expect(errors(groupsOf(stack))).to.deep.equal([]);
    });
  }

  it("local splits by time in exactly 60/20/20 and retries soon", () => {
    const { preprocess, stream, deployment, evaluation } = valid(groupsOf("local"));
    expect(preprocess).to.include({ framework: "scikit-learn", split: "temporal", instanceCount: 1 });
    expect(preprocess).to.include({ trainRatio: "0.6", validationRatio: "0.2", testRatio: "0.2" });
    expect(stream.noModelRetrySeconds).to.equal(2);
    expect(deployment.rollout).to.deep.equal({ type: "all-at-once" });
    expect(evaluation.rocAucMinThreshold).to.equal(0.93);
  });

  it("prod waits for a person, protects its storage and captures 80%", () => {
    const { registry, storage, deployment, monitors } = valid(groupsOf("prod"));
    expect(registry.approval).to.equal("manual");
    expect(storage).to.include({ protect: true, retainOnDelete: true });
    expect(deployment.dataCapturePercent).to.equal(80);
    expect(monitors.bias.maxRuntimeSeconds).to.equal(3000);
  });

  it("prod takes no endpoint that is for trying things out, that sleeps, or whose canary is all of it", () => {
    const prod = groupsOf("prod") as Record<string, Raw>;
    const deployed = (changes: Raw): string[] =>
      errorPaths({ ...prod, deployment: { ...prod["deployment"], ...changes } });
    expect(deployed({})).to.deep.equal([]);
    const idle = { downSchedule: "cron(0 20 * * ? *)", upSchedule: "cron(0 6 * * ? *)" };
    expect(deployed({ idle })).to.deep.equal(["deployment.idle"]);
    expect(deployed({ minCapacity: 1 })).to.deep.equal(["deployment.minCapacity"]);
    const deployment = { endpointName: "fraud-prod", serverless: {}, rollout: { type: "all-at-once" } };
    const { network, ...unconnected } = prod;
    expect(network).to.not.equal(undefined);
    expect(errorPaths({ ...unconnected, deployment, monitors: ALL_OFF })).to.deep.equal(["deployment.serverless"]);
  });
});

const ALL_OFF = Object.fromEntries(
  ["dataQuality", "modelQuality", "bias", "explainability"].map((kind) => [kind, { enabled: false }]),
);

describe("a serverless endpoint", () => {
  const serverless = { endpointName: "fraud", serverless: {}, rollout: { type: "all-at-once" } };
  const bare = { ...minimal, deployment: serverless, monitors: ALL_OFF };
  const deployed = (changes: Raw): Raw => ({ ...bare, deployment: { ...serverless, ...changes } });

  it("is one by the group's defaults, without capture, monitors or a network", () => {
    expect(valid(bare).deployment).to.deep.include({
      serverless: { memoryMib: 2048, maxConcurrency: 5 },
      dataCapturePercent: 0,
    });
  });

  const network = {
    vpcId: "vpc-0123456789abcdef0",
    subnetIds: ["subnet-0123456789abcdef0"],
    securityGroupIds: ["sg-0123456789abcdef0"],
  };
  const refused: readonly [what: string, configuration: Raw, paths: readonly string[]][] = [
    ["capture", deployed({ dataCapturePercent: 1 }), ["deployment.dataCapturePercent"]],
    ["monitors", { ...bare, monitors: {} }, Object.keys(ALL_OFF).map((kind) => `monitors.${kind}.enabled`)],
    ["one monitor", { ...bare, monitors: { ...ALL_OFF, bias: {} } }, ["monitors.bias.enabled"]],
    ["a VPC", { ...bare, network }, ["network"]],
    [
      "a VPC that is made",
      { ...bare, network: { create: { cidrBlock: "10.0.0.0/16", availabilityZones: 2, natGateways: 0 } } },
      ["network"],
    ],
    ...[
      { type: "canary", canaryPercent: 50, waitIntervalSeconds: 300 },
      { type: "linear", stepPercent: 50, waitIntervalSeconds: 300 },
      { type: "shadow" },
      { type: "all-at-once", bakeSeconds: 300 },
    ].map((rollout): [string, Raw, string[]] => [
      `the rollout ${JSON.stringify(rollout)}`,
      deployed({ rollout }),
      ["deployment.rollout"],
    ]),
    ["instances", deployed({ instanceType: "ml.m5.large" }), ["deployment.instanceType"]],
    ["a capacity", deployed({ minCapacity: 1, maxCapacity: 2 }), ["deployment.maxCapacity", "deployment.minCapacity"]],
    ["autoscaling", deployed({ autoscaling: {} }), ["deployment.autoscaling"]],
    ["an odd memory", deployed({ serverless: { memoryMib: 1500 } }), ["deployment.serverless.memoryMib"]],
    [
      "more requests than AWS takes",
      deployed({ serverless: { maxConcurrency: 201 } }),
      ["deployment.serverless.maxConcurrency"],
    ],
    [
      "more of them ready than there are",
      deployed({ serverless: { maxConcurrency: 2, provisionedConcurrency: 3 } }),
      ["deployment.serverless.provisionedConcurrency"],
    ],
  ];
  for (const [what, configuration, paths] of refused) {
    it(`does not go with ${what}`, () => {
      expect(errorPaths(configuration).toSorted()).to.deep.equal([...paths].toSorted());
    });
  }
});

describe("decodeStackConfig", () => {
  it("launches for raw data that land only where they land in S3", () => {
    const secretArn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reader";
    const source = { type: "rds", host: "db.internal", secretArn };
    const ecs = { launchOnRawData: { quietMinutes: 5 } };
    expect(errorPaths({ ...minimal, ecs })).to.deep.equal([]);
    expect(errorPaths({ ...minimal, ecs, source })).to.deep.equal(["ecs.launchOnRawData"]);
  });

  it("applies the defaults of every group that is left out", () => {
    const config = valid(minimal);
    expect(config.storage).to.deep.equal({ prefix: "fraud", retainOnDelete: true, protect: false });
    expect(config.source).to.deep.equal({ type: "s3", key: "raw/creditcard.csv" });
    expect(config.preprocess).to.include({ framework: "pyspark", instanceCount: 1, split: "temporal", seed: 7 });
    expect(config.training).to.deep.include({ algorithm: "xgboost", hyperparameters: {} });
    expect(config.evaluation).to.include({ auprcMinThreshold: 0, falsePositiveCost: 5, bootstrapSamples: 1000 });
    expect(config.registry).to.deep.equal({ approval: "auto", modelName: "fraud" });
    expect(config.deployment.timeoutSeconds).to.equal(3600);
    expect(config.monitors.engine).to.equal("processing");
    expect(config.monitors.dataQuality).to.deep.equal({
      enabled: true,
      schedule: "cron(0 * ? * * *)",
      instanceType: "ml.m5.large",
      instanceCount: 1,
      volumeSizeGb: 20,
      maxRuntimeSeconds: 3300,
    });
    expect(config.monitors.explainability.maxRuntimeSeconds).to.equal(3600);
    expect(config.stream).to.include({
      prefix: "stream_data",
      schema: "creditcard",
      batchRows: 500,
      maxConcurrency: 5,
    });
    expect(config.ecs).to.deep.equal({
      cpu: 512,
      memoryMib: 1024,
      scheduleTimezone: "UTC",
      flexibleWindowMinutes: 15,
      overlappingRuns: "skip",
    });
    expect(config).to.not.have.any.keys("ci", "network", "budget");
  });

  it("keeps a model name that is given", () => {
    expect(valid({ ...minimal, registry: { modelName: "other" } }).registry.modelName).to.equal("other");
  });

  it("reports everything at once, each with path, value and remedy", () => {
    const found = errors({
      ...minimal,
      preprocess: { ...minimal["preprocess"], trainRatio: 0.75, framework: "pyspak" },
      deployment: { ...minimal["deployment"], minCapacity: 2.5 },
      budgets: { monthlyUsd: 5 },
    });
    expect(found.map(({ path: at, value }) => [at, value])).to.have.deep.members([
      ["preprocess.framework", "pyspak"],
      ["preprocess.trainRatio", "0.75"],
      ["deployment.minCapacity", 2.5],
      ["budgets", { monthlyUsd: 5 }],
    ]);
    expect(found.find(({ path: at }) => at === "preprocess.framework")?.remedy).to.contain('"pyspark"');
    expect(found.find(({ path: at }) => at === "preprocess.trainRatio")?.problem).to.contain("1.05");
    expect(found.find(({ path: at }) => at === "budgets")?.remedy).to.contain('"budget"');
  });

  it("refuses to take an endpoint down that AWS's monitoring schedules look at", () => {
    const idle = { downSchedule: "cron(0 20 * * ? *)", upSchedule: "cron(0 6 * * ? *)" };
    const deployment = { ...minimal["deployment"], idle };
    expect(errorPaths({ ...minimal, deployment })).to.deep.equal([]);
    const found = errors({ ...minimal, deployment, monitors: { engine: "model-monitor" } });
    expect(found.map(({ path: at }) => at)).to.deep.equal(["deployment.idle"]);
    expect(found[0]?.remedy).to.contain("monitors.engine");
  });

  it("names every key that a missing group must have", () => {
    expect(errorPaths({ ...minimal, deployment: undefined })).to.have.members(
      ["endpointName", "instanceType", "minCapacity", "maxCapacity", "rollout"].map((key) => `deployment.${key}`),
    );
    expect(errorPaths({ ...minimal, preprocess: {} })).to.have.members(
      ["instanceType", "trainRatio", "validationRatio", "testRatio"].map((key) => `preprocess.${key}`),
    );
  });

  it("hints at the nearest key at every depth", () => {
    const found = errors({
      ...minimal,
      deployment: { ...minimal["deployment"], rollout: { type: "canary", canaryPercent: 50, waitIntervalSecond: 3 } },
      monitors: { bias: { schedul: "x" } },
      network: { create: { cidrBlok: "10.0.0.0/16" } },
    });
    const remedies = new Map(found.map(({ path: at, remedy }) => [at, remedy]));
    expect(remedies.get("deployment.rollout.waitIntervalSecond")).to.contain("waitIntervalSeconds");
    expect(remedies.get("monitors.bias.schedul")).to.contain("schedule");
    expect(remedies.get("network.create.cidrBlok")).to.contain("cidrBlock");
  });

  it("is an error, not a crash, for what is not even an object", () => {
    expect(errorPaths({ ...minimal, deployment: "x", tags: [1], source: null })).to.have.members([
      "deployment",
      "tags",
      "source",
    ]);
    expect(decodeStackConfig({})).to.have.property("_tag", "Left");
  });
});

describe("rules", () => {
  it("leaves room among a job's security groups for the one that the database lets in", () => {
    const withGroups = (count: number) => ({
      ...minimal,
      source: {
        type: "rds",
        host: "db.internal",
        secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reader",
        securityGroupId: "sg-0123456789abcdef0",
      },
      network: {
        vpcId: "vpc-0123456789abcdef0",
        subnetIds: ["subnet-0123456789abcdef0"],
        securityGroupIds: Array.from({ length: count }, (_, index) => `sg-${index}123456789abcdef0`),
      },
    });
    expect(errorPaths(withGroups(4))).to.deep.equal([]);
    expect(errorPaths(withGroups(5))).to.deep.equal(["network.securityGroupIds"]);
  });

  const ratios = (trainRatio: unknown, validationRatio: unknown, testRatio: unknown) =>
    errorPaths(withGroup("preprocess", { trainRatio, validationRatio, testRatio }));

  it("takes ratios that sum to exactly 1 in decimals", () => {
    expect(ratios(0.7, 0.2, 0.1)).to.deep.equal([]);
    expect(ratios("0.70", ".2", "0.1")).to.deep.equal([]);
    expect(ratios("0.3333", "0.3333", "0.3334")).to.deep.equal([]);
  });

  it("takes bands of a facet that rise", () => {
    const of = (feature: string, bands: number[]) =>
      errorPaths(withGroup("evaluation", { biasFacet: { feature, bands } }));
    expect(of("V3", [-1, 0, 2])).to.deep.equal([]);
    expect(of("Amount", [0])).to.deep.equal(["evaluation.biasFacet.bands"]);
    expect(of("V3", [1, 1])).to.deep.equal(["evaluation.biasFacet.bands"]);
    expect(of("V3", [])).to.deep.equal(["evaluation.biasFacet.bands"]);
    expect(of("Age", [18])).to.deep.equal(["evaluation.biasFacet.feature"]);
  });

  it("refuses ratios that do not", () => {
    expect(ratios(0.7, 0.2, 0.11)).to.deep.equal(["preprocess.trainRatio"]);
    expect(ratios(0.33, 0.33, 0.33)).to.deep.equal(["preprocess.trainRatio"]);
    expect(ratios("0.7", "0.2", `0.1${"0".repeat(40)}1`)).to.deep.equal(["preprocess.trainRatio"]);
    expect(ratios(1, 0, 0)).to.deep.equal([
      "preprocess.trainRatio",
      "preprocess.validationRatio",
      "preprocess.testRatio",
    ]);
  });

  const cases: readonly [group: string, changes: Raw, paths: readonly string[]][] = [
    ["preprocess", { framework: "pyspark", instanceType: "ml.t3.medium" }, ["preprocess.instanceType"]],
    ["preprocess", { framework: "auto", instanceType: "ml.c4.xlarge" }, ["preprocess.instanceType"]],
    ["preprocess", { framework: "pyspark", instanceType: "ml.m5.large" }, []],
    ["preprocess", { framework: "scikit-learn", instanceType: "ml.t3.medium" }, []],
    ["preprocess", { framework: "scikit-learn", instanceCount: 2 }, ["preprocess.instanceCount"]],
    ["preprocess", { framework: "pyspark", instanceCount: 2 }, []],
    ["preprocess", { instanceType: "m5.large" }, ["preprocess.instanceType"]],
    ["training", { instanceType: "ml.m5.huge" }, ["training.instanceType"]],
    ["training", { instanceCount: 2 }, ["training.instanceCount"]],
    ["training", { frameworkVersion: 3.0 }, ["training.frameworkVersion"]],
    ["evaluation", { rocAucMinThreshold: 1.2 }, ["evaluation.rocAucMinThreshold"]],
    ["deployment", { minCapacity: 0 }, ["deployment.minCapacity"]],
    ["deployment", { minCapacity: 4 }, ["deployment.maxCapacity"]],
    ["deployment", { minCapacity: 3, maxCapacity: 2 }, ["deployment.maxCapacity"]],
    ["deployment", { minCapacity: 1 }, ["deployment.minCapacity"]],
    ["deployment", { minCapacity: 1, rollout: { type: "all-at-once" } }, []],
    [
      "deployment",
      { minCapacity: 1, rollout: { type: "linear", stepPercent: 50, waitIntervalSeconds: 180 } },
      ["deployment.minCapacity"],
    ],
    [
      "deployment",
      { rollout: { type: "canary", canaryPercent: 51, waitIntervalSeconds: 0 } },
      ["deployment.rollout.canaryPercent"],
    ],
    [
      "deployment",
      { rollout: { type: "linear", stepPercent: 9, waitIntervalSeconds: 0 } },
      ["deployment.rollout.stepPercent"],
    ],
    [
      "deployment",
      { rollout: { type: "linear", stepPercent: 51, waitIntervalSeconds: 0 } },
      ["deployment.rollout.stepPercent"],
    ],
    [
      "deployment",
      { rollout: { type: "canary", canaryPercent: 5, waitIntervalSeconds: 3601 } },
      ["deployment.rollout.waitIntervalSeconds"],
    ],
    [
      "deployment",
      { rollout: { type: "linear", stepPercent: 50, waitIntervalSeconds: 3601 } },
      ["deployment.rollout.waitIntervalSeconds"],
    ],
    ["deployment", { rollout: { type: "all-at-once", bakeSeconds: 3601 } }, ["deployment.rollout.bakeSeconds"]],
    ["deployment", { rollout: { type: "blue" } }, ["deployment.rollout.type"]],
    [
      "deployment",
      { rollout: { type: "canary", canaryPercent: 50, waitIntervalSeconds: 179 } },
      ["deployment.rollout.waitIntervalSeconds"],
    ],
    [
      "deployment",
      {
        rollout: { type: "linear", stepPercent: 50, waitIntervalSeconds: 20 },
        alarms: { periodSeconds: 10, evaluationPeriods: 1 },
      },
      [],
    ],
    ["deployment", { alarms: { periodSeconds: 45 } }, ["deployment.alarms.periodSeconds"]],
    ["deployment", { rollout: { type: "all-at-once", bakeSeconds: 60 } }, ["deployment.rollout.bakeSeconds"]],
    ["deployment", { minCapacity: 1, rollout: { type: "all-at-once", bakeSeconds: 180 } }, []],
    ["deployment", { rollout: { type: "shadow" }, dataCapturePercent: 0 }, ["deployment.dataCapturePercent"]],
    ["deployment", { rollout: { type: "shadow" }, dataCapturePercent: 100 }, []],
    [
      "deployment",
      { idle: { downSchedule: "at night", upSchedule: "cron(0 6 * * ? *)" } },
      ["deployment.idle.downSchedule"],
    ],
    ["deployment", { timeoutSeconds: 599 }, ["deployment.timeoutSeconds"]],
    ["deployment", { timeoutSeconds: 28_801 }, ["deployment.timeoutSeconds"]],
    ["deployment", { timeoutSeconds: 600 }, ["deployment.timeoutSeconds"]],
    ["deployment", { timeoutSeconds: 601 }, []],
    [
      "deployment",
      { timeoutSeconds: 1200, rollout: { type: "linear", stepPercent: 30, waitIntervalSeconds: 300 } },
      ["deployment.timeoutSeconds"],
    ],
    ["deployment", { endpointName: "-fraud" }, ["deployment.endpointName"]],
    ["deployment", { endpointName: "x".repeat(64) }, ["deployment.endpointName"]],
    ["storage", { prefix: "/fraud" }, ["storage.prefix"]],
    ["storage", { prefix: "fraud/" }, ["storage.prefix"]],
    ["storage", { prefix: "team a/fraud_1.0" }, []],
    ["storage", { prefix: "team a's/fraud" }, ["storage.prefix"]],
    ["storage", { prefix: "fraud*" }, ["storage.prefix"]],
    ["storage", { prefix: "x".repeat(129) }, ["storage.prefix"]],
    ["storage", { bucketName: "Bucket" }, ["storage.bucketName"]],
    ["monitors", { bias: { schedule: "cron(0 17/12 ? * * *)" } }, []],
    ["monitors", { bias: { schedule: "cron(0 12 ? * * *)" } }, []],
    ["monitors", { bias: { schedule: "cron(30 * ? * * *)" } }, ["monitors.bias.schedule"]],
    ["monitors", { bias: { schedule: "cron(0 24 ? * * *)" } }, ["monitors.bias.schedule"]],
    ["monitors", { bias: { schedule: "cron(0 0/25 ? * * *)" } }, ["monitors.bias.schedule"]],
    ["monitors", { bias: { schedule: "rate(1 hour)" } }, ["monitors.bias.schedule"]],
    ["monitors", { bias: { maxRuntimeSeconds: 3601 } }, ["monitors.bias.maxRuntimeSeconds"]],
    ["monitors", { bias: { maxRuntimeSeconds: 3601, schedule: "cron(0 0/2 ? * * *)" } }, []],
    ["monitors", { engine: "model-monitor" }, []],
    ["monitors", { engine: "own" }, ["monitors.engine"]],
    [
      "monitors",
      { engine: "model-monitor", bias: { maxRuntimeSeconds: 1801 }, explainability: { maxRuntimeSeconds: 3600 } },
      ["monitors.bias.maxRuntimeSeconds"],
    ],
    [
      "monitors",
      {
        engine: "model-monitor",
        modelQuality: { schedule: "cron(0 0/5 ? * * *)" },
        dataQuality: { thresholds: { a: 1 } },
      },
      ["monitors.dataQuality.thresholds", "monitors.modelQuality.schedule"],
    ],
    ["monitors", { engine: "model-monitor", dataQuality: { enabled: false, thresholds: { a: 1 } } }, []],
    ["monitors", { engine: "model-monitor", dataQuality: { schedule: "cron(0 0/5 ? * * *)" } }, []],
    ["ecs", { cpu: 256, memoryMib: 4096 }, ["ecs.memoryMib"]],
    ["ecs", { cpu: 300 }, ["ecs.cpu"]],
    ["ecs", { schedule: "cron(0 3 * * *)" }, ["ecs.schedule"]],
    ["ecs", { schedule: "at(2030-01-01T00:00:00)" }, ["ecs.schedule"]],
    ["ecs", { schedule: "rate(1 day)", scheduleTimezone: "Europe/Pariss" }, ["ecs.scheduleTimezone"]],
    [
      "ecs",
      { flexibleWindowMinutes: 1441, overlappingRuns: "maybe" },
      ["ecs.flexibleWindowMinutes", "ecs.overlappingRuns"],
    ],
    ["ecs", { launchOnRawData: { quietMinutes: 1 } }, []],
    ["ecs", { launchOnRawData: { quietMinutes: 61 } }, ["ecs.launchOnRawData.quietMinutes"]],
    ["ecs", { launchOnRawData: {} }, ["ecs.launchOnRawData.quietMinutes"]],
    ["source", { type: "rds", host: "db.internal", secretArn: "secret" }, ["source.secretArn"]],
    [
      "source",
      {
        type: "rds",
        host: "db.internal",
        secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reader",
        securityGroupId: "sg-0123456789abcdef0",
      },
      ["source.securityGroupId"],
    ],
    ["source", { type: "mysql" }, ["source.type"]],
    ["roles", { scorer: "arn:aws:iam::123456789012:role/path/scorer" }, []],
    ["roles", { scorer: "scorer" }, ["roles.scorer"]],
    ["logs", { retentionDays: 31 }, ["logs.retentionDays"]],
    ["tags", { "aws:x": "y" }, ["tags.aws:x"]],
    ["notifications", { emails: ["a@b.example", "nobody"] }, ["notifications.emails.1"]],
    [
      "network",
      { create: { cidrBlock: "10.0.0.0/16", availabilityZones: 2, natGateways: 3 } },
      ["network.create.natGateways"],
    ],
    [
      "network",
      { create: { cidrBlock: "10.0.0.0/16", availabilityZones: 3, natGateways: 2 } },
      ["network.create.natGateways"],
    ],
    [
      "network",
      { create: { cidrBlock: "10.0.0.0/24", availabilityZones: 3, natGateways: 0 } },
      ["network.create.cidrBlock"],
    ],
    ["network", { create: { cidrBlock: "10.0.0.0/23", availabilityZones: 3, natGateways: 3 } }, []],
    [
      "network",
      { vpcId: "vpc-0123456789abcdef0", subnetIds: [], securityGroupIds: ["sg-01234567"] },
      ["network.subnetIds"],
    ],
  ];
  for (const [group, changes, paths] of cases) {
    it(`${paths.length === 0 ? "takes" : "refuses"} ${group} ${JSON.stringify(changes)}`, () => {
      expect(errorPaths(withGroup(group, changes))).to.deep.equal(paths);
    });
  }

  const connectionArn = "arn:aws:codeconnections:eu-west-1:123456789012:connection/aa-bb";
  for (const [repository, good] of [
    ["owner/repository", true],
    ["https://github.com/owner/repository", false],
    ["repository", false],
    ["owner/repository/more", false],
  ] as const) {
    it(`${good ? "takes" : "refuses"} the repository ${repository}`, () => {
      expect(errorPaths({ ...minimal, ci: { connectionArn, repository } })).to.deep.equal(
        good ? [] : ["ci.repository"],
      );
    });
  }
});
