import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Deployment } from "../config/deployment";
import type { Registry } from "../config/training";
import { DeployModelEnvironment } from "../functions/deploy-model/env";
import { checkJobPrefix } from "../functions/shared/endpoint-config";
import { EndpointSettings } from "../functions/shared/endpoint-settings";
import { SettleDeploymentEnvironment } from "../functions/settle-deployment/env";
import { TeardownEnvironment } from "../functions/teardown/env";
import type { Alerts } from "./alerts";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { DeploymentPermissions } from "./deployment-permissions";
import { endpointSettings, VARIANT } from "./endpoint-settings";
import { EventTrigger } from "./event-trigger";
import { FunctionSchedule } from "./function-schedule";
import type { Grantee, Statement } from "./iam";
import { ServiceRole } from "./iam";
import { runningJobs } from "./job-permissions";
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
  /** Who lets a registered model go live: the pipeline (auto), or whoever approves its package (manual). */
  approval: Registry["approval"];
  /** An existing role for models that are made of packages. Default: a role is made. */
  modelRoleArn?: string;
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
    sweep?: Transform<aws.scheduler.ScheduleArgs>;
  };
}

/** A thousand rows take the model some 10 ms. */
const LATENCY_P99_MILLISECONDS = 500;
const DEPLOY_TIMEOUT_SECONDS = 60;
/** A message waits its turn by coming back, while another deployment bakes for hours: that must not count as failing. */
const DEPLOY_MAX_RECEIVES = 100;
/** An event that was lost costs this much time at most. */
const SWEEP_SCHEDULE = "rate(5 minutes)";

