import type * as pulumi from "@pulumi/pulumi";
import { CompareShadowEnvironment } from "../functions/compare-shadow/env";
import { SHADOW_VARIANT } from "../functions/shared/endpoint-config";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { FunctionSchedule } from "./function-schedule";
import { literally } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import type { Storage } from "./storage";

export interface ShadowComparisonArgs extends ComponentArgs {
  storage: Storage;
  registry: ModelRegistry;
  /** Whose rollout is `shadow`. */
  endpoint: CanaryEndpoint;
  functions?: { compareShadow?: FunctionOverrides };
}

const SCHEDULE = "rate(1 hour)";

/**
 * Reports what an endpoint's shadow would have answered: every hour, and whenever somebody asks
 * (`npm run shadow`). The report is a JSON file and a page below `shadow/`, and an event tells of it.
 *
 * @example
 * new ShadowComparison("shadow", { storage, registry, endpoint });
 */
export class ShadowComparison extends PlatformComponent {
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: ShadowComparisonArgs, options?: pulumi.ComponentResourceOptions) {
    super("ShadowComparison", name, args, options);
    const { storage, registry, endpoint } = args;
    const captures = [endpoint.variantName, SHADOW_VARIANT].map(
      (variant) => `data-capture/${literally(endpoint.endpointName)}/${variant}/*`,
    );
    const compare = new LambdaFunction(
      name,
      {
        ...this.shared,
        ...args.functions?.compareShadow,
        functionName: "compare-shadow",
        description: `Compares the shadow of endpoint ${endpoint.endpointName} with what was answered`,
        environment: CompareShadowEnvironment,
        variables: {
          ENDPOINT_NAME: endpoint.endpointName,
          ENDPOINT_VARIANT_NAME: endpoint.variantName,
          CAPTURE_URI: storage.uri("data-capture"),
          REPORTS_URI: storage.uri("shadow"),
        },
        statements: [
          endpoint.describing(),
          endpoint.describingModel(),
          registry.describing(),
          ...storage.reading(...captures),
          ...storage.writing("shadow/*"),
          {
            actions: ["cloudwatch:GetMetricData"],
            anyResourceBecause: "CloudWatch has no resource for metrics",
          },
          { actions: ["events:PutEvents"], resources: [this.arnOf("events", "event-bus/default")] },
        ],
        // A day of captures is read line by line.
        timeoutSeconds: 900,
        memoryMib: 1024,
      },
      { parent: this },
    );
    new FunctionSchedule(
      this.childName("hourly"),
      {
        ...this.shared,
        description: `Compares the shadow of endpoint ${endpoint.endpointName}`,
        schedule: SCHEDULE,
        target: compare,
        input: {},
        deadLetterQueueArn: endpoint.deployQueue.deadLettersArn,
      },
      { parent: this },
    );
    this.functionName = compare.name;
    this.registerOutputs({ functionName: this.functionName });
  }
}
