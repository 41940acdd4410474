import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Monitors } from "../config/monitors";
import { RunMonitorEnvironment } from "../functions/run-monitor/env";
import { SettleMonitorEnvironment } from "../functions/settle-monitor/env";
import { monitorKinds } from "../functions/shared/monitors";
import { imageUri } from "../pipeline/images";
import type { Alerts } from "./alerts";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { DeadLetters } from "./dead-letters";
import { EventTrigger } from "./event-trigger";
import { passingRoles, ServiceRole, type Statement } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { LauncherTask } from "./launcher";
import type { ModelRegistry } from "./model-registry";
import { MANAGED_JOBS, ManagedMonitors } from "./managed-monitors";
import { MonitorCode, monitorContainer } from "./monitor-code";
import { networkVariable, type StackNetwork } from "./network";
import {
  groundTruthUri,
  jobStatements,
  launching,
  lendingKeys,
  listingElsewhere,
  MERGED_LABELS,
  ownKeys,
} from "./monitor-permissions";
import { jobOf, SETTINGS } from "./monitor-settings";
import { MonitorWatch } from "./monitor-watch";
import type { Storage } from "./storage";
import { tableArgs } from "./table";

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
  network?: StackNetwork;
  /** Tags of the jobs. Not empty. */
  runTimeTags: Record<string, string>;
  /** An existing role for the jobs. Default: one is made. */
  jobRoleArn?: string;
  /** What AWS's engine serves a copy of the model on while it explains. Default: ml.m5.large. */
  modelInstanceType?: string;
  functions?: {
    runMonitor?: FunctionOverrides;
    settleMonitor?: FunctionOverrides;
    reconcileMonitors?: FunctionOverrides;
  };
  transform?: { runs?: Transform<aws.dynamodb.TableArgs> };
}

const CAPTURES = "data-capture";
const INPUTS = "monitor-input";
const OUTPUTS = "monitor-output";

/**
 * Four monitors of what an endpoint is asked and answers, each on its own switch and schedule: a function starts a
 * Processing job on what was captured in the period, against the baselines of the model that is live by then; another
 * tells of its end. Violations are an alert, an event `Monitor Violations` and, where configured, a training run.
 *
 * With the engine `model-monitor` AWS's images and schedules look at the periods instead. Any monitor can be run by hand,
 * also one without a schedule, by our own job whatever the engine is.
 *
 * @example
 * new MonitorSuite("monitors", { storage, alerts, registry, endpoint, launcher: training.launcher, ...configuration });
 * @throws Error when the project was not built, or AWS's engine has no image in the region.
 */
export class MonitorSuite extends PlatformComponent {
  /** The function that runs a monitor on a period. */
  readonly runFunctionName: pulumi.Output<string>;
  readonly outputUri: pulumi.Output<string>;
  private readonly prefix: string;

  constructor(name: string, args: MonitorSuiteArgs, options?: pulumi.ComponentResourceOptions) {
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
    const role = this.makeJobRole(args);
    const run = this.makeRun(args, role, deadLetters);
    this.makeSettle(args, deadLetters);
    this.watch(args, run, deadLetters);
    if (args.monitors.engine === "model-monitor") {
      new ManagedMonitors(
        this.childName("managed"),
        {
          ...this.shared,
          ...args,
          tags: this.tags,
          jobRole: role,
          groundTruthUri: groundTruthUri(args),
          inputUri: args.storage.uri(INPUTS),
          outputUri: this.outputUri,
          deadLetterQueueArn: deadLetters.arn,
          reconcileMonitors: args.functions?.reconcileMonitors,
        },
        { parent: this },
      );
    }
    this.runFunctionName = run.name;
    this.registerOutputs({ runFunctionName: this.runFunctionName, outputUri: this.outputUri });
  }

