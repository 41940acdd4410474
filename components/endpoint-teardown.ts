import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { TeardownEnvironment } from "../functions/teardown/env";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import type { DeploymentPermissions } from "./deployment-permissions";
import { VARIANT } from "./endpoint-settings";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import type { WorkQueue } from "./work-queue";

export interface EndpointTeardownArgs extends ComponentArgs {
  endpointName: string;
  endpointArn: pulumi.Input<string>;
  pipelineName: string;
  registry: ModelRegistry;
  /** Executions whose deployment still waits here are answered, so that they stop. */
  deployQueue: WorkQueue;
  permissions: DeploymentPermissions;
  /** Tags of everything that is made at run time; how it is found again. */
  runTimeTags: Record<string, string>;
  /** Family of the task that launches the pipeline: revisions of it that carry the tags go too. */
  launcherTask: { family: string; tags: Record<string, string> };
  function?: FunctionOverrides | undefined;
}

/** On destroy: what functions made at run time goes before the functions' permissions do. */
export class EndpointTeardown extends PlatformComponent {
  /** What depends on it makes nothing any more by the time it removes things. */
  readonly invocation: aws.lambda.Invocation;

  constructor(name: string, args: EndpointTeardownArgs, options?: pulumi.ComponentResourceOptions) {
    super("EndpointTeardown", name, args, options);
    const { registry, permissions, pipelineName, deployQueue } = args;
    const sagemaker = (resource: string) => this.arnOf("sagemaker", resource.toLowerCase());
    const teardown = new LambdaFunction(
      this.childName("teardown"),
      {
        ...this.shared,
        ...args.function,
        functionName: "teardown",
        description: "Removes what was made at run time, when the stack is destroyed",
        environment: TeardownEnvironment,
        variables: {
          ENDPOINT_NAME: args.endpointName,
          ENDPOINT_VARIANT_NAME: VARIANT,
          PIPELINE_NAME: pipelineName,
          MODEL_PACKAGE_GROUP_NAME: registry.groupName,
          QUEUE_URL: deployQueue.url,
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
          TASK_FAMILY: args.launcherTask.family,
          TASK_TAGS: JSON.stringify(args.launcherTask.tags),
        },
        statements: [
          permissions.describing(),
          {
            actions: [
              "sagemaker:DeleteEndpoint",
              "sagemaker:DeleteEndpointConfig",
              "sagemaker:DeleteModel",
              "sagemaker:ListTags",
            ],
            resources: [args.endpointArn, sagemaker("endpoint-config/*"), sagemaker("model/*")],
          },
          {
            actions: ["sagemaker:ListEndpointConfigs", "sagemaker:ListModels"],
            anyResourceBecause: "SageMaker's lists have no resource-level permissions",
          },
          {
            actions: [
              "sagemaker:DeletePipeline",
              "sagemaker:DescribePipeline",
              "sagemaker:ListPipelineExecutions",
              "sagemaker:StopPipelineExecution",
            ],
            resources: [sagemaker(`pipeline/${pipelineName}`), sagemaker(`pipeline/${pipelineName}/execution/*`)],
          },
          // Executions that wait for a deployment stop only when they are answered.
          permissions.answering(),
          deployQueue.receiving(),
          {
            actions: ["ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition", "ecs:DeregisterTaskDefinition"],
            anyResourceBecause: "these operations of ECS have no resource-level permissions",
          },
          ...registry.emptying(),
          ...permissions.removing(),
        ],
        timeoutSeconds: 900,
        memoryMib: 256,
      },
      { parent: this },
    );
    this.invocation = this.child(
      aws.lambda.Invocation,
      "teardown",
      { functionName: teardown.name, lifecycleScope: "CRUD", input: JSON.stringify({}) },
      undefined,
      // Its permissions and the queue outlive its last call, and the group is emptied before it is deleted.
      { dependsOn: [...teardown.role.ready, registry, deployQueue] },
    );
    this.registerOutputs({});
  }
}
