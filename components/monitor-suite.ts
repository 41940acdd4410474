import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Monitor, Monitors } from "../config/monitors";
import { scheduleHours } from "../config/monitors";
import type { NetworkExisting } from "../config/platform";
import { RunMonitorEnvironment, type MonitorJob } from "../functions/run-monitor/env";
import { SettleMonitorEnvironment } from "../functions/settle-monitor/env";
import { monitorKinds, type MonitorKind } from "../functions/shared/monitors";
import { imageUri } from "../pipeline/images";
import type { Alerts } from "./alerts";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent, refuse } from "./component";
import { DeadLetters } from "./dead-letters";
import { EventTrigger } from "./event-trigger";
import { ServiceRole, type Statement } from "./iam";
import { joiningNetwork, runningJobs } from "./job-permissions";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { LauncherTask } from "./launcher";
import type { ModelRegistry } from "./model-registry";
import { MonitorCode, monitorContainer } from "./monitor-code";
import { MonitorWatch } from "./monitor-watch";
import type { Storage } from "./storage";

export interface MonitorSuiteArgs extends ComponentArgs {
  storage: Storage;
  alerts: Alerts;
  registry: ModelRegistry;
  endpoint: CanaryEndpoint;
  monitors: Monitors;
  /** Begins the jobs' names, at most 28 characters. */
  jobNamePrefix: string;
  /** What violations start, where `monitors.retrainOnDrift` is given. */
  launcher: LauncherTask;
  /** Where the jobs have their network interfaces. Default: in none of the account's networks. */
  network?: NetworkExisting;
  /** Tags of the jobs. Not empty. */
  runTimeTags: Record<string, string>;
  /** An existing role for the jobs. Default: one is made. */
  jobRoleArn?: string;
  functions?: { runMonitor?: FunctionOverrides; settleMonitor?: FunctionOverrides };
  transform?: { runs?: Transform<aws.dynamodb.TableArgs> };
}

/** The monitors' settings by kind, and the endings of their resources' names. */
const SETTINGS = {
  "data-quality": "dataQuality",
  "model-quality": "modelQuality",
  "model-bias": "bias",
  "model-explainability": "explainability",
} as const satisfies Record<MonitorKind, keyof Monitors>;

const CAPTURES = "data-capture";
const GROUND_TRUTH = "ground-truth/merged";
const INPUTS = "monitor-input";
const OUTPUTS = "monitor-output";

/**
 * Four monitors of what an endpoint is asked and answers, each on its own switch and schedule: a function starts a
 * Processing job on what was captured in the period, against the baselines of the model that is live by then; another
 * tells of its end. Violations are an alert, an event `Monitor Violations` and, where configured, a training run.
 *
 * Any monitor can be run by hand, also one without a schedule.
 *
 * @example
 * new MonitorSuite("monitors", { storage, alerts, registry, endpoint, launcher: training.launcher, ...configuration });
 * @throws Error for an engine that is not built, or when the project was not built.
 */
export class MonitorSuite extends PlatformComponent {
  /** The function that runs a monitor on a period. */
  readonly runFunctionName: pulumi.Output<string>;
  readonly outputUri: pulumi.Output<string>;
  private readonly prefix: string;

  constructor(name: string, args: MonitorSuiteArgs, options?: pulumi.ComponentResourceOptions) {
    const { engine } = args.monitors;
    refuse(
      "MonitorSuite",
      name,
      engine === "processing" ? [] : [`monitors.engine is "${engine}": only "processing" is built so far`],
    );
    super("MonitorSuite", name, args, options);
    this.prefix = args.jobNamePrefix;
    this.outputUri = args.storage.uri(OUTPUTS);
    const deadLetters = new DeadLetters(
      this.childName("dead-letters"),
      {
        ...this.shared,
        alarmDescription: "A run of a monitor could not be started, or its end not be told: read why in the message.",
        alertsTopicArn: args.alerts.topicArn,
      },
      { parent: this },
    );
    const run = this.makeRun(args, deadLetters);
    this.makeSettle(args, deadLetters);
    this.watch(args, run, deadLetters);
    this.runFunctionName = run.name;
    this.registerOutputs({ runFunctionName: this.runFunctionName, outputUri: this.outputUri });
  }