  private makeRun(
    args: MonitorSuiteArgs,
    role: ServiceRole,
    deadLetters: DeadLetters,
  ): LambdaFunction<typeof RunMonitorEnvironment> {
    const { storage, endpoint, registry, monitors, network } = args;
    const code = new MonitorCode(this.childName("code"), { ...this.shared, storage }, { parent: this });
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
          GROUND_TRUTH_URI: groundTruthUri(args),
          INPUT_URI: storage.uri(INPUTS),
          OUTPUT_URI: this.outputUri,
          KMS_KEY_ARN: storage.keyArn,
          MONITORS: JSON.stringify(
            Object.fromEntries(monitorKinds.map((kind) => [kind, jobOf(monitors[SETTINGS[kind]])])),
          ),
          LABEL_MATURITY_HOURS: String(monitors.labelMaturityHours),
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
          ...networkVariable(network),
        },
        statements: [
          endpoint.describing(),
          endpoint.describingModel(),
          registry.describing(),
          storage.listing(`${CAPTURES}/*`, `${MERGED_LABELS}/*`),
          ...storage.writing(`${INPUTS}/*`),
          // The two documents of a model's bias are made one.
          ...storage.reading("*/baselines/*"),
          ...listingElsewhere(this.place.partition, monitors.groundTruthUri),
          { actions: ["sagemaker:CreateProcessingJob", "sagemaker:AddTags"], resources: [this.jobs()] },
          passingRoles([role.arn], "sagemaker"),
          // SageMaker encrypts the instances' disks on this function's behalf.
          ...lendingKeys(args),
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
    return new ServiceRole(
      this.childName("job"),
      {
        ...this.shared,
        existingArn: args.jobRoleArn,
        services: ["sagemaker.amazonaws.com"],
        statements: jobStatements(this.place, { ...args, captures: CAPTURES, inputs: INPUTS, outputs: OUTPUTS }),
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
      tableArgs({
        key: [{ name: "id", type: "S" }],
        expiresBy: "expiresAt",
        kmsKeyArn: storage.keyArn,
        tags: this.tags,
      }),
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
          {
            actions: ["sagemaker:DescribeProcessingJob"],
            resources: [
              this.jobs(),
              ...(args.monitors.engine === "model-monitor"
                ? [this.arnOf("sagemaker", `processing-job/${MANAGED_JOBS}*`)]
                : []),
            ],
          },
          ...storage.reading(`${OUTPUTS}/*`),
          ...ownKeys(args.monitors).map((key): Statement => ({ actions: ["kms:Decrypt"], resources: [key] })),
          ...alerts.publishing(),
          { actions: ["events:PutEvents"], resources: [this.arnOf("events", "event-bus/default")] },
          {
            actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            resources: [table.arn],
          },
          ...(retrainOnDrift === undefined ? [] : launching(this.place, launcher)),
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
            ProcessingJobName: [
              { prefix: `${this.prefix}-` },
              ...(args.monitors.engine === "model-monitor" ? [{ prefix: MANAGED_JOBS }] : []),
            ],
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
    // AWS's engine has schedules of its own.
    const scheduler = args.monitors.engine === "processing" ? this.makeScheduler(run, deadLetters) : undefined;
    for (const kind of enabled) {
      new MonitorWatch(
        this.childName(kind),
        {
          ...this.shared,
          kind,
          endpointName: args.endpoint.endpointName,
          monitor: args.monitors[SETTINGS[kind]],
          run,
          ...(scheduler === undefined
            ? {}
            : { scheduler: { roleArn: scheduler.arn, deadLetterQueueArn: deadLetters.arn } }),
          alertsTopicArn: args.alerts.topicArn,
        },
        { parent: this, dependsOn: [...(scheduler?.ready ?? [])] },
      );
    }
  }

  /** The role under which EventBridge Scheduler calls the function. */
  private makeScheduler(run: LambdaFunction<typeof RunMonitorEnvironment>, deadLetters: DeadLetters): ServiceRole {
    return new ServiceRole(
      this.childName("scheduler"),
      {
        ...this.shared,
        services: ["scheduler.amazonaws.com"],
        statements: [{ actions: ["lambda:InvokeFunction"], resources: [run.arn] }, deadLetters.sending()],
      },
      { parent: this },
    );
  }

  /** SageMaker writes names into ARNs in lower case, however they were given. */
  private jobs(): pulumi.Output<string> {
    return this.arnOf("sagemaker", `processing-job/${this.prefix.toLowerCase()}-*`);
  }
}
