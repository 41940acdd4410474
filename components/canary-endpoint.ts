import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Deployment } from "../config/deployment";
import type { Registry } from "../config/training";
import { DeployModelEnvironment } from "../functions/deploy-model/env";
import { EndpointSettings } from "../functions/shared/endpoint-settings";
import { SettleDeploymentEnvironment } from "../functions/settle-deployment/env";
import type { Alerts } from "./alerts";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { DeploymentAlerts } from "./deployment-alerts";
import { DeployQueue } from "./deploy-queue";
import { DeploymentPermissions } from "./deployment-permissions";
import { EndpointAlarms } from "./endpoint-alarms";
import { endpointSettings, VARIANT } from "./endpoint-settings";
import { EndpointRequests, type EndpointStatus } from "./endpoint-requests";
import { EndpointTeardown } from "./endpoint-teardown";
import { EventTrigger } from "./event-trigger";
import { FunctionSchedule } from "./function-schedule";
import type { Grantee, Statement } from "./iam";
import { passingRoles, ServiceRole } from "./iam";
import { joiningNetwork, runningJobs } from "./job-permissions";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import { knownNetwork, type StackNetwork } from "./network";
import type { Storage } from "./storage";
import { tableArgs } from "./table";
import type { WorkQueue } from "./work-queue";

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
  /** Where models serve. Default: in none of the account's networks. */
  network?: StackNetwork;
  /** Family of the task that launches the pipeline: revisions of it that carry the tags go with the stack. */
  launcherTask: { family: string; tags: Record<string, string> };
  functions?: {
    deployModel?: FunctionOverrides;
    settleDeployment?: FunctionOverrides;
    requestDeployment?: FunctionOverrides;
    teardown?: FunctionOverrides;
  };
  transform?: {
    deployments?: Transform<aws.dynamodb.TableArgs>;
    eventSource?: Transform<aws.lambda.EventSourceMappingArgs>;
    serverErrorsAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
    latencyAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
    sweep?: Transform<aws.scheduler.ScheduleArgs>;
    downSchedule?: Transform<aws.scheduler.ScheduleArgs>;
    upSchedule?: Transform<aws.scheduler.ScheduleArgs>;
  };
}

