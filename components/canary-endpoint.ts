import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Deployment } from "../config/serving";
import { DeployModelEnvironment } from "../functions/deploy-model/env";
import { SettleDeploymentEnvironment } from "../functions/settle-deployment/env";
import { TeardownEnvironment } from "../functions/teardown/env";
import type { Alerts } from "./alerts";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { Grantee, Statement } from "./iam";
import { EventTrigger } from "./event-trigger";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import type { Storage } from "./storage";
import { WorkQueue } from "./work-queue";

export interface CanaryEndpointArgs extends ComponentArgs {
  storage: Storage;
  alerts: Alerts;
  registry: ModelRegistry;
  /** The endpoint and how it changes. */
  deployment: Deployment;
  /** The pipeline whose deploy step waits for this endpoint; removed with the stack. */
  pipelineName: string;
  /** Tags of everything that is made at run time; how it is found again on destroy. Not empty. */
  runTimeTags: Record<string, string>;
  /** Family of the task that launches the pipeline: revisions of it that carry the tags go with the stack. */
  launcherTask: { family: string; tags: Record<string, string> };
  functions?: { deployModel?: FunctionOverrides; settleDeployment?: FunctionOverrides; teardown?: FunctionOverrides };
  transform?: {
    deployments?: Transform<aws.dynamodb.TableArgs>;
    eventSource?: Transform<aws.lambda.EventSourceMappingArgs>;
    serverErrorsAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
    latencyAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
  };
}

/** Never changes: autoscaling and what an update retains hang on it. */
const VARIANT = "main";
/** A thousand rows take the model some 10 ms. */
const LATENCY_P99_MILLISECONDS = 500;
const DEPLOY_TIMEOUT_SECONDS = 60;
/** A message waits its turn by coming back, while another deployment bakes for hours: that must not count as failing. */
const DEPLOY_MAX_RECEIVES = 100;

/**
 * A real-time endpoint that functions create and update, event by event: the pipeline's deploy step sends a message,
 * deploy-model starts the update, SageMaker's state changes reach settle-deployment, which answers the step after
 * checking that the live configuration is the wanted one. Before the first model there is no endpoint, and no alarm.
 *
 * @example
 * const endpoint = new CanaryEndpoint("endpoint", { storage, alerts, registry, deployment, pipelineName, runTimeTags });
 * endpoint.grantInvoke("scorer", scorer);
 */
export class CanaryEndpoint extends PlatformComponent {
  readonly endpointName: string;
  /** The fleet that takes the traffic. */
  readonly variantName = VARIANT;
  readonly endpointArn: pulumi.Output<string>;
  readonly deployQueue: WorkQueue;
  readonly deploymentsTableName: pulumi.Output<string>;
  /** On destroy, removes what was made at run time: what depends on it makes nothing any more by then. */
  readonly teardown: pulumi.Resource;

