import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { isRight } from "fp-ts/Either";
import * as t from "io-ts";
import type { Idle } from "../config/deployment";
import { RequestDeploymentEnvironment } from "../functions/request-deployment/env";
import { settingsHash } from "../functions/shared/endpoint-config";
import { EndpointSettings } from "../functions/shared/endpoint-settings";
import { decodeJson, parseJson } from "../functions/shared/decode";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { FunctionSchedule } from "./function-schedule";
import type { Statement } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { WorkQueue } from "./work-queue";

export interface EndpointRequestsArgs extends ComponentArgs {
  endpointName: string;
  /** JSON `EndpointSettings`. */
  settings: pulumi.Output<string>;
  deploymentsTableName: pulumi.Input<string>;
  deployQueue: WorkQueue;
  /** When the endpoint goes down and comes back. Default: never. */
  idle?: Idle | undefined;
  /** What the function may do: look at the endpoint, and keep requests in the table. */
  statements: readonly Statement[];
  /** What has to have the settings before anybody is asked to bring the endpoint to them. */
  after: readonly pulumi.Resource[];
  function?: FunctionOverrides | undefined;
  transform?: {
    downSchedule?: Transform<aws.scheduler.ScheduleArgs> | undefined;
    upSchedule?: Transform<aws.scheduler.ScheduleArgs> | undefined;
  };
}

/** How the endpoint stands, as of the last `pulumi up`. */
export interface EndpointStatus {
  /** `none`, `pending`, `live`, `rolledBack` or `idle`, as in functions/request-deployment/logic.ts; `unknown` in a plan without AWS. */
  status: string;
  /** A sentence for people. */
  reason: string;
}

/** An endpoint that was not taken down at night costs money; one that did not come back in the morning is missed. */
const IDLE_EVENT_AGE_SECONDS = 3600;

/**
 * What asks for deployments of the model that is live: settings that a `pulumi up` changed, and the clock. It asks and
 * returns at once: the rollout goes on by itself, and `status` says at each `up` how it stands.
 */
export class EndpointRequests extends PlatformComponent {
  readonly status: pulumi.Output<EndpointStatus>;

  constructor(name: string, args: EndpointRequestsArgs, options?: pulumi.ComponentResourceOptions) {
    super("EndpointRequests", name, args, options);
    const request = new LambdaFunction(
      this.childName("request"),
      {
        ...this.shared,
        ...args.function,
        functionName: "request-deployment",
        description: "Asks for deployments of what is configured, and tells how the endpoint stands",
        environment: RequestDeploymentEnvironment,
        variables: {
          ENDPOINT_SETTINGS: args.settings,
          DEPLOYMENTS_TABLE_NAME: args.deploymentsTableName,
          QUEUE_URL: args.deployQueue.url,
        },
        statements: args.statements,
        // An event that could not be handled after Lambda's own tries is kept, and the queue's alarm tells.
        deadLetterQueueArn: args.deployQueue.deadLettersArn,
        timeoutSeconds: 60,
        memoryMib: 256,
      },
      { parent: this },
    );
    const input = args.settings.apply((settings) =>
      JSON.stringify({
        settingsHash: settingsHash(decodeJson(EndpointSettings, settings, "The endpoint's settings")),
        idle: args.idle !== undefined,
      }),
    );
    const changed = this.child(
      aws.lambda.Invocation,
      "settings",
      { functionName: request.name, lifecycleScope: "CRUD", input },
      undefined,
      { dependsOn: [...request.role.ready, ...args.after] },
    );
    this.status = aws.lambda
      .getInvocationOutput(
        // After the change has been asked for, not before.
        { functionName: request.name, input: changed.result.apply(() => JSON.stringify({ read: "status" })) },
        { parent: this },
      )
      .result.apply(readStatus);
    if (args.idle !== undefined) this.makeSchedules(args, args.idle, request);
    this.registerOutputs({ status: this.status });
  }

  private makeSchedules(
    { endpointName, deployQueue, transform }: EndpointRequestsArgs,
    { downSchedule, upSchedule, timezone }: Idle,
    target: Pick<LambdaFunction<never>, "arn">,
  ): void {
    const common = {
      ...this.shared,
      target,
      timezone,
      maximumEventAgeSeconds: IDLE_EVENT_AGE_SECONDS,
      deadLetterQueueArn: deployQueue.deadLettersArn,
    };
    new FunctionSchedule(
      this.childName("down"),
      {
        ...common,
        description: `Takes endpoint ${endpointName} down`,
        schedule: downSchedule,
        input: { request: "sleep" },
        transform: { schedule: transform?.downSchedule },
      },
      { parent: this },
    );
    new FunctionSchedule(
      this.childName("up"),
      {
        ...common,
        description: `Brings endpoint ${endpointName} back with the model that was live`,
        schedule: upSchedule,
        input: { request: "wake" },
        transform: { schedule: transform?.upSchedule },
      },
      { parent: this },
    );
  }
}

const Told = t.type({ status: t.string, reason: t.string }, "DeploymentStatus");

/** What the function answered; a plan without AWS has no answer, and a function of another version may have another. */
function readStatus(result: string | undefined): EndpointStatus {
  const told = Told.decode(parseJson(result ?? ""));
  if (isRight(told)) return told.right;
  return { status: "unknown", reason: "The function that tells it was not asked, or is of another version." };
}
