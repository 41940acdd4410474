// The delivery pipeline's component on the local cloud: a revision is tested, released and run, for real but for Docker.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CodePipelineClient,
  GetPipelineExecutionCommand,
  ListActionExecutionsCommand,
  PutJobSuccessResultCommand,
  StartPipelineExecutionCommand,
} from "@aws-sdk/client-codepipeline";
import {
  BatchGetReportsCommand,
  CodeBuildClient,
  ListReportGroupsCommand,
  ListReportsForReportGroupCommand,
} from "@aws-sdk/client-codebuild";
import { DescribeImagesCommand, ECRClient } from "@aws-sdk/client-ecr";
import {
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { DeleteRolePolicyCommand, IAMClient, paginateListRoles, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { expect } from "chai";
import { unzipSync } from "fflate";
import { Alerts } from "../../../components/alerts";
import { CiPipeline } from "../../../components/ci-pipeline";
import { Launcher } from "../../../components/launcher";
import { LauncherImage } from "../../../components/launcher-image";
import { Storage } from "../../../components/storage";
import { Ci, Ecs } from "../../../config";
import { bundleAll } from "../../../functions/bundle";
import { decode } from "../../../functions/shared/decode";
import type { RunPipelineEnvironment } from "../../../functions/run-pipeline/env";
import type { Result } from "../../../functions/run-pipeline/logic";
import { work } from "../../../functions/run-pipeline/run";
import { recordedCalls, unneeded } from "../../../local/iam/calls";
import { environment, startCloud, type RunningCloud } from "../../../local/cloud";
import { projectRoot } from "../../../local/tools";
import { nextMessage, until } from "../../functions/support/platform";
import { Workbench } from "../support/stack";
import { subscribedQueue } from "../support/subscribed-queue";
import { TestProject } from "./project";

const FAMILY = "fraud-launcher";

/** A task that is RUNNING for as long as anybody looks, in place of the launcher. */
const lasting = JSON.stringify([
  { name: "launcher", image: "overwritten", essential: true, command: ["node", "-e", "setTimeout(() => {}, 20000)"] },
]);

interface Outputs {
  pipelineName: string;
  repositoryName: string;
  repositoryUrl: string;
  parameterName: string;
  topicArn: string;
  clusterArn: string;
  functionName: string;
}

describe("delivery on the local cloud", function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), "delivery-"));
  const project = new TestProject();
  const before_ = { ...process.env };
  let cloud: RunningCloud;
  let bench: Workbench;
  let outputs: Outputs;
  let clients: {
    codebuild: CodeBuildClient;
    codepipeline: CodePipelineClient;
    ecr: ECRClient;
    ecs: ECSClient;
    iam: IAMClient;
    s3: S3Client;
    ssm: SSMClient;
    sqs: SQSClient;
    lambda: LambdaClient;
    eventBridge: EventBridgeClient;
  };
  let alertsQueue: string;
  /** The commit that was delivered first. */
  let delivered: string;

  const program = () => {
    const tags = { project: "fraud", stack: "delivery" };
    const storage = new Storage("storage", { tags, retainOnDelete: false });
    const alerts = new Alerts("alerts", { tags, storage });
    const image = new LauncherImage("image", { tags, storage });
    const launcher = new Launcher("launcher", {
      tags,
      storage,
      pipelineName: "fraud",
      sagemakerRoleArn: "arn:aws:iam::123456789012:role/sagemaker",
      settings: "{}",
      task: decode(Ecs, { subnetIds: ["subnet-0123456789abcdef0"] }, "ecs"),
      image,
      alertsTopicArn: alerts.topicArn,
      transform: {
        taskDefinition: (args) => ({
          ...args,
          containerDefinitions: image.uri.apply((uri) => lasting.replace("overwritten", uri)),
        }),
      },
    });
    const ci = new CiPipeline("ci", {
      tags,
      storage,
      alerts,
      image,
      launcher: launcher.task,
      pipelineName: "fraud",
      ci: decode(
        Ci,
        { connectionArn: "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a", repository: "me/fraud" },
        "ci",
      ),
      functions: { runPipeline: { physicalName: "run-pipeline" } },
    });
    // As another stack would have it, in an account of its own.
    new CiPipeline("next", {
      tags,
      storage,
      alerts,
      image,
      launcher: launcher.task,
      pipelineName: "next",
      ci: decode(
        Ci,
        {
          connectionArn: "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a",
          repository: "me/fraud",
          after: { accountId: "123456789012", pipelineName: "fraud-ci" },
        },
        "ci",
      ),
    });
    return Promise.resolve({
      pipelineName: ci.pipelineName,
      repositoryName: image.repositoryName,
      repositoryUrl: image.repositoryUrl,
      parameterName: image.parameterName,
      topicArn: alerts.topicArn,
      clusterArn: launcher.task.clusterArn,
      functionName: "run-pipeline",
    });
  };

  async function up(): Promise<void> {
    const stack = await bench.open("delivery", program);
    const result = await stack.up();
    outputs = Object.fromEntries(
      Object.entries(result.outputs).map(([name, { value }]) => [name, value as unknown]),
    ) as unknown as Outputs;
  }

  before(async () => {
    process.env["LOCAL_SERVER_SOURCE_DIR"] = project.directory;
    await Promise.all([project.prepare(), bundleAll({ outDir: join(projectRoot, "dist") })]);
    cloud = await startCloud({ directory: join(directory, "cloud"), region: "eu-west-1" });
    Object.assign(process.env, environment(cloud.description));
    bench = new Workbench(environment(cloud.description));
    await bench.prepare();
    await up();
    clients = {
      codebuild: new CodeBuildClient(),
      codepipeline: new CodePipelineClient(),
      ecr: new ECRClient(),
      ecs: new ECSClient(),
      iam: new IAMClient(),
      s3: new S3Client({ forcePathStyle: true }),
      ssm: new SSMClient(),
      sqs: new SQSClient(),
      lambda: new LambdaClient(),
      eventBridge: new EventBridgeClient(),
    };
    alertsQueue = await subscribedQueue(outputs.topicArn, "alerts");
  });
  after(async () => {
    bench.clean();
    await cloud.stop();
    project.clean();
    rmSync(directory, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (!(name in before_)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before_);
  });

  interface Delivery {
    status: string;
    actions: [string, string, string][];
  }

  /** Delivers what the repository holds. @returns how each action ended, in their order */
  async function deliver(): Promise<Delivery> {
    const { pipelineName } = outputs;
    const { pipelineExecutionId } = await clients.codepipeline.send(
      new StartPipelineExecutionCommand({ name: pipelineName }),
    );
    return ended(pipelineName, pipelineExecutionId);
  }

  async function ended(pipelineName: string, pipelineExecutionId: string | undefined): Promise<Delivery> {
    const status = await until("the delivery's end", async () => {
      const of = { pipelineName, pipelineExecutionId };
      const { pipelineExecution } = await clients.codepipeline.send(new GetPipelineExecutionCommand(of));
      return pipelineExecution?.status === "InProgress" ? undefined : pipelineExecution?.status;
    });
    const { actionExecutionDetails = [] } = await clients.codepipeline.send(
      new ListActionExecutionsCommand({ pipelineName, filter: { pipelineExecutionId } }),
    );
    return {
      status,
      actions: actionExecutionDetails
        .reverse()
        .map(({ actionName = "", status: ended = "", output }) => [
          actionName,
          ended,
          output?.executionResult?.externalExecutionSummary ?? "",
        ]),
    };
  }

  const released = async (tag: string): Promise<string[] | undefined> => {
    const request = { repositoryName: outputs.repositoryName, imageIds: [{ imageTag: tag }] };
    const { imageDetails = [] } = await clients.ecr.send(new DescribeImagesCommand(request));
    return imageDetails[0]?.imageTags;
  };
  const running = async (): Promise<{ image: string | undefined; arn: string | undefined }> => {
    const { taskDefinition } = await clients.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: FAMILY }));
    return { image: taskDefinition?.containerDefinitions?.[0]?.image, arn: taskDefinition?.taskDefinitionArn };
  };
  const roleNamed = async (prefix: string): Promise<string> => {
    for await (const { Roles = [] } of paginateListRoles({ client: clients.iam }, {})) {
      const found = Roles.find(({ RoleName = "" }) => RoleName.startsWith(prefix));
      if (found?.RoleName !== undefined) return found.RoleName;
    }
    throw new Error(`there is no role ${prefix}…`);
  };
  const alert = async (): Promise<string> => {
    const event = await nextMessage(clients.sqs, alertsQueue);
    return (JSON.parse(event.Records[0]?.body ?? "") as { Message: string }).Message;
  };

  it("tests a revision, releases its image under version and revision, and runs it", async () => {
    const revision = project.commit("1.1.0", "true");
    delivered = revision;
    const { status, actions } = await deliver();
    expect(actions.map(([name, ended]) => `${name} ${ended}`)).to.deep.equal([
      "Source Succeeded",
      "Test Succeeded",
      "Build Succeeded",
      "RunPipeline Succeeded",
    ]);
    expect(status).to.equal("Succeeded");
    expect(actions[3]?.[2]).to.match(/^Task [0-9a-f]{32} is RUNNING$/);
    expect(await released("1.1.0")).to.have.members(["1.1.0", revision]);
    const image = `${outputs.repositoryUrl}:1.1.0`;
    expect((await running()).image).to.equal(image);
    const { Parameter } = await clients.ssm.send(new GetParameterCommand({ Name: outputs.parameterName }));
    expect(Parameter?.Value).to.equal(image);
  });

  it("reads what the tests report, and exports it", async () => {
    const { reportGroups = [] } = await clients.codebuild.send(new ListReportGroupsCommand({}));
    const reported = await Promise.all(
      ["results", "coverage"].map(async (kind) => {
        const reportGroupArn = reportGroups.find((arn) => arn.includes("/ci-tests-") && arn.endsWith(`-${kind}`));
        const list = await clients.codebuild.send(new ListReportsForReportGroupCommand({ reportGroupArn }));
        const got = await clients.codebuild.send(new BatchGetReportsCommand({ reportArns: list.reports }));
        return got.reports?.[0];
      }),
    );
    const [results, coverage] = reported;
    expect(results?.status).to.equal("FAILED");
    expect(results?.testSummary).to.deep.equal({
      total: 4,
      statusCounts: { SUCCEEDED: 2, FAILED: 1, ERROR: 0, SKIPPED: 1, UNKNOWN: 0 },
      durationInNanoSeconds: 1_750_000_000,
    });
    expect(coverage?.status).to.equal("SUCCEEDED");
    expect(coverage?.codeCoverageSummary).to.deep.include({ lineCoveragePercentage: 75, linesMissed: 50 });
    expect(coverage?.codeCoverageSummary).to.deep.include({ branchCoveragePercentage: 25, branchesCovered: 10 });
    const { bucket = "", path = "" } = results?.exportConfig?.s3Destination ?? {};
    const exported = await clients.s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: `${path}/${results?.name}.zip` }),
    );
    const files = unzipSync((await exported.Body?.transformToByteArray()) ?? new Uint8Array());
    expect(Buffer.from(files["unit.xml"] ?? []).toString("utf8")).to.contain("2 is not 3");
  });

  it("starts the delivery after it with the same revision, wherever the branch is by then", async () => {
    const first = await until("the delivery that follows", async () => {
      const list = new ListActionExecutionsCommand({ pipelineName: "next-ci" });
      return (await clients.codepipeline.send(list)).actionExecutionDetails?.at(-1);
    });
    const { status, actions } = await ended("next-ci", first.pipelineExecutionId);
    expect(actions[0]).to.deep.equal(["Source", "Succeeded", delivered]);
    expect(actions.map(([, each]) => each)).to.deep.equal(["Succeeded", "Succeeded", "Succeeded", "Succeeded"]);
    expect(status).to.equal("Succeeded");
    const unknown = await clients.codepipeline
      .send(
        new StartPipelineExecutionCommand({
          name: "next-ci",
          sourceRevisions: [{ actionName: "Sauce", revisionType: "COMMIT_ID", revisionValue: delivered }],
        }),
      )
      .catch((error: unknown) => error);
    expect(String(unknown)).to.contain("Sauce is no source action of the pipeline");
  });

  it("keeps the delivered image when the stack is brought up again", async () => {
    await up();
    expect((await running()).image).to.equal(`${outputs.repositoryUrl}:1.1.0`);
  });

  it("reuses the image of the same version and revision", async () => {
    const { arn } = await running();
    const { status } = await deliver();
    expect(status).to.equal("Succeeded");
    expect((await running()).arn).to.equal(arn);
  });

  it("asks for another version where the revision is another, and says so to the topic", async () => {
    project.commit("1.1.0", "echo changed");
    const { status, actions } = await deliver();
    expect(status).to.equal("Failed");
    expect(actions.at(-1)?.slice(0, 2)).to.deep.equal(["Build", "Failed"]);
    expect(actions.at(-1)?.[2]).to.contain("bump the version in package.json");
    const told = await alert();
    expect(told).to.match(/^"?Delivery failed: fraud-ci, stage Image, action Build: /);
    expect(told).to.contain("bump the version");
    expect((await running()).image).to.equal(`${outputs.repositoryUrl}:1.1.0`);
  });

  it("builds nothing of a revision whose tests fail, and says so to the topic", async () => {
    project.commit("1.2.0", "echo 3 tests failed; exit 1");
    const { actions } = await deliver();
    expect(actions.map(([name, ended]) => `${name} ${ended}`)).to.deep.equal(["Source Succeeded", "Test Failed"]);
    expect(await alert()).to.contain("stage Test, action Test");
    expect(await released("1.2.0")).to.equal(undefined);
  });

  it("stops where a role may not do its part, and says which permission it lacks", async () => {
    project.commit("1.2.0", "true");
    const [pipelineRole = "", testRole = ""] = await Promise.all(["ci-pipeline-", "ci-tests-role-"].map(roleNamed));
    const cases: [string, string, string, RegExp][] = [
      [
        pipelineRole,
        "codebuild:StartBuild",
        "Test",
        /^User: .*ci-pipeline-.* is not authorized.*: codebuild:StartBuild/,
      ],
      [testRole, "codeconnections:UseConnection", "Test", /^DOWNLOAD_SOURCE: User: .*codeconnections:UseConnection/],
      [testRole, "logs:CreateLogStream", "Test", /^PROVISIONING: .*logs:CreateLogStream/],
      [pipelineRole, "lambda:InvokeFunction", "RunPipeline", /is not authorized to perform: lambda:InvokeFunction/],
    ];
    for (const [RoleName, action, stopped, reason] of cases) {
      const denial = { Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: action, Resource: "*" }] };
      const PolicyName = "denied";
      await clients.iam.send(
        new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(denial) }),
      );
      const { status, actions } = await deliver();
      await clients.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
      expect(status, action).to.equal("Failed");
      expect(actions.at(-1)?.slice(0, 2), action).to.deep.equal([stopped, "Failed"]);
      expect(actions.at(-1)?.[2]).to.match(reason);
      expect(await alert()).to.contain(action);
    }
  });

  it("needs each statement of each role of the delivery", async () => {
    const { calls, statements } = await recordedCalls(cloud.description.awsEndpointUrl, clients.iam);
    const ofDelivery = ({ role }: { role: string }) => role.startsWith("ci-");
    const record = { calls: calls.filter(ofDelivery), statements: statements.filter(ofDelivery) };
    const told = unneeded(record).map(({ role, actions }) => `${role.replace(/-[0-9a-f]{7}$/, "")}: ${actions.join()}`);
    expect(told).to.deep.equal([]);
  });

  it("runs one task and registers one revision for a job, however often its event comes", async () => {
    const image = `${outputs.repositoryUrl}:1.1.0`;
    const jobId = randomUUID();
    const variables: RunPipelineEnvironment = {
      CLUSTER_ARN: outputs.clusterArn,
      TASK_FAMILY: FAMILY,
      CONTAINER_NAME: "launcher",
      SUBNET_IDS: ["subnet-0123456789abcdef0"],
      SECURITY_GROUP_IDS: [],
      IMAGE_PARAMETER_NAME: outputs.parameterName,
      START_TIMEOUT_SECONDS: 600,
    };
    const { arn } = await running();
    const results = await Promise.all(
      [1, 2, 3].map(() =>
        work(clients, variables, jobId, { delivery: { image, revision: delivered, pipeline: outputs.pipelineName } }),
      ),
    );
    const again = await work(clients, variables, jobId, {
      delivery: { image, revision: delivered, pipeline: outputs.pipelineName },
    });
    const taskOf = (result: Result) => result.taskId;
    expect(new Set([...results, again].map(taskOf)).size).to.equal(1);
    const list = new ListTasksCommand({ cluster: outputs.clusterArn, startedBy: jobId });
    expect((await clients.ecs.send(list)).taskArns).to.have.length(1);
    expect((await running()).arn).to.equal(arn);
  });

  it("fails the job with the reason of a task that stops", async () => {
    await clients.ecs.send(
      new RegisterTaskDefinitionCommand({
        family: "failing",
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: "256",
        memory: "512",
        containerDefinitions: [{ name: "launcher", image: "x/y:1", command: ["node", "-e", "process.exit(3)"] }],
      }),
    );
    const variables: RunPipelineEnvironment = {
      CLUSTER_ARN: outputs.clusterArn,
      TASK_FAMILY: "failing",
      CONTAINER_NAME: "launcher",
      SUBNET_IDS: ["subnet-0123456789abcdef0"],
      SECURITY_GROUP_IDS: [],
      IMAGE_PARAMETER_NAME: "failing",
      START_TIMEOUT_SECONDS: 600,
    };
    const jobId = randomUUID();
    const result = await until("the task's end", async () => {
      const now = await work(clients, variables, jobId, {
        delivery: { image: "x/y:2", revision: "0".repeat(40), pipeline: outputs.pipelineName },
      });
      return now.kind === "failed" ? now : undefined;
    });
    expect(result).to.deep.include({ kind: "failed", type: "JobFailed" });
    expect(result.kind === "failed" ? result.message : "").to.match(/stopped: Essential container.*exit code 3/);
  });

  it("does not take a result for a job that it did not give out", async () => {
    const failure = await clients.codepipeline
      .send(new PutJobSuccessResultCommand({ jobId: randomUUID() }))
      .catch((error: unknown) => error);
    expect((failure as Error).name).to.equal("JobNotFoundException");
    const event = { "CodePipeline.job": { id: randomUUID(), data: { artifactCredentials: { secretAccessKey: "s" } } } };
    const answer = await clients.lambda.send(
      new InvokeCommand({ FunctionName: outputs.functionName, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    expect(answer.FunctionError).not.to.equal(undefined);
  });
});
