import { expect } from "chai";
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { run } from "../../../local/engine";
import { startMiniStack, type Emulator } from "../support/ministack";
import { startLocalServer } from "../support/server";
import { Workbench } from "../support/stack";

const ROLE = "arn:aws:iam::123456789012:role/r";

/** What the local server holds: ECS and SageMaker. */
function program({ image = "launcher:1", tag = "1" }): pulumi.automation.PulumiFn {
  return () => {
    const tags = { project: "fraud", tag };
    const cluster = new aws.ecs.Cluster("platform", {
      settings: [{ name: "containerInsights", value: "disabled" }],
      tags,
    });
    const task = new aws.ecs.TaskDefinition("launcher", {
      family: "launcher",
      cpu: "512",
      memory: "1024",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      executionRoleArn: ROLE,
      taskRoleArn: ROLE,
      runtimePlatform: { cpuArchitecture: "X86_64", operatingSystemFamily: "LINUX" },
      containerDefinitions: JSON.stringify([
        {
          name: "launcher",
          image,
          essential: true,
          environment: [{ name: "A", value: "b" }],
          readonlyRootFilesystem: true,
        },
      ]),
      tags,
    });
    const group = new aws.sagemaker.ModelPackageGroup("fraud", {
      modelPackageGroupName: "fraud",
      modelPackageGroupDescription: "models",
      tags,
    });
    const app = new aws.sagemaker.MlflowApp("registry", {
      artifactStoreUri: "s3://artifacts/mlflow",
      roleArn: ROLE,
      modelRegistrationMode: "AutoModelRegistrationDisabled",
      accountDefaultStatus: "DISABLED",
      tags,
    });
    return Promise.resolve({ cluster: cluster.arn, task: task.arn, group: group.arn, app: app.arn });
  };
}

describe("the provider, on the local server's ECS and SageMaker", function () {
  let ministack: Emulator;
  let server: Emulator;
  let bench: Workbench;

  before(async () => {
    ministack = await startMiniStack();
    server = await startLocalServer(ministack);
    bench = new Workbench(server.environment);
    await bench.prepare();
  });
  after(async () => {
    await server.stop();
    await ministack.stop();
    bench.clean();
  });

  it("carries their resources through a whole life", async () => {
    const up = async (variant: { image?: string; tag?: string }) =>
      run(await bench.open("services", program(variant)), "up");
    const { outputs } = await up({});
    expect(outputs["task"]?.value).to.equal("arn:aws:ecs:eu-west-1:123456789012:task-definition/launcher:1");
    expect(outputs["group"]?.value).to.equal("arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/fraud");
    expect(outputs["app"]?.value).to.match(/^arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app\//);
    expect((await up({})).steps).to.deep.equal([]);
    expect((await run(await bench.open("services", program({})), "refresh")).steps).to.deep.equal([]);

    const tagged = await up({ tag: "2" });
    expect(tagged.changes).to.include({ create: 0, update: 4, replace: 0, delete: 0 });
    const replaced = await up({ tag: "2", image: "launcher:2" });
    expect(replaced.changes).to.include({ create: 0, update: 0, replace: 1, delete: 0 });
    expect(replaced.outputs["task"]?.value).to.match(/launcher:2$/);
    expect((await up({ tag: "2", image: "launcher:2" })).steps).to.deep.equal([]);
    expect((await run(await bench.open("services", program({})), "destroy")).resources).to.deep.equal([]);
  });
});
