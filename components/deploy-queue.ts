import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Registry } from "../config/training";
import { checkJobPrefix } from "../functions/shared/endpoint-config";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { WorkQueue } from "./work-queue";

export interface DeployQueueArgs extends ComponentArgs {
  endpointName: string;
  /** Who lets a registered model go live. With `manual`, the queue hears of packages that a person has approved. */
  approval: Registry["approval"];
  /** The model package group. */
  groupName: pulumi.Input<string>;
  /** Timeout of the function that reads the queue, 1–900 seconds. */
  consumerTimeoutSeconds: number;
  alertsTopicArn: pulumi.Input<string>;
}

/** Failed tries of a message: waiting its turn is none, it is sent anew then. */
const MAX_RECEIVES = 100;

/** Deployments wait here, and hear here of what lets them go on: checks that have ended, packages that were approved. */
export class DeployQueue extends PlatformComponent {
  readonly queue: WorkQueue;

  constructor(name: string, args: DeployQueueArgs, options?: pulumi.ComponentResourceOptions) {
    super("DeployQueue", name, args, options);
    const rules = this.makeRules(args);
    this.queue = new WorkQueue(
      this.childName("deploy"),
      {
        ...this.shared,
        consumerTimeoutSeconds: args.consumerTimeoutSeconds,
        maxReceiveCount: MAX_RECEIVES,
        alertsTopicArn: args.alertsTopicArn,
        eventRuleArns: Object.values(rules).map(({ arn }) => arn),
      },
      { parent: this },
    );
    for (const [suffix, rule] of Object.entries(rules)) {
      this.child(aws.cloudwatch.EventTarget, suffix, { rule: rule.name, arn: this.queue.arn });
    }
    this.registerOutputs({ queueUrl: this.queue.url });
  }

  private makeRules({ endpointName, approval, groupName }: DeployQueueArgs): Record<string, aws.cloudwatch.EventRule> {
    const checked = this.child(aws.cloudwatch.EventRule, "checked", {
      description: `Checks of models that endpoint ${endpointName} is to serve have ended`,
      eventPattern: JSON.stringify({
        source: ["aws.sagemaker"],
        "detail-type": ["SageMaker Transform Job State Change"],
        detail: {
          TransformJobName: [{ prefix: checkJobPrefix(endpointName) }],
          TransformJobStatus: ["Completed", "Failed", "Stopped"],
        },
      }),
      tags: this.tags,
    });
    if (approval !== "manual") return { checked };
    const approved = this.child(aws.cloudwatch.EventRule, "approved", {
      description: "A person has approved a model",
      eventPattern: pulumi.jsonStringify({
        source: ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        detail: { ModelPackageGroupName: [groupName], ModelApprovalStatus: ["Approved"] },
      }),
      tags: this.tags,
    });
    return { checked, approved };
  }
}