/**
 * A real-time endpoint that functions create and update, event by event: the pipeline's deploy step, or the approval of
 * a package, sends a message, deploy-model checks the model and starts the update, SageMaker's state changes reach
 * settle-deployment, which answers the step after checking that the live configuration is the wanted one. Before the
 * first model there is no endpoint, and no alarm.
 *
 * @example
 * const endpoint = new CanaryEndpoint("endpoint", {
 *   storage, alerts, registry, deployment, approval: "auto", pipelineName, runTimeTags,
 * });
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
  /** Role of the models that are made of packages. */
  readonly modelRoleArn: pulumi.Output<string>;
  private readonly permissions: DeploymentPermissions;
  private readonly table: aws.dynamodb.Table;
  /** JSON `EndpointSettings`. */
  private readonly settings: pulumi.Output<string>;

  constructor(name: string, args: CanaryEndpointArgs, options?: pulumi.ComponentResourceOptions) {
    super("CanaryEndpoint", name, args, options);
    const { deployment, storage } = args;
    this.endpointName = deployment.endpointName;
    this.endpointArn = this.sagemaker(`endpoint/${this.endpointName}`);
    this.permissions = new DeploymentPermissions(this.place, this.endpointName, args.pipelineName);
    this.settings = pulumi
      .all([storage.uri("data-capture"), storage.keyArn])
      .apply(([captureUri, kmsKeyArn]) =>
        JSON.stringify(EndpointSettings.encode(endpointSettings(deployment, { captureUri, kmsKeyArn }))),
      );
    this.deployQueue = this.makeQueue(args);
    this.table = this.makeTable(args);
    this.deploymentsTableName = this.table.name;
    const modelRole = this.makeModelRole(args);
    this.modelRoleArn = modelRole.arn;
    this.teardown = this.makeTeardown(args);
    this.makeDeploy(args, modelRole, this.teardown);
    this.makeSettle(args);
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
    return this.permissions.describing();
  }

  /** What telling which model it serves takes, {@link describing} apart. */
  describingModel(): Statement {
    return this.permissions.describingModel();
  }

  /** What looking at the alarms that decide a rollout takes. */
  readingRolloutAlarms(): Statement {
    return this.permissions.readingAlarms();
  }

  /** Deployments wait here, and hear here of what lets them go on. */
  private makeQueue(args: CanaryEndpointArgs): WorkQueue {
    const rules = [
      this.child(aws.cloudwatch.EventRule, "checked", {
        description: `Checks of models that endpoint ${this.endpointName} is to serve have ended`,
        eventPattern: JSON.stringify({
          source: ["aws.sagemaker"],
          "detail-type": ["SageMaker Transform Job State Change"],
          detail: {
            TransformJobName: [{ prefix: checkJobPrefix(this.endpointName) }],
            TransformJobStatus: ["Completed", "Failed", "Stopped"],
          },
        }),
        tags: this.tags,
      }),
    ];
    if (args.approval === "manual") {
      rules.push(
        this.child(aws.cloudwatch.EventRule, "approved", {
          description: "A person has approved a model",
          eventPattern: pulumi.jsonStringify({
            source: ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            detail: { ModelPackageGroupName: [args.registry.groupName], ModelApprovalStatus: ["Approved"] },
          }),
          tags: this.tags,
        }),
      );
    }
    const queue = new WorkQueue(
      this.childName("deploy"),
      {
        ...this.shared,
        consumerTimeoutSeconds: DEPLOY_TIMEOUT_SECONDS,
        maxReceiveCount: DEPLOY_MAX_RECEIVES,
        alertsTopicArn: args.alerts.topicArn,
        eventRuleArns: rules.map(({ arn }) => arn),
      },
      { parent: this },
    );
    const suffixes = ["checked", "approved"];
    rules.forEach((rule, index) => {
      this.child(aws.cloudwatch.EventTarget, suffixes[index] ?? "", { rule: rule.name, arn: queue.arn });
    });
    return queue;
  }

  private makeTable(args: CanaryEndpointArgs): aws.dynamodb.Table {
    return this.child(
      aws.dynamodb.Table,
      "deployments",
      {
        hashKey: "endpointName",
        rangeKey: "record",
        attributes: [
          { name: "endpointName", type: "S" },
          { name: "record", type: "S" },
        ],
        billingMode: "PAY_PER_REQUEST",
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true, kmsKeyArn: args.storage.keyArn },
        tags: this.tags,
      },
      args.transform?.deployments,
    );
  }

  /** What a model that was made of a package may do while it serves, and while it is checked. */
  private makeModelRole({ storage, modelRoleArn }: CanaryEndpointArgs): ServiceRole {
    return new ServiceRole(
      this.childName("model"),
      {
        ...this.shared,
        services: ["sagemaker.amazonaws.com"],
        existingArn: modelRoleArn,
        statements: [
          ...storage.reading("*/model/*", "*/evaluation/golden/*"),
          ...storage.writing("*/evaluation/golden/checks/*", "data-capture/*"),
          ...runningJobs(this.place),
          this.permissions.readingAlarms(),
        ],
      },
      { parent: this },
    );
  }

  /** What both functions that follow a deployment may do. */
  private following({ registry, storage }: CanaryEndpointArgs): Statement[] {
    return [
      {
        actions: [
          "dynamodb:GetItem",
          "dynamodb:PutItem",
          "dynamodb:UpdateItem",
          "dynamodb:DeleteItem",
          "dynamodb:Query",
        ],
        resources: [this.table.arn],
      },
      storage.usingKey(),
      this.describing(),
      this.describingModel(),
      this.deployQueue.sending(),
      this.permissions.answering(),
      ...this.permissions.settling(),
      ...registry.promoting(),
      ...registry.rejecting(),
    ];
  }

  private makeDeploy(args: CanaryEndpointArgs, modelRole: ServiceRole, teardown: pulumi.Resource): void {
    const { deployment, registry, storage } = args;
    const deploy = new LambdaFunction(
      this.childName("deploy"),
      {
        ...this.shared,
        ...args.functions?.deployModel,
        functionName: "deploy-model",
        description: "Checks models and starts the creation or the update of the endpoint",
        environment: DeployModelEnvironment,
        variables: {
          ENDPOINT_SETTINGS: this.settings,
          DEPLOYMENTS_TABLE_NAME: this.table.name,
          QUEUE_URL: this.deployQueue.url,
          MLFLOW_ARN: registry.mlflowArn,
          MODEL_NAME: registry.modelName,
          MODEL_ROLE_ARN: modelRole.arn,
          CHECK_INSTANCE_TYPE: deployment.checkInstanceType,
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
        },
        statements: [
          ...this.following(args),
          // SageMaker encrypts the instances' disks on this function's behalf.
          storage.lendingKey(),
          this.deployQueue.receiving(),
          ...this.permissions.deploying(),
          ...registry.findingChampion(),
          ...storage.reading("*/evaluation/golden/*", "*/model/*"),
          {
            actions: ["iam:PassRole"],
            resources: [modelRole.arn],
            conditions: { StringEquals: { "iam:PassedToService": "sagemaker.amazonaws.com" } },
          },
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
      { dependsOn: [...deploy.role.ready, ...modelRole.ready, teardown] },
    );
  }

  private makeSettle(args: CanaryEndpointArgs): void {
    const settle = new LambdaFunction(
      this.childName("settle"),
      {
        ...this.shared,
        ...args.functions?.settleDeployment,
        functionName: "settle-deployment",
        description: "Answers the deploy step once the live configuration is known",
        environment: SettleDeploymentEnvironment,
        variables: {
          ENDPOINT_SETTINGS: this.settings,
          DEPLOYMENTS_TABLE_NAME: this.table.name,
          QUEUE_URL: this.deployQueue.url,
          MLFLOW_ARN: args.registry.mlflowArn,
          MODEL_NAME: args.registry.modelName,
        },
        statements: this.following(args),
        // An event that could not be handled after Lambda's own tries is kept, and the queue's alarm tells.
        deadLetterQueueArn: this.deployQueue.deadLettersArn,
        timeoutSeconds: 60,
        memoryMib: 256,
      },
      { parent: this },
    );
    new FunctionSchedule(
      this.childName("sweep"),
      {
        ...this.shared,
        description: `Settles deployments of endpoint ${this.endpointName} whose events were lost`,
        schedule: SWEEP_SCHEDULE,
        target: settle,
        input: { sweep: true },
        deadLetterQueueArn: this.deployQueue.deadLettersArn,
        transform: { schedule: args.transform?.sweep },
      },
      // On destroy nobody sees to the endpoint any more before it goes.
      { parent: this, dependsOn: [this.teardown] },
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
          ENDPOINT_VARIANT_NAME: VARIANT,
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
          this.permissions.answering(),
          this.deployQueue.receiving(),
          {
            actions: ["ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition", "ecs:DeregisterTaskDefinition"],
            anyResourceBecause: "these operations of ECS have no resource-level permissions",
          },
          ...registry.emptying(),
          ...this.permissions.removing(),
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

  /** SageMaker writes names into ARNs in lower case, however they were given. */
  private sagemaker(resource: string): pulumi.Output<string> {
    return this.arnOf("sagemaker", resource.toLowerCase());
  }
}
