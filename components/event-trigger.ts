import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import type { LambdaFunction } from "./lambda-function";

export interface EventTriggerArgs extends ComponentArgs {
  description: string;
  /** EventBridge pattern of the events; its values may be outputs. */
  pattern: Record<string, unknown>;
  target: Pick<LambdaFunction<never>, "arn" | "name">;
}

/** Events on the account's default bus that call a function. */
export class EventTrigger extends PlatformComponent {
  constructor(name: string, args: EventTriggerArgs, options?: pulumi.ComponentResourceOptions) {
    super("EventTrigger", name, args, options);
    const rule = this.child(aws.cloudwatch.EventRule, "rule", {
      description: args.description,
      eventPattern: pulumi.jsonStringify(args.pattern),
      tags: this.tags,
    });
    const permission = this.child(aws.lambda.Permission, "rule", {
      function: args.target.name,
      action: "lambda:InvokeFunction",
      principal: "events.amazonaws.com",
      sourceArn: rule.arn,
    });
    this.child(aws.cloudwatch.EventTarget, "function", { rule: rule.name, arn: args.target.arn }, undefined, {
      dependsOn: [permission],
    });
    this.registerOutputs({});
  }
}
