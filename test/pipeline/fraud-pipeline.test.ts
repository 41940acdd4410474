import { expect } from "chai";
import { fraudPipeline } from "../../pipeline/fraud-pipeline";
import type { Preprocessing } from "../../pipeline/preprocess-engine";
import { at, rawSettings, rdsSource, settings } from "./samples";

const code = {
  extract: "s3://bucket/fraud/scripts/e",
  preprocess: "s3://bucket/fraud/scripts/a",
  evaluate: "s3://bucket/fraud/scripts/b",
  baselines: "s3://bucket/fraud/scripts/d",
  training: "s3://bucket/fraud/scripts/c/sourcedir.tar.gz",
};

function definition(
  changes: Readonly<Record<string, unknown>> = {},
  preprocessing: Preprocessing = { engine: "scikit-learn" },
) {
  return fraudPipeline({
    settings: settings(changes),
    code,
    preprocessing,
    hyperparameters: { eta: 0.05, max_depth: 4 },
  });
}

const step = (json: unknown, name: string) =>
  (at(json, "Steps") as { Name: string }[]).find(({ Name }) => Name === name) ??
  expect.fail(`there is no step ${name}`);
const ofExecution = (...folders: readonly string[]) => ({
  "Std:Join": { On: "/", Values: ["s3://bucket/fraud", { Get: "Parameters.ExecutionId" }, ...folders] },
});

