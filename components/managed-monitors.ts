import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Monitors } from "../config/monitors";
import { definitionStem } from "../functions/reconcile-monitors/definitions";
import { ReconcileMonitorsEnvironment } from "../functions/reconcile-monitors/env";
import { monitorKinds, monitorScheduleName, type MonitorKind } from "../functions/shared/monitors";
import { monitorImageUri } from "../pipeline/monitor-images";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { EventTrigger } from "./event-trigger";
import { FunctionSchedule } from "./function-schedule";
import { passingRoles, type ServiceRole, type Statement } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import { explaining, explainingPrefix, lendingKeys } from "./monitor-permissions";
import { managedMonitor, SETTINGS } from "./monitor-settings";
import { networkVariable, type StackNetwork } from "./network";
import type { Storage } from "./storage";

export interface ManagedMonitorsArgs extends ComponentArgs {
  storage: Storage;
  registry: ModelRegistry;
  endpoint: CanaryEndpoint;
  monitors: Monitors;
  /** What AWS runs the jobs under. */
  jobRole: ServiceRole;
  /** Begins the names of the endpoints on which Clarify serves itself a copy of the model. */
  jobNamePrefix: string;
  /** Folders, without slashes at their ends. */
  groundTruthUri: pulumi.Input<string>;
  inputUri: pulumi.Input<string>;
  outputUri: pulumi.Input<string>;
  /** What such a copy is served on. Default: ml.m5.large. */
  modelInstanceType?: string | undefined;
  /** Default: in none of the account's networks. */
  network?: StackNetwork | undefined;
  /** Tags of definitions and schedules. Not empty. */
  runTimeTags: Record<string, string>;
  /** Takes events that failed for good. */
  deadLetterQueueArn: pulumi.Input<string>;
  reconcileMonitors?: FunctionOverrides | undefined;
}

/** What AWS names the jobs of its schedules. */
export const MANAGED_JOBS = "model-monitoring-";

const SCRIPT = path.join(__dirname, "..", "jobs", "model-monitor", "record_preprocessor.py");
const TIMEOUT_SECONDS = 900;
/** An event that was lost costs this much time at most; what an execution went by goes after it has ended. */
const SWEEP_SCHEDULE = "rate(1 hour)";

/** SageMaker's words for the definitions of each kind, in actions and in ARNs. */
const DEFINITIONS = {
  "data-quality": ["DataQualityJobDefinition", "data-quality-job-definition"],
  "model-quality": ["ModelQualityJobDefinition", "model-quality-job-definition"],
  "model-bias": ["ModelBiasJobDefinition", "model-bias-job-definition"],
  "model-explainability": ["ModelExplainabilityJobDefinition", "model-explainability-job-definition"],
} as const satisfies Record<MonitorKind, readonly [string, string]>;

/**
 * The monitors that AWS's Model Monitor and Clarify run, for accounts that have them: a function makes their definitions
 * and schedules of the live model's baselines, whenever another model becomes live or the settings change, and removes
 * them with the stack.
 *
 * @throws Error when the region lacks one of AWS's images.
 */
export class ManagedMonitors extends PlatformComponent {
  constructor(name: string, args: ManagedMonitorsArgs, options?: pulumi.ComponentResourceOptions) {
    super("ManagedMonitors", name, args, options);
    const { endpoint } = args;
    if (args.monitors.explainability.enabled) {
      args.jobRole.grant("explaining", explaining(this.place, args.jobNamePrefix));
    }
    const reconcile = this.makeReconcile(args);
    const { variables } = reconcile.function.environment.apply((environment) => ({
      variables: environment?.variables ?? {},
    }));
    const invocation = this.child(
      aws.lambda.Invocation,
      "reconcile",
      {
        functionName: reconcile.name,
        lifecycleScope: "CRUD",
        // Other settings are another input, and so another call.
        input: variables.apply((settings) => JSON.stringify({ settings: hashOf(JSON.stringify(settings)) })),
      },
      undefined,
      // AWS deletes no endpoint that schedules look at: they go before it does, while the function may still remove them.
      { dependsOn: [...reconcile.role.ready, ...args.jobRole.ready, endpoint.teardown] },
    );
    // On destroy nobody makes monitors any more before they go.
    const late = { parent: this, dependsOn: [invocation] };
    new EventTrigger(
      this.childName("model-changes"),
      {
        ...this.shared,
        description: `State changes of endpoint ${endpoint.endpointName}, after which another model may be live`,
        pattern: {
          source: ["aws.sagemaker"],
          "detail-type": ["SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"],
          detail: { EndpointName: [endpoint.endpointName] },
        },
        target: reconcile,
      },
      late,
    );
    new FunctionSchedule(
      this.childName("sweep"),
      {
        ...this.shared,
        description: `Sees to the monitors of endpoint ${endpoint.endpointName} where an event was lost`,
        schedule: SWEEP_SCHEDULE,
        target: reconcile,
        input: { sweep: true },
        deadLetterQueueArn: args.deadLetterQueueArn,
      },
      late,
    );
    this.registerOutputs({});
  }