  private makeRun(args: MonitorSuiteArgs, deadLetters: DeadLetters): LambdaFunction<typeof RunMonitorEnvironment> {
    const { storage, endpoint, registry, monitors, network } = args;
    const code = new MonitorCode(this.childName("code"), { ...this.shared, storage }, { parent: this });
    const role = this.makeJobRole(args);
    const groundTruthUri = monitors.groundTruthUri?.replace(/\/+$/, "") ?? storage.uri(GROUND_TRUTH);
    return new LambdaFunction(
      this.childName("run"),
      {
        ...this.shared,
        ...args.functions?.runMonitor,
        functionName: "run-monitor",
        description: "Starts a monitor's job on the traffic of a period",
        environment: RunMonitorEnvironment,
        variables: {
          ENDPOINT_NAME: endpoint.endpointName,
          ENDPOINT_VARIANT_NAME: endpoint.variantName,
          JOB_NAME_PREFIX: this.prefix,
          JOB_ROLE_ARN: role.arn,
          IMAGE_URI: this.place.region.apply((region) =>
            imageUri(monitorContainer.framework, monitorContainer.version, region),
          ),
          CODE_URI: code.codeUri,
          ...(code.wheelsUri === undefined ? {} : { WHEELS_URI: code.wheelsUri }),
          CAPTURE_URI: storage.uri(CAPTURES),
          GROUND_TRUTH_URI: groundTruthUri,
          INPUT_URI: storage.uri(INPUTS),
          OUTPUT_URI: this.outputUri,
          KMS_KEY_ARN: storage.keyArn,
          MONITORS: JSON.stringify(
            Object.fromEntries(monitorKinds.map((kind) => [kind, jobOf(monitors[SETTINGS[kind]])])),
          ),
          LABEL_MATURITY_HOURS: String(monitors.labelMaturityHours),
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
          ...(network === undefined
            ? {}
            : {
                NETWORK: JSON.stringify({
                  subnetIds: network.subnetIds,
                  securityGroupIds: network.securityGroupIds,
                }),
              }),
        },
        statements: [
          endpoint.describing(),
          endpoint.describingModel(),
          registry.describing(),
          storage.listing(`${CAPTURES}/*`, `${GROUND_TRUTH}/*`),
          ...storage.writing(`${INPUTS}/*`),
          ...listingElsewhere(this.place.partition, monitors.groundTruthUri),
          { actions: ["sagemaker:CreateProcessingJob", "sagemaker:AddTags"], resources: [this.jobs()] },
          {
            actions: ["iam:PassRole"],
            resources: [role.arn],
            conditions: { StringEquals: { "iam:PassedToService": "sagemaker.amazonaws.com" } },
          },
          // SageMaker encrypts the instances' disks on this function's behalf.
          ...this.lendingKeys(args),
        ],
        deadLetterQueueArn: deadLetters.arn,
        timeoutSeconds: 120,
        memoryMib: 256,
      },
      { parent: this, dependsOn: [...role.ready, ...code.objects] },
    );
  }