const DEPLOY_TIMEOUT_SECONDS = 60;
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
  /** Of the function that takes deployments from the queue. */
  readonly deployFunctionName: pulumi.Output<string>;
  readonly deploymentsTableName: pulumi.Output<string>;
  /** On destroy, removes what was made at run time: what depends on it makes nothing any more by then. */
  readonly teardown: pulumi.Resource;
  /** Role of the models that are made of packages. */
  readonly modelRoleArn: pulumi.Output<string>;
  /** Whether what is configured is what serves, as of the last `pulumi up`. */
  readonly status: pulumi.Output<EndpointStatus>;
  private readonly permissions: DeploymentPermissions;
  private readonly table: aws.dynamodb.Table;
  private readonly usingKey: Statement;
  /** JSON `EndpointSettings`. */
  private readonly settings: pulumi.Output<string>;

  constructor(name: string, args: CanaryEndpointArgs, options?: pulumi.ComponentResourceOptions) {
    super("CanaryEndpoint", name, args, options);
    const { deployment, storage } = args;
    this.usingKey = storage.usingKey();
    this.endpointName = deployment.endpointName;
    this.endpointArn = this.sagemaker(`endpoint/${this.endpointName}`);
    this.permissions = new DeploymentPermissions(this.place, this.endpointName, args.pipelineName);
    this.settings = pulumi
      .all([storage.uri("data-capture"), storage.keyArn, knownNetwork(args.network)])
      .apply(([captureUri, kmsKeyArn, network]) => {
        const places = { captureUri, kmsKeyArn, ...(network === undefined ? {} : { network }) };
        return JSON.stringify(EndpointSettings.encode(endpointSettings(deployment, places)));
      });
    this.deployQueue = new DeployQueue(
      name,
      {
        ...this.shared,
        endpointName: this.endpointName,
        approval: args.approval,
        groupName: args.registry.groupName,
        consumerTimeoutSeconds: DEPLOY_TIMEOUT_SECONDS,
        alertsTopicArn: args.alerts.topicArn,
      },
      { parent: this },
    ).queue;
    this.table = this.makeTable(args);
    this.deploymentsTableName = this.table.name;
    const modelRole = this.makeModelRole(args);
    this.modelRoleArn = modelRole.arn;
    this.teardown = new EndpointTeardown(
      name,
      {
        ...this.shared,
        endpointName: this.endpointName,
        endpointArn: this.endpointArn,
        pipelineName: args.pipelineName,
        registry: args.registry,
        deployQueue: this.deployQueue,
        permissions: this.permissions,
        runTimeTags: args.runTimeTags,
        launcherTask: args.launcherTask,
        function: args.functions?.teardown,
      },
      { parent: this },
    ).invocation;
    const deploy = this.makeDeploy(args, modelRole, this.teardown);
    this.deployFunctionName = deploy.functionName;
    const settle = this.makeSettle(args);
    this.status = this.makeRequests(name, args, [deploy.reading, settle.function]).status;
    new DeploymentAlerts(
      this.childName("deployments"),
      {
        ...this.shared,
        endpointName: this.endpointName,
        pipelineName: args.pipelineName,
        alertsTopicArn: args.alerts.topicArn,
      },
      { parent: this },
    );
    new EndpointAlarms(
      name,
      {
        ...this.shared,
        endpointName: this.endpointName,
        alertsTopicArn: args.alerts.topicArn,
        transform: { serverErrorsAlarm: args.transform?.serverErrorsAlarm, latencyAlarm: args.transform?.latencyAlarm },
      },
      { parent: this },
    );
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

  /** What telling whether a schedule has taken it down takes. */
  readingDeployments(): Statement[] {
    return [{ actions: ["dynamodb:GetItem"], resources: [this.table.arn] }, this.usingKey];
  }

  /** What looking at the alarms that decide a rollout takes. */
  readingRolloutAlarms(): Statement {
    return this.permissions.readingAlarms();
  }

  private makeTable(args: CanaryEndpointArgs): aws.dynamodb.Table {
    return this.child(
      aws.dynamodb.Table,
      "deployments",
      tableArgs({
        key: [
          { name: "endpointName", type: "S" },
          { name: "record", type: "S" },
        ],
        kmsKeyArn: args.storage.keyArn,
        tags: this.tags,
      }),
      args.transform?.deployments,
    );
  }

  /** What a model that was made of a package may do while it serves, and while it is checked. */
  private makeModelRole({ storage, modelRoleArn, network }: CanaryEndpointArgs): ServiceRole {
    return new ServiceRole(
      this.childName("model"),
      {
        ...this.shared,
        services: ["sagemaker.amazonaws.com"],
        existingArn: modelRoleArn,
        statements: [
          ...storage.reading("*/model/*", "*/evaluation/golden/*", "transform/*"),
          ...storage.writing("*/evaluation/golden/checks/*", "data-capture/*", "transform/*"),
          ...runningJobs(this.place),
          ...(network === undefined ? [] : joiningNetwork(this.place, network)),
          this.permissions.readingAlarms(),
          storage.lendingKey(),
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

  private makeDeploy(
    args: CanaryEndpointArgs,
    modelRole: ServiceRole,
    teardown: pulumi.Resource,
  ): { functionName: pulumi.Output<string>; reading: pulumi.Resource } {
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
          passingRoles([modelRole.arn], "sagemaker"),
        ],
        timeoutSeconds: DEPLOY_TIMEOUT_SECONDS,
        memoryMib: 256,
      },
      { parent: this },
    );
    const reading = this.child(
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
    return { functionName: deploy.name, reading };
  }

  private makeSettle(args: CanaryEndpointArgs): LambdaFunction<typeof SettleDeploymentEnvironment> {
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
    return settle;
  }

  private makeRequests(name: string, args: CanaryEndpointArgs, after: readonly pulumi.Resource[]): EndpointRequests {
    const { deployment } = args;
    return new EndpointRequests(
      name,
      {
        ...this.shared,
        endpointName: this.endpointName,
        settings: this.settings,
        deploymentsTableName: this.table.name,
        deployQueue: this.deployQueue,
        idle: "idle" in deployment ? deployment.idle : undefined,
        statements: [
          { actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], resources: [this.table.arn] },
          args.storage.usingKey(),
          this.describing(),
          this.describingModel(),
          this.deployQueue.sending(),
        ],
        // On destroy nobody asks for anything any more before the endpoint goes.
        after: [...after, this.teardown],
        function: args.functions?.requestDeployment,
        transform: { downSchedule: args.transform?.downSchedule, upSchedule: args.transform?.upSchedule },
      },
      { parent: this },
    );
  }

  /** SageMaker writes names into ARNs in lower case, however they were given. */
  private sagemaker(resource: string): pulumi.Output<string> {
    return this.arnOf("sagemaker", resource.toLowerCase());
  }
}
