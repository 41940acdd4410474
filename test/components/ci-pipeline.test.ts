import { expect } from "chai";
import { CiPipeline } from "../../components/ci-pipeline";
import { LauncherImage } from "../../components/launcher-image";
import { Launcher } from "../../components/launcher";
import { Ci, Ecs } from "../../config";
import { decode } from "../../functions/shared/decode";
import { foundations } from "./support/foundations";
import {
  actionsOf,
  everythingRegistered,
  inputsOf,
  ofType,
  permissionsOf,
  startRecording,
  statementsOf,
  variablesOf,
} from "./support/mocks";

const CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a";
const PIPELINE = "aws:codepipeline/pipeline:Pipeline";
const RULE = "aws:cloudwatch/eventRule:EventRule";
const TARGET = "aws:cloudwatch/eventTarget:EventTarget";
const KEY = "arn:aws:kms:eu-west-1:123456789012:key/storage-key";

interface Action {
  name: string;
  provider: string;
  configuration: Record<string, string>;
  inputArtifacts?: string[];
  outputArtifacts?: string[];
}

async function make(settings: object = {}, ecs: object = { subnetIds: ["subnet-0123456789abcdef0"] }) {
  const base = foundations();
  const image = new LauncherImage("image", { storage: base.storage });
  const launcher = new Launcher("launcher", {
    storage: base.storage,
    pipelineName: "Fraud-Dev",
    sagemakerRoleArn: "arn:aws:iam::123456789012:role/sagemaker",
    settings: "{}",
    task: decode(Ecs, ecs, "ecs"),
    image,
    alertsTopicArn: base.alerts.topicArn,
  });
  const ci = new CiPipeline("ci", {
    ...base,
    image,
    launcher: launcher.task,
    pipelineName: "Fraud-Dev",
    ci: decode(Ci, { connectionArn: CONNECTION, repository: "me/fraud", ...settings }, "ci"),
  });
  await everythingRegistered();
  return ci;
}