  /** Reads captures, labels, baselines and models; writes what it found and its metrics. */
  private makeJobRole(args: MonitorSuiteArgs): ServiceRole {
    const { storage, monitors, network } = args;
    return new ServiceRole(
      this.childName("job"),
      {
        ...this.shared,
        existingArn: args.jobRoleArn,
        services: ["sagemaker.amazonaws.com"],
        statements: [
          ...storage.reading(
            `${CAPTURES}/*`,
            `${GROUND_TRUTH}/*`,
            `${INPUTS}/*`,
            "scripts/*",
            "*/baselines/*",
            "*/model/*",
          ),
          ...storage.writing(`${OUTPUTS}/*`),
          ...readingElsewhere(this.place.partition, monitors.groundTruthUri),
          ...this.ownKeys(monitors).map((key): Statement => ({
            actions: ["kms:GenerateDataKey", "kms:Decrypt"],
            resources: [key],
          })),
          ...this.lendingKeys(args),
          ...runningJobs(this.place),
          {
            actions: ["cloudwatch:PutMetricData"],
            anyResourceBecause: "CloudWatch metrics are no resources",
            // Model Monitor's own namespaces, which have no slash in front.
            conditions: { StringLike: { "cloudwatch:namespace": ["aws/sagemaker/Endpoints/*"] } },
          },
          ...(network === undefined
            ? []
            : joiningNetwork(this.place, {
                subnetIds: network.subnetIds,
                securityGroupIds: [...network.securityGroupIds],
              })),
        ],
      },
      { parent: this },
    );
  }

  private makeSettle(args: MonitorSuiteArgs, deadLetters: DeadLetters): void {
    const { storage, alerts, endpoint, launcher } = args;
    const { retrainOnDrift } = args.monitors;
    const table = this.child(
      aws.dynamodb.Table,
      "runs",
      {
        hashKey: "id",
        attributes: [{ name: "id", type: "S" }],
        billingMode: "PAY_PER_REQUEST",
        ttl: { enabled: true, attributeName: "expiresAt" },
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true, kmsKeyArn: storage.keyArn },
        tags: this.tags,
      },
      args.transform?.runs,
    );
    const settle = new LambdaFunction(
      this.childName("settle"),
      {
        ...this.shared,
        ...args.functions?.settleMonitor,
        functionName: "settle-monitor",
        description: "Tells of a monitor's job that has ended",
        environment: SettleMonitorEnvironment,
        variables: {
          ENDPOINT_NAME: endpoint.endpointName,
          ALERTS_TOPIC_ARN: alerts.topicArn,
          MONITOR_RUNS_TABLE_NAME: table.name,
          ...(retrainOnDrift === undefined
            ? {}
            : {
                RETRAINING: pulumi.jsonStringify({
                  ...retrainOnDrift,
                  clusterArn: launcher.clusterArn,
                  taskFamily: launcher.taskFamily,
                  subnetIds: launcher.subnetIds,
                  securityGroupIds: launcher.securityGroupIds,
                }),
              }),
        },
        statements: [
          { actions: ["sagemaker:DescribeProcessingJob"], resources: [this.jobs()] },
          ...storage.reading(`${OUTPUTS}/*`),
          ...this.ownKeys(args.monitors).map((key): Statement => ({ actions: ["kms:Decrypt"], resources: [key] })),
          ...alerts.publishing(),
          { actions: ["events:PutEvents"], resources: [this.arnOf("events", "event-bus/default")] },
          {
            actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            resources: [table.arn],
          },
          ...(retrainOnDrift === undefined ? [] : this.launching(launcher)),
        ],
        deadLetterQueueArn: deadLetters.arn,
        timeoutSeconds: 60,
        memoryMib: 256,
      },
      { parent: this },
    );
    new EventTrigger(
      this.childName("job-ends"),
      {
        ...this.shared,
        description: `Ends of the monitors' jobs of ${endpoint.endpointName}`,
        pattern: {
          source: ["aws.sagemaker"],
          "detail-type": ["SageMaker Processing Job State Change"],
          detail: {
            ProcessingJobName: [{ prefix: `${this.prefix}-` }],
            ProcessingJobStatus: ["Completed", "Failed", "Stopped"],
          },
        },
        target: settle,
      },
      { parent: this },
    );
  }

  private watch(
    args: MonitorSuiteArgs,
    run: LambdaFunction<typeof RunMonitorEnvironment>,
    deadLetters: DeadLetters,
  ): void {
    const enabled = monitorKinds.filter((kind) => args.monitors[SETTINGS[kind]].enabled);
    if (enabled.length === 0) return;
    const scheduler = new ServiceRole(
      this.childName("scheduler"),
      {
        ...this.shared,
        services: ["scheduler.amazonaws.com"],
        statements: [{ actions: ["lambda:InvokeFunction"], resources: [run.arn] }, deadLetters.sending()],
      },
      { parent: this },
    );
    for (const kind of enabled) {
      new MonitorWatch(
        this.childName(kind),
        {
          ...this.shared,
          kind,
          endpointName: args.endpoint.endpointName,
          monitor: args.monitors[SETTINGS[kind]],
          run,
          schedulerRoleArn: scheduler.arn,
          deadLetterQueueArn: deadLetters.arn,
          alertsTopicArn: args.alerts.topicArn,
        },
        { parent: this, dependsOn: [...scheduler.ready] },
      );
    }
  }

  /** What starting the launcher's task takes. */
  private launching({ clusterArn, taskFamily, roleArns }: LauncherTask): Statement[] {
    const family = this.arnOf("ecs", pulumi.interpolate`task-definition/${taskFamily}`);
    return [
      {
        actions: ["ecs:RunTask"],
        resources: [family, pulumi.interpolate`${family}:*`],
        conditions: { ArnEquals: { "ecs:cluster": clusterArn } },
      },
      {
        actions: ["iam:PassRole"],
        resources: roleArns,
        conditions: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
      },
    ];
  }

  /** Keys that monitors were given instead of the stack's. */
  private ownKeys(monitors: Monitors): string[] {
    const keys = monitorKinds.flatMap((kind) => monitors[SETTINGS[kind]].kmsKeyArn ?? []);
    return [...new Set(keys)];
  }

  private lendingKeys({ storage, monitors }: MonitorSuiteArgs): Statement[] {
    const lending = storage.lendingKey();
    return [lending, ...this.ownKeys(monitors).map((key): Statement => ({ ...lending, resources: [key] }))];
  }

  /** SageMaker writes names into ARNs in lower case, however they were given. */
  private jobs(): pulumi.Output<string> {
    return this.arnOf("sagemaker", `processing-job/${this.prefix.toLowerCase()}-*`);
  }
}