describe("the fraud pipeline", () => {
  const json = definition();

  it("has the steps that the architecture names, in its branches", () => {
    const names = (steps: unknown) =>
      (steps as { Name: string; Type: string }[]).map(({ Name, Type }) => `${Name}: ${Type}`);
    expect(names(at(json, "Steps"))).to.deep.equal([
      "Preprocess: Processing",
      "Train: Training",
      "Champion: Lambda",
      "Evaluate: Processing",
      "Baselines: Processing",
      "Gate: Lambda",
      "GateDecision: Condition",
    ]);
    expect(names(at(step(json, "GateDecision"), "Arguments", "IfSteps"))).to.deep.equal([
      "Register: Lambda",
      "CreateModel: Model",
      "Deploy: Callback",
    ]);
    expect(names(at(step(json, "GateDecision"), "Arguments", "ElseSteps"))).to.deep.equal(["Refused: Fail"]);
  });

  it("declares its parameters", () => {
    expect(at(json, "Parameters")).to.deep.equal([
      { Name: "ExecutionId", Type: "String" },
      { Name: "RawDataUri", Type: "String" },
      { Name: "RawDataVersion", Type: "String", DefaultValue: "unversioned" },
      { Name: "LegitimateWeight", Type: "Float", DefaultValue: 1 },
    ]);
  });

  it("calls preprocess as it wants to be called", () => {
    const preprocess = at(step(json, "Preprocess"), "Arguments");
    expect(at(preprocess, "AppSpecification")).to.deep.equal({
      ImageUri: "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
      ContainerEntrypoint: ["python3", "/opt/ml/processing/input/code/run_job.py"],
      ContainerArguments: [
        ..."--input /opt/ml/processing/input/raw --output /opt/ml/processing/output".split(" "),
        ..."--train-ratio 0.6 --validation-ratio 0.2 --test-ratio 0.2 --split temporal --seed 7 --message-file /opt/ml/output/message".split(
          " ",
        ),
      ],
    });
    expect(at(preprocess, "ProcessingInputs", 0, "S3Input", "S3Uri")).to.deep.equal({ Get: "Parameters.RawDataUri" });
    expect(at(preprocess, "ProcessingInputs", 1, "S3Input")).to.include({
      S3Uri: code.preprocess,
      LocalPath: "/opt/ml/processing/input/code",
    });
    expect(at(preprocess, "ProcessingOutputConfig", "Outputs", 2)).to.deep.equal({
      OutputName: "test",
      AppManaged: false,
      S3Output: {
        S3Uri: ofExecution("processed", "test"),
        LocalPath: "/opt/ml/processing/output/test",
        S3UploadMode: "EndOfJob",
      },
    });
    expect(at(preprocess, "Environment")).to.deep.equal({
      JOB_PROGRAM: "preprocess.py",
      RAW_DATA_VERSION: { Get: "Parameters.RawDataVersion" },
    });
  });

  it("submits preprocessing to Spark's container with the same arguments, its configuration and all instances", () => {
    const preprocess = {
      ...rawSettings.preprocess,
      framework: "pyspark",
      instanceType: "ml.m5.xlarge",
      instanceCount: 3,
    };
    const configuration = "s3://bucket/fraud/scripts/conf";
    const spark = at(step(definition({ preprocess }, { engine: "pyspark", configuration }), "Preprocess"), "Arguments");
    expect(at(spark, "AppSpecification", "ImageUri")).to.equal(
      "571004829621.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312",
    );
    const scripts = "/opt/ml/processing/input/code";
    expect(at(spark, "AppSpecification", "ContainerEntrypoint")).to.deep.equal([
      ...["python3", `${scripts}/submit.py`, "/opt/ml/output/reason", "/opt/ml/output/message"],
      ...["smspark-submit", "--py-files", scripts, `${scripts}/preprocess_spark.py`],
    ]);
    const one = at(step(json, "Preprocess"), "Arguments", "AppSpecification", "ContainerArguments") as string[];
    expect(at(spark, "AppSpecification", "ContainerArguments")).to.deep.equal([
      ...one.slice(0, -1),
      "/opt/ml/output/reason",
    ]);
    expect(at(spark, "ProcessingResources", "ClusterConfig")).to.include({
      InstanceType: "ml.m5.xlarge",
      InstanceCount: 3,
    });
    expect(at(spark, "ProcessingInputs", 2)).to.deep.include({ InputName: "conf" });
    expect(at(spark, "ProcessingInputs", 2, "S3Input")).to.include({
      S3Uri: configuration,
      LocalPath: "/opt/ml/processing/input/conf",
    });
  });

  it("trains in script mode, all hyperparameters as text", () => {
    const train = at(step(json, "Train"), "Arguments");
    expect(at(train, "HyperParameters")).to.deep.equal({
      eta: "0.05",
      max_depth: "4",
      legitimate_weight: { "Std:Join": { On: "", Values: [{ Get: "Parameters.LegitimateWeight" }] } },
      false_positive_cost: "5",
      seed: "7",
      sagemaker_program: "run_job.py",
      sagemaker_submit_directory: code.training,
      sagemaker_container_log_level: "20",
      sagemaker_region: "eu-west-1",
    });
    expect(at(train, "OutputDataConfig")).to.deep.equal({ S3OutputPath: ofExecution("model") });
    expect(at(train, "InputDataConfig", 1)).to.deep.equal({
      ChannelName: "validation",
      ContentType: "text/csv",
      DataSource: {
        S3DataSource: {
          S3DataType: "S3Prefix",
          S3DataDistributionType: "FullyReplicated",
          S3Uri: { Get: "Steps.Preprocess.ProcessingOutputConfig.Outputs['validation'].S3Output.S3Uri" },
        },
      },
    });
  });

  it("trains, evaluates and serves another algorithm in its own container", () => {
    const training = { ...settings().training, algorithm: "lgbm", frameworkVersion: undefined };
    const lgbm = definition({ training });
    const image = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3";
    const train = at(step(lgbm, "Train"), "Arguments");
    expect(at(train, "AlgorithmSpecification", "TrainingImage")).to.equal(image);
    expect(at(train, "Environment")).to.include({ JOB_PROGRAM: "train_lgbm.py" });
    expect(at(step(lgbm, "Evaluate"), "Arguments", "AppSpecification", "ImageUri")).to.equal(image);
    const [register, create] = at(step(lgbm, "GateDecision"), "Arguments", "IfSteps") as unknown[];
    expect(at(register, "Arguments")).to.include({ algorithm: "lgbm", image });
    expect(at(create, "Arguments", "PrimaryContainer", "Image")).to.equal(image);
    for (const name of ["Preprocess", "Train", "Evaluate", "Baselines"]) {
      expect(at(step(lgbm, name), "RetryPolicies")).to.deep.equal(at(step(json, name), "RetryPolicies"));
    }
  });

  it("looks the champion up once the model is trained, and evaluates both on the same rows", () => {
    const champion = step(json, "Champion");
    expect(champion).to.deep.include({ DependsOn: ["Train"] });
    expect(at(champion, "Arguments", "championUri")).to.deep.equal(ofExecution("champion"));
    const evaluate = at(step(json, "Evaluate"), "Arguments");
    expect(at(evaluate, "ProcessingInputs", 1, "S3Input")).to.deep.include({
      S3Uri: { Get: "Steps.Champion.OutputParameters['championUri']" },
      LocalPath: "/opt/ml/processing/input/champion",
    });
    expect(at(evaluate, "AppSpecification", "ContainerArguments")).to.include.members([
      "--champion",
      "/opt/ml/processing/input/champion",
    ]);
  });

  it("looks for bias by the facet of the configuration", () => {
    const containerArguments = (biasFacet?: { feature: string; bands: number[] }) => {
      const evaluation = { ...rawSettings.evaluation, ...(biasFacet ? { biasFacet } : {}) };
      const baselines = step(definition({ evaluation }), "Baselines");
      return at(baselines, "Arguments", "AppSpecification", "ContainerArguments") as string[];
    };
    expect(containerArguments()).not.to.include("--facet");
    const found = containerArguments({ feature: "V3", bands: [-0.5, 1] });
    const facet = ["--facet", "V3", "--facet-bands", "-0.5", "1"];
    expect(found.slice(found.indexOf("--facet")).slice(0, facet.length)).to.deep.equal(facet);
  });

  it("makes baselines of what the model was trained and tested on, and registers them with it", () => {
    const baselines = at(step(json, "Baselines"), "Arguments");
    const inputs = at(baselines, "ProcessingInputs") as { InputName: string; S3Input: { S3Uri: unknown } }[];
    expect(inputs.map(({ InputName, S3Input }) => [InputName, S3Input.S3Uri])).to.deep.equal([
      ["model", { Get: "Steps.Train.ModelArtifacts.S3ModelArtifacts" }],
      ...["train", "test"].map((name) => [
        name,
        { Get: `Steps.Preprocess.ProcessingOutputConfig.Outputs['${name}'].S3Output.S3Uri` },
      ]),
      ["code", code.baselines],
    ]);
    const [register] = at(step(json, "GateDecision"), "Arguments", "IfSteps") as unknown[];
    expect(at(register, "Arguments", "baselinesUri")).to.deep.equal({
      Get: "Steps.Baselines.ProcessingOutputConfig.Outputs['baselines'].S3Output.S3Uri",
    });
  });

  it("registers the golden sample that evaluation leaves beside its report", () => {
    const [register] = at(step(json, "GateDecision"), "Arguments", "IfSteps") as unknown[];
    const evaluation = { Get: "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri" };
    expect(at(register, "Arguments", "goldenUri")).to.deep.equal({
      "Std:Join": { On: "/", Values: [evaluation, "golden"] },
    });
  });

  it("decides once nothing else runs: a refusal ends the execution", () => {
    expect(step(json, "Gate")).to.deep.include({ DependsOn: ["Baselines"] });
  });

  it("tells jobs where the execution's MLflow run is", () => {
    for (const name of ["Train", "Evaluate"]) {
      expect(at(step(json, name), "Arguments", "Environment")).to.deep.include({
        MLFLOW_ARN: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-TEST",
        MLFLOW_EXPERIMENT_NAME: "fraud-test",
        EXECUTION_ID: { Get: "Parameters.ExecutionId" },
      });
    }
  });

  it("hands each job the wheels of what its container lacks, and says where they are", () => {
    const wheels = { preprocess: "s3://bucket/w/p", evaluate: "s3://bucket/w/e", training: "s3://bucket/w/t" };
    const withWheels = fraudPipeline({
      settings: settings(),
      code: { ...code, wheels },
      preprocessing: { engine: "scikit-learn" },
      hyperparameters: {},
    });
    for (const [name, uri] of [
      ["Preprocess", wheels.preprocess],
      ["Evaluate", wheels.evaluate],
    ] as const) {
      const given = at(step(withWheels, name), "Arguments");
      const inputs = at(given, "ProcessingInputs") as { InputName: string; S3Input: object }[];
      const found = inputs.find(({ InputName }) => InputName === "wheels");
      expect(found?.S3Input).to.include({ S3Uri: uri, LocalPath: "/opt/ml/processing/input/wheels" });
      expect(at(given, "Environment", "JOB_WHEELS")).to.equal("/opt/ml/processing/input/wheels");
    }
    const train = at(step(withWheels, "Train"), "Arguments");
    expect(at(train, "InputDataConfig", 2)).to.deep.equal({
      ChannelName: "wheels",
      DataSource: {
        S3DataSource: { S3DataType: "S3Prefix", S3DataDistributionType: "FullyReplicated", S3Uri: wheels.training },
      },
    });
    expect(at(train, "Environment", "JOB_WHEELS")).to.equal("/opt/ml/input/data/wheels");
  });

  it("gates on the evaluation of the test split", () => {
    expect(at(step(json, "Gate"), "Arguments")).to.deep.equal({
      evaluationUri: {
        "Std:Join": {
          On: "/",
          Values: [
            { Get: "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri" },
            "evaluation.json",
          ],
        },
      },
      rocAucMin: 0.93,
      auprcMin: 0.6,
      recallAtFpr001Min: 0,
      championMargin: 0.01,
      unloadableChampion: "refuse",
      gitRevision: "0123abc",
      pipelineExecutionArn: { Get: "Execution.PipelineExecutionArn" },
      executionId: { Get: "Parameters.ExecutionId" },
    });
    expect(at(step(json, "GateDecision"), "Arguments", "Conditions")).to.deep.equal([
      { Type: "Equals", LeftValue: { Get: "Steps.Gate.OutputParameters['passed']" }, RightValue: "true" },
    ]);
    expect(at(step(json, "GateDecision"), "Arguments", "ElseSteps", 0, "Arguments")).to.deep.equal({
      ErrorMessage: { Get: "Steps.Gate.OutputParameters['reason']" },
    });
  });

  it("serves the package that it registered, and says so in the model's environment", () => {
    const [register, create, deploy] = at(step(json, "GateDecision"), "Arguments", "IfSteps") as unknown[];
    expect(at(register, "Arguments")).to.include({ algorithm: "xgboost", gitRevision: "0123abc" });
    expect(at(create, "Arguments", "PrimaryContainer")).to.deep.include({
      ModelDataUrl: { Get: "Steps.Train.ModelArtifacts.S3ModelArtifacts" },
      Environment: {
        SAGEMAKER_PROGRAM: "inference.py",
        SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: "*/*",
        SAGEMAKER_SUBMIT_DIRECTORY: "/opt/ml/model/code",
        SAGEMAKER_CONTAINER_LOG_LEVEL: "20",
        SAGEMAKER_REGION: "eu-west-1",
        FRAUD_MODEL_PACKAGE_ARN: { Get: "Steps.Register.OutputParameters['modelPackageArn']" },
      },
    });
    expect(at(deploy, "Arguments")).to.deep.equal({
      modelName: { Get: "Steps.CreateModel.ModelName" },
      modelPackageArn: { Get: "Steps.Register.OutputParameters['modelPackageArn']" },
    });
  });

  it("names jobs after the stack", () => {
    expect(at(step(json, "Preprocess"), "Arguments", "ProcessingJobName")).to.equal("fraud-test-preprocess");
    expect(at(step(json, "Train"), "Arguments", "TrainingJobName")).to.equal("fraud-test-train");
    expect(at(step(json, "GateDecision"), "Arguments", "IfSteps", 1, "Arguments", "ModelName")).to.equal("fraud-test");
  });

  it("tags everything that a job makes with its execution", () => {
    const tags = [
      { Key: "execution_id", Value: { Get: "Parameters.ExecutionId" } },
      { Key: "pipeline", Value: "fraud-test" },
      { Key: "project", Value: "fraud" },
    ];
    for (const name of ["Preprocess", "Train", "Evaluate", "Baselines"])
      expect(at(step(json, name), "Arguments", "Tags")).to.deep.equal(tags);
    expect(at(step(json, "GateDecision"), "Arguments", "IfSteps", 1, "Arguments", "Tags")).to.deep.equal(tags);
  });

  it("deploys nothing that a person must approve", () => {
    const manual = at(step(definition({ approval: "manual" }), "GateDecision"), "Arguments", "IfSteps") as {
      Name: string;
    }[];
    expect(manual.map(({ Name }) => Name)).to.deep.equal(["Register"]);
  });

  it("encrypts with the key that it is given", () => {
    const kmsKeyArn = "arn:aws:kms:eu-west-1:123456789012:key/0000";
    const encrypted = definition({ kmsKeyArn });
    expect(at(step(encrypted, "Preprocess"), "Arguments", "ProcessingOutputConfig", "KmsKeyId")).to.equal(kmsKeyArn);
    expect(at(step(encrypted, "Train"), "Arguments", "OutputDataConfig", "KmsKeyId")).to.equal(kmsKeyArn);
  });

  it("is the same for the same settings", () => {
    expect(JSON.stringify(definition())).to.equal(JSON.stringify(json));
  });

  it("says which versions there are when there is no image", () => {
    const training = { ...settings().training, frameworkVersion: "3.0-6" };
    expect(() => definition({ training }))
      .to.throw('"3.0-6"')
      .with.property("message")
      .that.contains("3.0-5")
      .and.contains("1.7-1");
  });

  it("reads a database into files first, under a role and in a network of that job's own", () => {
    const fromTable = definition({ source: rdsSource });
    expect(at(fromTable, "Parameters")).to.deep.equal([
      { Name: "ExecutionId", Type: "String" },
      { Name: "LegitimateWeight", Type: "Float", DefaultValue: 1 },
    ]);
    const [extract, preprocess] = [step(fromTable, "Extract"), step(fromTable, "Preprocess")];
    expect(at(extract, "Name")).to.equal("Extract");
    expect(at(extract, "Arguments", "RoleArn")).to.equal(rdsSource.roleArn);
    expect(at(extract, "Arguments", "NetworkConfig")).to.deep.equal({
      EnableNetworkIsolation: false,
      VpcConfig: { SecurityGroupIds: rdsSource.network.securityGroupIds, Subnets: rdsSource.network.subnetIds },
    });
    expect(at(extract, "Arguments", "AppSpecification")).to.deep.equal({
      ImageUri: "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
      ContainerEntrypoint: ["python3", "/opt/ml/processing/input/code/run_job.py"],
      ContainerArguments: [
        ...["--host", rdsSource.host, "--port", "3306", "--database", "credit_fraud", "--table", "transactions"],
        ...["--secret-arn", rdsSource.secretArn, "--output", "/opt/ml/processing/output"],
        ...["--message-file", "/opt/ml/output/message"],
      ],
    });
    expect(at(extract, "Arguments", "Environment")).to.deep.equal({ JOB_PROGRAM: "extract.py" });
    expect(at(extract, "Arguments", "ProcessingOutputConfig", "Outputs", 0, "S3Output", "S3Uri")).to.deep.equal(
      ofExecution("extracted", "rows"),
    );
    expect(at(preprocess, "Name")).to.equal("Preprocess");
    expect(at(preprocess, "Arguments", "ProcessingInputs", 0, "S3Input", "S3Uri")).to.deep.equal({
      Get: "Steps.Extract.ProcessingOutputConfig.Outputs['rows'].S3Output.S3Uri",
    });
    for (const each of [extract, preprocess]) expect(at(each, "CacheConfig")).to.equal(undefined);
  });

  it("hands the job the roots that vouch for the database, where they are given", () => {
    const json = definition({ source: { ...rdsSource, network: undefined, caBundleKey: "tls/roots.pem" } });
    expect(at(step(json, "Extract"), "Arguments", "NetworkConfig")).to.equal(undefined);
    expect(at(step(json, "Extract"), "Arguments", "ProcessingInputs", 0, "S3Input")).to.include({
      S3Uri: "s3://bucket/fraud/tls/roots.pem",
      LocalPath: "/opt/ml/processing/input/roots",
    });
    expect(at(step(json, "Extract"), "Arguments", "AppSpecification", "ContainerArguments")).to.include.members([
      "--ca-bundle",
      "/opt/ml/processing/input/roots/roots.pem",
    ]);
  });
});