describe("the delivery pipeline", function () {
  this.timeout(30_000);
  beforeEach(startRecording);

  const actions = (): Action[] =>
    (inputsOf(PIPELINE, "ci-pipeline").stages as { actions: Action[] }[]).flatMap((stage) => stage.actions);

  it("goes from a push to the branch over tests and image to a run, each merge by itself", async () => {
    await make({ branch: "trunk" });
    expect(inputsOf(PIPELINE, "ci-pipeline")).to.deep.include({
      name: "Fraud-Dev-ci",
      pipelineType: "V2",
      executionMode: "QUEUED",
      artifactStores: [{ type: "S3", location: "ci-artifacts", encryptionKey: { id: KEY, type: "KMS" } }],
      triggers: [
        {
          providerType: "CodeStarSourceConnection",
          gitConfiguration: { sourceActionName: "Source", pushes: [{ branches: { includes: ["trunk"] } }] },
        },
      ],
    });
    expect(actions().map(({ name, provider }) => [name, provider])).to.deep.equal([
      ["Source", "CodeStarSourceConnection"],
      ["Test", "CodeBuild"],
      ["Build", "CodeBuild"],
      ["RunPipeline", "Lambda"],
    ]);
    const [source, test, build, run] = actions();
    expect(source?.configuration).to.deep.include({
      ConnectionArn: CONNECTION,
      FullRepositoryId: "me/fraud",
      BranchName: "trunk",
    });
    // What was tested is what is built.
    expect(test?.outputArtifacts).to.deep.equal(build?.inputArtifacts);
    expect(JSON.parse(build?.configuration.EnvironmentVariables ?? "")).to.deep.equal([
      { name: "GIT_REVISION", value: "#{Source.CommitId}", type: "PLAINTEXT" },
    ]);
    expect(JSON.parse(run?.configuration.UserParameters ?? "")).to.deep.equal({
      image: "#{Image.IMAGE}",
      revision: "#{Source.CommitId}",
      pipeline: "Fraud-Dev-ci",
    });
  });

  it("keeps artifacts encrypted, over TLS only, and for a month", async () => {
    await make();
    expect(inputsOf("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "ci-artifacts")).to.deep.include({
      blockPublicPolicy: true,
      restrictPublicBuckets: true,
    });
    const { policy } = inputsOf("aws:s3/bucketPolicy:BucketPolicy", "ci-artifacts");
    expect(statementsOf(policy).map(({ Effect }) => Effect)).to.deep.equal(["Deny", "Deny"]);
    const { rules } = inputsOf("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "ci-artifacts");
    expect((rules as { expiration: object }[])[0]?.expiration).to.deep.equal({ days: 30 });
    for (const { inputs } of ofType("aws:codebuild/project:Project")) {
      expect(inputs).to.deep.include({ encryptionKey: KEY, artifacts: { type: "CODEPIPELINE" } });
    }
  });

  it("reports results and coverage by the names that testspec.yml uses, and keeps them with the data", async () => {
    await make();
    const groups = ofType("aws:codebuild/reportGroup:ReportGroup").map(({ inputs }) => inputs);
    expect(groups.map(({ name, type }) => [name, type])).to.have.deep.members([
      ["ci-tests-project-results", "TEST"],
      ["ci-tests-project-coverage", "CODE_COVERAGE"],
    ]);
    for (const { exportConfig } of groups) {
      expect((exportConfig as { s3Destination: object }).s3Destination).to.deep.include({
        bucket: "storage-bucket",
        encryptionKey: KEY,
      });
    }
  });

  it("gives each tag once, but for the cache's, and scans what is pushed", async () => {
    await make();
    expect(inputsOf("aws:ecr/repository:Repository", "image-repository")).to.deep.include({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filter: "cache-*", filterType: "WILDCARD" }],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: KEY }],
    });
  });

  it("lets the function run this family in this cluster, and write this parameter; no more", async () => {
    await make();
    expect(actionsOf("ci-run")).to.have.members([
      ...["codepipeline:PutJobFailureResult", "codepipeline:PutJobSuccessResult"],
      ...["ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListTasks", "ecs:RegisterTaskDefinition"],
      ...["ecs:RunTask", "ecs:StopTask", "ecs:TagResource", "iam:PassRole"],
      ...["events:PutEvents", "logs:CreateLogStream", "logs:PutLogEvents", "ssm:PutParameter"],
    ]);
    const permissions = permissionsOf("ci-run");
    const family = "arn:aws:ecs:eu-west-1:123456789012:task-definition/Fraud-Dev-launcher";
    expect(permissions.filter((each) => each.startsWith("ecs:RunTask"))).to.deep.equal([
      `ecs:RunTask ${family}`,
      `ecs:RunTask ${family}:*`,
    ]);
    expect(permissions.filter((each) => each.startsWith("iam:PassRole"))).to.deep.equal([
      "iam:PassRole arn:aws:iam::123456789012:role/launcher-execution",
      "iam:PassRole arn:aws:iam::123456789012:role/launcher-task",
    ]);
    expect(variablesOf("ci-run-function")).to.deep.include({
      TASK_FAMILY: "Fraud-Dev-launcher",
      SUBNET_IDS: '["subnet-0123456789abcdef0"]',
      IMAGE_PARAMETER_NAME: "image-running",
      START_TIMEOUT_SECONDS: "600",
    });
  });

  it("tells the topic of every action that fails", async () => {
    await make();
    expect(JSON.parse(String(inputsOf(RULE, "ci-failed-rule").eventPattern))).to.deep.equal({
      source: ["aws.codepipeline"],
      "detail-type": ["CodePipeline Action Execution State Change"],
      detail: { pipeline: ["Fraud-Dev-ci"], state: ["FAILED"] },
    });
    expect(inputsOf(TARGET, "ci-failed-topic").arn).to.equal("arn:aws:sns:eu-west-1:123456789012:alerts-topic");
  });

  it("tells other accounts of its success, and starts after another's", async () => {
    const bus = "arn:aws:events:eu-west-1:210987654321:event-bus/default";
    await make({ notifyEventBusArns: [bus] });
    expect(inputsOf(TARGET, "ci-triggers-bus-0")).to.deep.include({ arn: bus });
    expect(permissionsOf("ci-triggers-notify")).to.deep.equal([`events:PutEvents ${bus}`]);
    await startRecording();
    await make({ after: { accountId: "210987654321", pipelineName: "fraud-dev-ci" } });
    expect(inputsOf(PIPELINE, "ci-pipeline").triggers).to.equal(undefined);
    expect(JSON.parse(String(inputsOf(RULE, "ci-triggers-before").eventPattern))).to.deep.equal({
      source: ["fraud.delivery"],
      account: ["210987654321"],
      "detail-type": ["Delivery Succeeded"],
      detail: { pipeline: ["fraud-dev-ci"] },
    });
    // With the revision that was good there, wherever the branch is by now.
    const { inputPaths, inputTemplate } = inputsOf(TARGET, "ci-triggers-pipeline").inputTransformer as {
      inputPaths: object;
      inputTemplate: string;
    };
    expect(inputPaths).to.deep.equal({ revision: "$.detail.revision" });
    expect(JSON.parse(inputTemplate)).to.deep.equal({
      sourceRevisions: [{ actionName: "Source", revisionType: "COMMIT_ID", revisionValue: "<revision>" }],
    });
    expect(inputsOf("aws:cloudwatch/eventPermission:EventPermission", "ci-triggers-sender")).to.deep.include({
      principal: "210987654321",
      action: "events:PutEvents",
    });
    expect(actionsOf("ci-triggers-start")).to.deep.equal(["codepipeline:StartPipelineExecution"]);
  });

  it("is refused where the launcher has no subnet", async () => {
    const failure = await make({}, {}).catch((error: unknown) => error);
    expect(String(failure)).to.match(/ecs\.subnetIds/);
  });
});