  private makeReconcile(args: ManagedMonitorsArgs): LambdaFunction<typeof ReconcileMonitorsEnvironment> {
    const { storage, endpoint, registry, monitors, network, jobRole } = args;
    const { region } = this.place;
    const enabled = monitorKinds.filter((kind) => monitors[SETTINGS[kind]].enabled);
    return new LambdaFunction(
      this.childName("reconcile"),
      {
        ...this.shared,
        ...args.reconcileMonitors,
        functionName: "reconcile-monitors",
        description: "Makes AWS's monitors what they are to be, when another model is live",
        environment: ReconcileMonitorsEnvironment,
        variables: {
          ENDPOINT_NAME: endpoint.endpointName,
          ANALYZER_IMAGE_URI: region.apply((name) => monitorImageUri("analyzer", name)),
          CLARIFY_IMAGE_URI: region.apply((name) => monitorImageUri("clarify", name)),
          JOB_ROLE_ARN: jobRole.arn,
          RECORD_PREPROCESSOR_URI: this.putScript(storage),
          GROUND_TRUTH_URI: args.groundTruthUri,
          INPUT_URI: args.inputUri,
          OUTPUT_URI: args.outputUri,
          KMS_KEY_ARN: storage.keyArn,
          MONITORS: JSON.stringify(
            Object.fromEntries(enabled.map((kind) => [kind, managedMonitor(monitors[SETTINGS[kind]])])),
          ),
          LABEL_MATURITY_HOURS: String(monitors.labelMaturityHours),
          MODEL_INSTANCE_TYPE: args.modelInstanceType ?? "ml.m5.large",
          MODEL_ENDPOINT_PREFIX: explainingPrefix(args.jobNamePrefix),
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
          ...networkVariable(network),
        },
        statements: [
          endpoint.describing(),
          endpoint.describingModel(),
          registry.describing(),
          ...storage.reading("*/baselines/*"),
          ...storage.writing("monitor-input/*"),
          ...this.managing(endpoint.endpointName),
          passingRoles([jobRole.arn], "sagemaker"),
          ...lendingKeys(args),
        ],
        deadLetterQueueArn: args.deadLetterQueueArn,
        timeoutSeconds: TIMEOUT_SECONDS,
        memoryMib: 256,
      },
      { parent: this, dependsOn: [...jobRole.ready] },
    );
  }

  /** Making, changing and removing definitions and schedules of one endpoint, which begin with its name. */
  private managing(endpointName: string): Statement[] {
    const named = monitorKinds.map((kind) => {
      const [noun, resource] = DEFINITIONS[kind];
      const stem = definitionStem(endpointName, kind).toLowerCase();
      return { noun, kind, arn: this.arnOf("sagemaker", `${resource}/${stem}-*`) };
    });
    const schedules = named.map(({ kind }) =>
      this.arnOf("sagemaker", `monitoring-schedule/${monitorScheduleName(endpointName, kind).toLowerCase()}`),
    );
    const definitions = named.map(({ arn }) => arn);
    return [
      ...named.map(({ noun, arn }): Statement => ({
        actions: [`sagemaker:Create${noun}`, `sagemaker:Delete${noun}`],
        resources: [arn],
      })),
      {
        actions: ["Create", "Describe", "Update", "Start", "Stop", "Delete"].map(
          (verb) => `sagemaker:${verb}MonitoringSchedule`,
        ),
        resources: schedules,
      },
      { actions: ["sagemaker:AddTags", "sagemaker:ListTags"], resources: [...schedules, ...definitions] },
      {
        actions: named.map(({ noun }) => `sagemaker:List${noun}s`),
        anyResourceBecause: "SageMaker's lists have no resource-level permissions",
      },
      // An execution that runs when the stack goes.
      {
        actions: ["sagemaker:StopProcessingJob"],
        resources: [this.arnOf("sagemaker", `processing-job/${MANAGED_JOBS}*`)],
      },
    ];
  }

  /** @returns where the script is, in a folder that is named after its content. */
  private putScript(storage: Storage): pulumi.Output<string> {
    const key = `scripts/${hashOf(readFileSync(SCRIPT))}/${path.basename(SCRIPT)}`;
    this.child(aws.s3.BucketObjectv2, "record-preprocessor", {
      bucket: storage.bucketName,
      key: `${storage.prefix}/${key}`,
      source: new pulumi.asset.FileAsset(SCRIPT),
    });
    return storage.uri(key);
  }
}

const hashOf = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");
