import * as pulumi from "@pulumi/pulumi";
import { isLeft } from "fp-ts/Either";
import { decodeStackConfig, describeErrors, type groupNames } from "../config";
import { PlatformComponent } from "./component";
import type { PlatformOutputs } from "./outputs";
import { platform } from "./platform";

/** A stack's configuration, a property for each group of it, as docs/architecture.md lists them. */
export type FraudPlatformArgs = { readonly [Group in (typeof groupNames)[number]]?: unknown };

/**
 * The whole platform as one component, for a program that has other things in it too: what `index.ts` makes of a stack's
 * configuration. The names of all that is in it begin with the component's, at most 28 characters.
 *
 * @example
 * const fraud = new FraudPlatform("fraud", {
 *   global: { pipelineName: "fraud-dev", baseJobNamePrefix: "fraud-dev" },
 *   preprocess: { instanceType: "ml.m5.large", trainRatio: 0.6, validationRatio: 0.2, testRatio: 0.2 },
 *   training: { instanceType: "ml.m5.xlarge" },
 *   evaluation: { instanceType: "ml.m5.large", rocAucMinThreshold: 0.93 },
 *   deployment: {
 *     endpointName: "fraud-dev", instanceType: "ml.m5.large", minCapacity: 1, maxCapacity: 2,
 *     rollout: { type: "all-at-once" },
 *   },
 * });
 * export const url = fraud.outputs.apiUrl;
 * @throws Error naming everything that is wrong with the configuration, each with its remedy.
 */
export class FraudPlatform extends PlatformComponent {
  /** What a stack of the platform alone would tell, secrets apart. */
  readonly outputs: pulumi.Output<PlatformOutputs>;
  readonly apiKey: pulumi.Output<string>;
  /** How the endpoint stood at the last `pulumi up`, and why: see `PlatformOutputValues`. */
  readonly deploymentStatus: pulumi.Output<string>;
  readonly deploymentReason: pulumi.Output<string>;

  constructor(name: string, args: FraudPlatformArgs, options?: pulumi.ComponentResourceOptions) {
    super("FraudPlatform", name, {}, options);
    const decoded = decodeStackConfig(args);
    if (isLeft(decoded)) {
      throw new Error(`FraudPlatform "${name}" cannot be made:\n${describeErrors(decoded.left)}`);
    }
    const made = platform(decoded.right, { name, options: { parent: this } });
    const { apiKey, deploymentStatus, deploymentReason, ...outputs } = made;
    this.apiKey = apiKey;
    this.deploymentStatus = deploymentStatus;
    this.deploymentReason = deploymentReason;
    this.outputs = pulumi.output(outputs);
    this.registerOutputs(made);
  }
}