  constructor(name: string, args: CanaryEndpointArgs, options?: pulumi.ComponentResourceOptions) {
    super("CanaryEndpoint", name, args, options);
    this.endpointName = args.deployment.endpointName;
    this.endpointArn = this.sagemaker(`endpoint/${this.endpointName}`);

    this.deployQueue = new WorkQueue(
      this.childName("deploy"),
      {
        ...this.shared,
        consumerTimeoutSeconds: DEPLOY_TIMEOUT_SECONDS,
        maxReceiveCount: DEPLOY_MAX_RECEIVES,
        alertsTopicArn: args.alerts.topicArn,
      },
      { parent: this },
    );
    const table = this.child(
      aws.dynamodb.Table,
      "deployments",
      {
        hashKey: "endpointName",
        attributes: [{ name: "endpointName", type: "S" }],
        billingMode: "PAY_PER_REQUEST",
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true, kmsKeyArn: args.storage.keyArn },
        tags: this.tags,
      },
      args.transform?.deployments,
    );
    this.deploymentsTableName = table.name;
    const remembering: Statement[] = [
      {
        actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
        resources: [table.arn],
      },
      args.storage.usingKey(),
    ];
    this.teardown = this.makeTeardown(args);
    this.makeDeploy(args, table, remembering, this.teardown);
    this.makeSettle(args, table, remembering);
    this.makeAlarms(args);
    this.registerOutputs({ endpointName: this.endpointName, deployQueueUrl: this.deployQueue.url });
  }

  /**
   * Lets a role invoke the endpoint, now and after any update.
   *
   * @param name unique for the role
   */
  grantInvoke(name: string, grantee: Grantee): void {
    grantee.grant(name, [{ actions: ["sagemaker:InvokeEndpoint"], resources: [this.endpointArn] }]);
  }

  /** What telling whether the endpoint serves takes. */
  describing(): Statement {
    return { actions: ["sagemaker:DescribeEndpoint"], resources: [this.endpointArn] };
  }

  /** What telling which model it serves takes, {@link describing} apart. */
  describingModel(): Statement {
    return {
      actions: ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"],
      resources: [this.sagemaker("endpoint-config/*"), this.sagemaker("model/*")],
    };
  }

  private makeDeploy(
    args: CanaryEndpointArgs,
    table: aws.dynamodb.Table,
    remembering: Statement[],
    teardown: pulumi.Resource,
  ): void {
    const { deployment, storage } = args;
    const deploy = new LambdaFunction(
      this.childName("deploy"),
      {
        ...this.shared,
        ...args.functions?.deployModel,
        functionName: "deploy-model",
        description: "Starts the creation or the update of the endpoint",
        environment: DeployModelEnvironment,
        variables: {
          ENDPOINT_NAME: this.endpointName,
          ENDPOINT_VARIANT_NAME: VARIANT,
          ENDPOINT_INSTANCE_TYPE: deployment.instanceType,
          ENDPOINT_INSTANCE_COUNT: String(deployment.minCapacity),
          ENDPOINT_ROLLOUT: JSON.stringify(deployment.rollout),
          DEPLOYMENT_TIMEOUT_SECONDS: String(deployment.timeoutSeconds),
          DEPLOYMENTS_TABLE_NAME: table.name,
          QUEUE_URL: this.deployQueue.url,
          MLFLOW_ARN: args.registry.mlflowArn,
          MODEL_NAME: args.registry.modelName,
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
          KMS_KEY_ARN: storage.keyArn,
          ...(deployment.dataCapturePercent > 0
            ? {
                DATA_CAPTURE: pulumi.jsonStringify({
                  percent: deployment.dataCapturePercent,
                  destinationUri: storage.uri("data-capture"),
                }),
              }
            : {}),
        },
        statements: [
          ...remembering,
          // SageMaker encrypts the instances' disks on this function's behalf.
          storage.lendingKey(),
          this.describing(),
          this.deployQueue.receiving(),
          this.deployQueue.sending(),
          {
            actions: ["sagemaker:DescribePipelineExecution"],
            resources: [this.sagemaker(`pipeline/${args.pipelineName}/execution/*`)],
          },
          // An endpoint that never came up is replaced.
          { actions: ["sagemaker:DeleteEndpoint"], resources: [this.endpointArn] },
          {
            actions: ["sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"],
            resources: [this.endpointArn, this.sagemaker("endpoint-config/*")],
          },
          {
            actions: ["sagemaker:CreateEndpointConfig"],
            resources: [this.sagemaker("endpoint-config/*"), this.sagemaker("model/*")],
          },
          { actions: ["sagemaker:AddTags"], resources: [this.endpointArn, this.sagemaker("endpoint-config/*")] },
          this.answering(args.pipelineName),
          ...args.registry.promoting(),
        ],
        timeoutSeconds: DEPLOY_TIMEOUT_SECONDS,
        memoryMib: 256,
      },
      { parent: this },
    );
    this.child(
      aws.lambda.EventSourceMapping,
      "deploy",
      {
        eventSourceArn: this.deployQueue.arn,
        functionName: deploy.arn,
        batchSize: 1,
        functionResponseTypes: ["ReportBatchItemFailures"],
        scalingConfig: { maximumConcurrency: 2 },
        tags: this.tags,
      },
      args.transform?.eventSource,
      // On destroy the queue is read no more before the endpoint goes: a late message would make it anew.
      { dependsOn: [...deploy.role.ready, teardown] },
    );
  }

  private makeSettle(args: CanaryEndpointArgs, table: aws.dynamodb.Table, remembering: Statement[]): void {
    const settle = new LambdaFunction(
      this.childName("settle"),
      {
        ...this.shared,
        ...args.functions?.settleDeployment,
        functionName: "settle-deployment",
        description: "Answers the deploy step once the live configuration is known",
        environment: SettleDeploymentEnvironment,
        variables: {
          ENDPOINT_NAME: this.endpointName,
          DEPLOYMENTS_TABLE_NAME: table.name,
          MLFLOW_ARN: args.registry.mlflowArn,
          MODEL_NAME: args.registry.modelName,
        },
        statements: [
          ...remembering,
          this.describing(),
          this.answering(args.pipelineName),
          ...args.registry.promoting(),
        ],
        // An event that could not be handled after Lambda's own tries is kept, and the queue's alarm tells.
        deadLetterQueueArn: this.deployQueue.deadLettersArn,
        timeoutSeconds: 60,
        memoryMib: 256,
      },
      { parent: this },
    );
    new EventTrigger(
      this.childName("state-changes"),
      {
        ...this.shared,
        description: `State changes of endpoint ${this.endpointName}`,
        pattern: {
          source: ["aws.sagemaker"],
          "detail-type": ["SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"],
          detail: { EndpointName: [this.endpointName] },
        },
        target: settle,
      },
      { parent: this },
    );
  }

  /** On destroy: what functions made at run time goes before the functions' permissions do. */
  private makeTeardown(args: CanaryEndpointArgs): aws.lambda.Invocation {
    const { registry } = args;
    const teardown = new LambdaFunction(
      this.childName("teardown"),
      {
        ...this.shared,
        ...args.functions?.teardown,
        functionName: "teardown",
        description: "Removes what was made at run time, when the stack is destroyed",
        environment: TeardownEnvironment,
        variables: {
          ENDPOINT_NAME: this.endpointName,
          PIPELINE_NAME: args.pipelineName,
          MODEL_PACKAGE_GROUP_NAME: registry.groupName,
          QUEUE_URL: this.deployQueue.url,
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
          TASK_FAMILY: args.launcherTask.family,
          TASK_TAGS: JSON.stringify(args.launcherTask.tags),
        },
        statements: [
          this.describing(),
          {
            actions: [
              "sagemaker:DeleteEndpoint",
              "sagemaker:DeleteEndpointConfig",
              "sagemaker:DeleteModel",
              "sagemaker:ListTags",
            ],
            resources: [this.endpointArn, this.sagemaker("endpoint-config/*"), this.sagemaker("model/*")],
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
            resources: [
              this.sagemaker(`pipeline/${args.pipelineName}`),
              this.sagemaker(`pipeline/${args.pipelineName}/execution/*`),
            ],
          },
          // Executions that wait for a deployment stop only when they are answered.
          this.answering(args.pipelineName),
          this.deployQueue.receiving(),
          {
            actions: ["ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition", "ecs:DeregisterTaskDefinition"],
            anyResourceBecause: "these operations of ECS have no resource-level permissions",
          },
          ...registry.emptying(),
        ],
        timeoutSeconds: 900,
        memoryMib: 256,
      },
      { parent: this },
    );
    return this.child(
      aws.lambda.Invocation,
      "teardown",
      { functionName: teardown.name, lifecycleScope: "CRUD", input: JSON.stringify({}) },
      undefined,
      // Its permissions and the queue outlive its last call, and the group is emptied before it is deleted.
      { dependsOn: [...teardown.role.ready, registry, this.deployQueue] },
    );
  }

  /** Both are quiet while there is no traffic, and before there is an endpoint. */
  private makeAlarms(args: CanaryEndpointArgs): void {
    const common = {
      namespace: "AWS/SageMaker",
      dimensions: { EndpointName: this.endpointName, VariantName: VARIANT },
      period: 60,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      comparisonOperator: "GreaterThanThreshold",
      treatMissingData: "notBreaching",
      alarmActions: [args.alerts.topicArn],
      tags: this.tags,
    };
    this.child(
      aws.cloudwatch.MetricAlarm,
      "server-errors",
      {
        ...common,
        alarmDescription: `Endpoint ${this.endpointName} answers with server errors: read its log, /aws/sagemaker/Endpoints/${this.endpointName}.`,
        metricName: "Invocation5XXErrors",
        statistic: "Sum",
        threshold: 5,
      },
      args.transform?.serverErrorsAlarm,
    );
    this.child(
      aws.cloudwatch.MetricAlarm,
      "latency",
      {
        ...common,
        alarmDescription: `Endpoint ${this.endpointName} is slow: one request in a hundred takes more than ${LATENCY_P99_MILLISECONDS} ms in the model's container.`,
        metricName: "ModelLatency",
        extendedStatistic: "p99",
        // The metric is in microseconds.
        threshold: LATENCY_P99_MILLISECONDS * 1000,
      },
      args.transform?.latencyAlarm,
    );
  }

  /** What answering the pipeline's deploy step takes. */
  private answering(pipelineName: string): Statement {
    return {
      actions: ["sagemaker:SendPipelineExecutionStepSuccess", "sagemaker:SendPipelineExecutionStepFailure"],
      resources: [this.sagemaker(`pipeline/${pipelineName}`), this.sagemaker(`pipeline/${pipelineName}/execution/*`)],
    };
  }

  /** SageMaker writes names into ARNs in lower case, however they were given. */
  private sagemaker(resource: string): pulumi.Output<string> {
    return this.arnOf("sagemaker", resource.toLowerCase());
  }
}