function jobOf(monitor: Monitor): MonitorJob {
  const {
    schedule,
    instanceType,
    instanceCount,
    volumeSizeGb,
    maxRuntimeSeconds,
    thresholds = {},
    kmsKeyArn,
  } = monitor;
  return {
    hours: scheduleHours(schedule),
    ...{ instanceType, instanceCount, volumeSizeGb, maxRuntimeSeconds, thresholds },
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
}

/** Bucket and folder (without slashes at its ends) of a configured URI. */
function partsOf(uri: string): { bucket: string; folder: string } {
  const [bucket = "", ...folder] = uri.replace("s3://", "").split("/");
  return { bucket, folder: folder.filter((part) => part !== "").join("/") };
}

function listingElsewhere(partition: pulumi.Output<string>, uri: string | undefined): Statement[] {
  if (uri === undefined) return [];
  const { bucket, folder } = partsOf(uri);
  return [
    {
      actions: ["s3:ListBucket"],
      resources: [pulumi.interpolate`arn:${partition}:s3:::${bucket}`],
      conditions: { StringLike: { "s3:prefix": [folder === "" ? "*" : `${folder}/*`] } },
    },
  ];
}

function readingElsewhere(partition: pulumi.Output<string>, uri: string | undefined): Statement[] {
  if (uri === undefined) return [];
  const { bucket, folder } = partsOf(uri);
  const objects = folder === "" ? "*" : `${folder}/*`;
  return [
    { actions: ["s3:GetObject"], resources: [pulumi.interpolate`arn:${partition}:s3:::${bucket}/${objects}`] },
    ...listingElsewhere(partition, uri),
  ];
}
