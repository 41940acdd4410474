import { expect } from "chai";
import fc from "fast-check";
import { scheduleHours } from "../../../config/monitors";
import {
  baselineFolder,
  commonFolder,
  jobName,
  outputFolder,
  processingJob,
  type JobSettings,
  type Run,
} from "../../../functions/run-monitor/logic";
import { hourFolders, monitorKinds, periodBefore } from "../../../functions/shared/monitors";
import { validate } from "../../../local/aws-models";
import { BASELINES, LIVE } from "./support/live-model";

const SETTINGS: JobSettings = {
  endpointName: "Fraud-Scores",
  // The longest that the configuration admits.
  namePrefix: "fraud-in-the-north-of-europe",
  roleArn: "arn:aws:iam::123456789012:role/monitors-job",
  imageUri: "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
  codeUri: "s3://bucket/fraud/scripts/c0de",
  wheelsUri: "s3://bucket/fraud/scripts/3ee1",
  outputUri: "s3://bucket/fraud/monitor-output",
  kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/stack",
  tags: { project: "fraud", "fraud:project-id": "fraud-prod", "fraud:project-name": "fraud" },
};
const RUN: Run = {
  kind: "data-quality",
  period: { start: new Date("2026-11-21T12:00:00Z"), end: new Date("2026-11-21T13:00:00Z") },
  job: {
    hours: [13],
    instanceType: "ml.m5.large",
    instanceCount: 1,
    volumeSizeGb: 20,
    maxRuntimeSeconds: 3300,
    thresholds: { feature_baseline_drift: 0.2 },
  },
};
const INPUTS = {
  captured: "s3://bucket/captured.manifest",
  groundTruth: "s3://bucket/labels.manifest",
  baseline: "s3://bucket/baseline/",
};

