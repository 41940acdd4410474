import { expect } from "chai";
import fc from "fast-check";
import { biasConfig, explainabilityConfig } from "../../../functions/reconcile-monitors/clarify-files";
import { definitionStem, MONITORING_TYPES, scheduleConfig } from "../../../functions/reconcile-monitors/definitions";
import { isAsWanted, joblessExecution, runningExecution } from "../../../functions/reconcile-monitors/logic";
import { combinedAnalysis } from "../../../functions/shared/bias-baseline";
import { monitorKinds } from "../../../functions/shared/monitors";
import { validate } from "../../../local/aws-models";
import { LIVE, BASELINES } from "./support/live-model";
import { FILES, MONITOR, requests, SETTINGS } from "./support/managed";

const NOW = new Date("2026-11-21T13:00:00Z");
const operation = (kind: (typeof monitorKinds)[number]) => `Create${MONITORING_TYPES[kind]}JobDefinition`;

describe("the definitions of AWS's monitors", () => {
  const made = requests(SETTINGS, MONITOR, LIVE);

  it("are ones that SageMaker takes, of every kind, by AWS's own model, whatever is left out", () => {
    const { network, ...bare } = SETTINGS;
    const { kmsKeyArn, ...plain } = MONITOR;
    expect([network, kmsKeyArn]).to.not.include(undefined);
    for (const all of [made, requests(bare, plain, LIVE)]) {
      for (const kind of monitorKinds) {
        expect(validate("sagemaker", operation(kind), all[kind]), kind).to.deep.equal([]);
        const config = scheduleConfig(kind, MONITOR, all[kind].JobDefinitionName);
        const schedule = { MonitoringScheduleName: "name", MonitoringScheduleConfig: config };
        expect(validate("sagemaker", "CreateMonitoringSchedule", schedule), kind).to.deep.equal([]);
      }
    }
  });

  it("carry every setting: instances, time, keys, network, tags, role", () => {
    for (const kind of monitorKinds) {
      const type = MONITORING_TYPES[kind];
      const request = made[kind] as Record<string, unknown>;
      expect(request.JobResources, kind).to.deep.equal({
        ClusterConfig: {
          InstanceCount: 2,
          InstanceType: "ml.m5.xlarge",
          VolumeSizeInGB: 40,
          VolumeKmsKeyId: MONITOR.kmsKeyArn,
        },
      });
      expect(request[`${type}JobOutputConfig`], kind).to.deep.equal({
        MonitoringOutputs: [
          {
            S3Output: {
              S3Uri: `s3://bucket/fraud/monitor-output/${kind}`,
              LocalPath: "/opt/ml/processing/output",
              S3UploadMode: "EndOfJob",
            },
          },
        ],
        KmsKeyId: MONITOR.kmsKeyArn,
      });
      expect(request.StoppingCondition).to.deep.equal({ MaxRuntimeInSeconds: 1700 });
      expect(request.RoleArn).to.equal(SETTINGS.jobRoleArn);
      expect(request.NetworkConfig).to.deep.equal({
        EnableInterContainerTrafficEncryption: true,
        EnableNetworkIsolation: false,
        VpcConfig: { Subnets: ["subnet-0123456789abcdef0"], SecurityGroupIds: ["sg-0123456789abcdef0"] },
      });
      expect(request.Tags).to.deep.include.members([
        { Key: "fraud:project-id", Value: "fraud-prod" },
        { Key: "fraud:monitor", Value: kind },
      ]);
    }
  });

  it("go by the live model's baselines and threshold, and by labels that have come by then", () => {
    const [data, quality, bias, explained] = monitorKinds.map((kind) => made[kind] as Record<string, unknown>);
    expect(data?.DataQualityBaselineConfig).to.deep.equal({
      StatisticsResource: { S3Uri: `${BASELINES}/data-quality/statistics.json` },
      ConstraintsResource: { S3Uri: `${BASELINES}/data-quality/constraints.json` },
    });
    expect(quality?.ModelQualityBaselineConfig).to.deep.equal({
      ConstraintsResource: { S3Uri: `${BASELINES}/model-quality/constraints.json` },
    });
    expect(bias?.ModelBiasBaselineConfig).to.deep.equal({ ConstraintsResource: { S3Uri: FILES.constraintsUri } });
    expect(explained?.ModelExplainabilityAppSpecification).to.deep.include({ ConfigUri: FILES.configUri });
    const labelled = { StartTimeOffset: "-PT342H", EndTimeOffset: "-PT336H", ProbabilityThresholdAttribute: 0.31 };
    for (const [request, member] of [
      [quality, "ModelQualityJobInput"],
      [bias, "ModelBiasJobInput"],
    ] as const) {
      const input = request?.[member] as Record<string, Record<string, unknown>>;
      expect(input.EndpointInput).to.include(labelled);
      expect(input.GroundTruthS3Input).to.deep.equal({ S3Uri: SETTINGS.groundTruthUri });
    }
    expect(data?.DataQualityJobInput).to.deep.equal({
      EndpointInput: {
        EndpointName: "Fraud-Scores",
        LocalPath: "/opt/ml/processing/input/endpoint",
        S3InputMode: "File",
        S3DataDistributionType: "FullyReplicated",
      },
    });
  });

  it("are named by their content: the same is the same, another is another, and a name is never too long", () => {
    const again = requests(SETTINGS, { ...MONITOR }, LIVE);
    const other = requests(SETTINGS, { ...MONITOR, volumeSizeGb: 41 }, LIVE);
    const long = requests({ ...SETTINGS, endpointName: "e".repeat(63) }, MONITOR, LIVE);
    for (const kind of monitorKinds) {
      const name = made[kind].JobDefinitionName;
      expect(again[kind].JobDefinitionName).to.equal(name);
      expect(other[kind].JobDefinitionName).to.not.equal(name);
      expect(long[kind].JobDefinitionName).to.match(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/);
      expect(name.startsWith(`${definitionStem("Fraud-Scores", kind)}-`)).to.equal(true);
    }
    // What one endpoint's are begins no other's: they are found by it.
    const stems = ["a", "a-data-quality", "e".repeat(63)].flatMap((endpoint) =>
      monitorKinds.map((kind) => definitionStem(endpoint, kind)),
    );
    expect(new Set(stems)).to.have.property("size", stems.length);
  });

  it("are refused where the live model lacks what they need, by the package's name", () => {
    const bare = { ...LIVE, package: { ...LIVE.package, DriftCheckBaselines: {} } };
    expect(() => requests(SETTINGS, MONITOR, bare)).to.throw(
      /model-package\/fraud\/3 has no baselines of data-quality/,
    );
    const at = (metadata: Record<string, string>) =>
      requests(SETTINGS, MONITOR, { ...LIVE, package: { ...LIVE.package, CustomerMetadataProperties: metadata } });
    expect(() => at({ threshold: "1.5" })).to.throw('fraud/3 has the threshold "1.5", and 0 to 1 is wanted');
    const silent = at({})["model-quality"] as Record<string, unknown>;
    const { EndpointInput } = silent.ModelQualityJobInput as Record<string, object>;
    expect(EndpointInput).to.include({ ProbabilityThresholdAttribute: 0.5 });
  });
});

describe("what Clarify is told", () => {
  it("of a model to explain is its name by now, and not the label, which no request holds", () => {
    const config = {
      version: "1.0",
      dataset_type: "text/csv",
      headers: ["Class", "Time", "Amount"],
      label: "Class",
      facet: [{ name_or_index: "Amount", value_or_threshold: [10] }],
      methods: { shap: { agg_method: "mean_abs", use_logit: true, num_samples: 10_000 } },
    };
    const told = explainabilityConfig(config, "fraud-model-7", {
      modelInstanceType: "ml.m5.large",
      modelEndpointPrefix: "fraud-clarify",
    });
    expect(told).to.deep.equal({
      version: "1.0",
      dataset_type: "application/json",
      headers: ["Time", "Amount"],
      methods: { shap: { agg_method: "mean_abs", use_logit: true } },
      predictor: {
        model_name: "fraud-model-7",
        instance_type: "ml.m5.large",
        initial_instance_count: 1,
        content_type: "application/json",
        accept_type: "application/json",
        content_template: '{"instances":$records}',
        record_template: '{"features":$features}',
        endpoint_name_prefix: "fraud-clarify",
      },
    });
  });

  it("of bias is where a captured request has its features, and the ground truth its label", () => {
    const config = {
      version: "1.0",
      dataset_type: "text/csv",
      headers: ["Class", "Time", "Amount"],
      label: "Class",
      facet: [{ name_or_index: "Amount", value_or_threshold: [10] }],
    };
    expect(biasConfig(config)).to.deep.equal({
      ...config,
      dataset_type: "application/json",
      headers: ["Time", "Amount", "Class"],
      label: "instances[*].label",
    });
  });

  it("of bias is one document of the two that were written before training and after it", () => {
    const before = { version: "1.0", pre_training_bias_metrics: { label: "Class" } };
    const after = { version: "1.0", post_training_bias_metrics: { label: "Decision" } };
    expect(combinedAnalysis(before, after)).to.deep.equal({ ...before, ...after });
    // Of a document that holds both, only the section that it is there for.
    const both = { version: "1.0", pre_training_bias_metrics: {}, post_training_bias_metrics: {} };
    expect(combinedAnalysis(before, both).pre_training_bias_metrics).to.deep.equal({ label: "Class" });
    expect(() => combinedAnalysis(after, before)).to.throw(
      "the pre-training constraints lack pre_training_bias_metrics and the post-training constraints lack post_",
    );
  });
});