const schedule = fc.oneof(
  fc.constant("cron(0 * ? * * *)"),
  fc.integer({ min: 0, max: 23 }).map((hour) => `cron(0 ${hour} ? * * *)`),
  fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 1, max: 24 }))
    .map(([hour, every]) => `cron(0 ${hour}/${every} ? * * *)`),
);
const time = fc.date({ min: new Date("2020-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });

describe("the period of a monitor's run", () => {
  it("follows the one before without gap or overlap, and ends with the run's hour", () => {
    fc.assert(
      fc.property(schedule, time, fc.integer({ min: 0, max: 1000 }), (expression, at, delay) => {
        const hours = scheduleHours(expression);
        const { start, end } = periodBefore(hours, at, delay);
        const before = periodBefore(hours, new Date(start.getTime() + delay * 3_600_000), delay);
        expect(before.end).to.deep.equal(start);
        expect(hours).to.include(new Date(end.getTime() + delay * 3_600_000).getUTCHours());
        const age = at.getTime() - delay * 3_600_000 - end.getTime();
        expect(age).to.be.within(0, 24 * 3_600_000);
        expect(end.getTime()).to.be.above(start.getTime());
      }),
    );
  });

  it("is the same for every try of one run, so that they start one job", () => {
    fc.assert(
      fc.property(time, fc.integer({ min: 0, max: 44 }), (at, minutesLate) => {
        const hour = new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000 + 15 * 60_000);
        const late = new Date(hour.getTime() + minutesLate * 60_000);
        const hours = scheduleHours("cron(0 * ? * * *)");
        const named = (when: Date) => jobName(SETTINGS, { ...RUN, period: periodBefore(hours, when) });
        expect(named(late)).to.equal(named(hour));
      }),
    );
  });

  it("touches the folders of its hours and no other", () => {
    const folders = (start: string, end: string) => hourFolders({ start: new Date(start), end: new Date(end) });
    expect(folders("2026-12-31T23:00:00Z", "2027-01-01T01:00:00Z")).to.deep.equal(["2026/12/31/23", "2027/01/01/00"]);
    expect(folders("2026-11-21T12:59:59Z", "2026-11-21T13:00:01Z")).to.deep.equal(["2026/11/21/12", "2026/11/21/13"]);
    expect(folders("2026-11-21T12:10:00Z", "2026-11-21T12:11:00Z")).to.deep.equal(["2026/11/21/12"]);
  });
});

describe("a monitor's job", () => {
  it("is one that SageMaker takes, of every kind, by AWS's own model, whatever is left out", () => {
    for (const kind of monitorKinds) {
      for (const settings of [
        SETTINGS,
        { ...SETTINGS, wheelsUri: undefined, network: { subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"] } },
      ]) {
        const request = processingJob(settings, { ...RUN, kind }, LIVE, INPUTS, "s3://bucket/out");
        expect(validate("sagemaker", "CreateProcessingJob", request), kind).to.deep.equal([]);
      }
    }
  });

  it("is named by monitor and period, and by nothing else but an attempt that somebody wants", () => {
    const name = jobName(SETTINGS, RUN);
    expect(name).to.match(/^fraud-in-the-north-of-europe-data-quality-2026112112-[0-9a-f]{8}$/);
    expect(jobName({ ...SETTINGS, codeUri: "s3://other" }, { ...RUN, job: { ...RUN.job, volumeSizeGb: 1 } })).to.equal(
      name,
    );
    const others = [
      jobName(SETTINGS, { ...RUN, attempt: "2" }),
      jobName(SETTINGS, { ...RUN, kind: "model-quality" }),
      jobName(SETTINGS, { ...RUN, period: { ...RUN.period, end: new Date("2026-11-21T12:30:00Z") } }),
      jobName({ ...SETTINGS, endpointName: "other" }, RUN),
    ];
    expect(new Set([name, ...others])).to.have.property("size", 5);
  });

  it("reads captures, the live model's baselines and what its kind wants besides", () => {
    const inputs = (kind: Run["kind"]) =>
      Object.fromEntries(
        (processingJob(SETTINGS, { ...RUN, kind }, LIVE, INPUTS, "s3://out/x").ProcessingInputs ?? []).map(
          ({ InputName = "", S3Input }) => [InputName, `${S3Input?.S3DataType} ${S3Input?.S3Uri}`],
        ),
      );
    const common = {
      code: "S3Prefix s3://bucket/fraud/scripts/c0de/",
      wheels: "S3Prefix s3://bucket/fraud/scripts/3ee1/",
      captured: `ManifestFile ${INPUTS.captured}`,
      baseline: `S3Prefix ${INPUTS.baseline}`,
    };
    const labels = { "ground-truth": `ManifestFile ${INPUTS.groundTruth}` };
    expect(inputs("data-quality")).to.deep.equal(common);
    expect(inputs("model-quality")).to.deep.equal({ ...common, ...labels });
    expect(inputs("model-bias")).to.deep.equal({ ...common, ...labels });
    expect(inputs("model-explainability")).to.deep.equal({
      ...common,
      model: "S3Prefix s3://bucket/fraud/20261121-a/model/job/output/model.tar.gz",
    });
  });

  it("is encrypted, tagged with the project, and says by AWS's contract what it looks at", () => {
    const own = { ...RUN, job: { ...RUN.job, kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/own" } };
    const request = processingJob(SETTINGS, own, LIVE, INPUTS, "s3://out/x");
    expect(request.ProcessingOutputConfig?.KmsKeyId).to.equal(own.job.kmsKeyArn);
    expect(request.ProcessingResources?.ClusterConfig?.VolumeKmsKeyId).to.equal(own.job.kmsKeyArn);
    expect(request.Tags).to.deep.include.members([
      { Key: "fraud:project-id", Value: "fraud-prod" },
      { Key: "fraud:project-name", Value: "fraud" },
      { Key: "fraud:monitor", Value: "data-quality" },
    ]);
    expect(request.Environment).to.include({
      start_time: "2026-11-21T12:00:00Z",
      end_time: "2026-11-21T13:00:00Z",
      sagemaker_endpoint_name: "Fraud-Scores",
      sagemaker_monitoring_schedule_name: "Fraud-Scores-data-quality",
      publish_cloudwatch_metrics: "Enabled",
    });
  });

  it("writes to the folder of its hour, and beside it where somebody asked for the period", () => {
    const folder = "s3://bucket/fraud/monitor-output/data-quality/Fraud-Scores/2026/11/21";
    expect(outputFolder(SETTINGS, RUN, false)).to.equal(`${folder}/12`);
    expect(outputFolder(SETTINGS, RUN, true)).to.match(new RegExp(`^${folder}/120000-[0-9a-f]{8}$`));
  });

  it("is held against the folder that has all of a kind's baselines", () => {
    expect(baselineFolder("data-quality", LIVE)).to.equal(`${BASELINES}/data-quality/`);
    expect(baselineFolder("model-quality", LIVE)).to.equal(`${BASELINES}/model-quality/`);
    expect(baselineFolder("model-explainability", LIVE)).to.equal(`${BASELINES}/`);
  });

  it("is refused where the live model lacks what it needs, by the package's name", () => {
    const bare = { ...LIVE, package: { ...LIVE.package, DriftCheckBaselines: { ModelDataQuality: {} } } };
    for (const kind of ["data-quality", "model-quality", "model-explainability"] as const) {
      expect(() => baselineFolder(kind, bare), kind).to.throw(/model-package\/fraud\/3 has no baselines of/);
    }
    expect(() => commonFolder(["s3://one/a/x.json", "s3://other/a/y.json"])).to.throw("more than one bucket");
    expect(commonFolder(["s3://one/a/b/x.json", "s3://one/a/bc/y.json"])).to.equal("s3://one/a/");
  });
});