describe("a schedule of AWS's", () => {
  const wanted = scheduleConfig("data-quality", MONITOR, "definition");
  const scheduled = { MonitoringScheduleStatus: "Scheduled" as const, MonitoringScheduleConfig: wanted };
  const schedule = {
    MonitoringScheduleArn: "arn",
    MonitoringScheduleName: "name",
    LastMonitoringExecutionSummary: undefined,
    ...scheduled,
  };
  const execution = (status: string, more: object = {}) => ({
    ...schedule,
    LastMonitoringExecutionSummary: {
      MonitoringScheduleName: "name",
      ScheduledTime: NOW,
      CreationTime: NOW,
      LastModifiedTime: new Date(NOW.getTime() - 1000),
      MonitoringExecutionStatus: status as "Failed",
      ...more,
    },
  });

  it("is as it is to be only with its definition, its hours and its clock running", () => {
    expect(isAsWanted(schedule, wanted)).to.equal(true);
    expect(isAsWanted({ ...schedule, MonitoringScheduleStatus: "Stopped" }, wanted)).to.equal(false);
    for (const other of [
      { ...wanted, MonitoringJobDefinitionName: "another" },
      { ...wanted, ScheduleConfig: { ScheduleExpression: "cron(0 * ? * * *)" } },
      { ...wanted, MonitoringType: "ModelBias" as const },
    ]) {
      expect(isAsWanted(schedule, other)).to.equal(false);
    }
  });

  it("has an execution under way until that has ended", () => {
    for (const status of ["Pending", "InProgress", "Stopping"]) {
      expect(runningExecution(execution(status))?.MonitoringExecutionStatus).to.equal(status);
    }
    for (const status of ["Completed", "CompletedWithViolations", "Failed", "Stopped"]) {
      expect(runningExecution(execution(status))).to.equal(undefined);
    }
    expect(runningExecution(schedule)).to.equal(undefined);
  });

  it("whose execution had no job is told of once: an empty period is none that failed", () => {
    const hour = 3600;
    const told = (failure: string) => joblessExecution(execution("Failed", { FailureReason: failure }), NOW, hour);
    expect(told("Job inputs had no data")).to.deep.equal({ outcome: "empty" });
    expect(told("The role can't be assumed")).to.deep.equal({ outcome: "failed", reason: "The role can't be assumed" });
    const withJob = execution("Failed", {
      ProcessingJobArn: "arn:aws:sagemaker:eu-west-1:1:processing-job/model-monitoring-1",
    });
    expect(joblessExecution(withJob, NOW, hour)).to.equal(undefined);
    expect(joblessExecution(execution("Completed"), NOW, hour)).to.equal(undefined);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 * hour }), (age) => {
        const at = new Date(NOW.getTime() - age * 1000);
        const failed = execution("Failed", { LastModifiedTime: at });
        const sweeps = [0, 1, 2, 3].map((sweep) => new Date(NOW.getTime() + sweep * hour * 1000));
        const before = [1, 2, 3].map((sweep) => new Date(NOW.getTime() - sweep * hour * 1000));
        const times = [...before, ...sweeps].filter((time) => joblessExecution(failed, time, hour) !== undefined);
        expect(times).to.have.length(1);
      }),
    );
  });
});
