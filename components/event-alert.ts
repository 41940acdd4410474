import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";

export interface EventAlertArgs extends ComponentArgs {
  description: string;
  /** EventBridge pattern of the events. */
  pattern: pulumi.Input<Record<string, unknown>>;
  /** Names of values in the event, by JSON path; the text uses them as `<name>`. */
  paths: Record<string, string>;
  text: string;
  alertsTopicArn: pulumi.Input<string>;
}

/** Events on the account's default bus that somebody is told of, in words. */
export class EventAlert extends PlatformComponent {
  constructor(name: string, args: EventAlertArgs, options?: pulumi.ComponentResourceOptions) {
    super("EventAlert", name, args, options);
    const rule = this.child(aws.cloudwatch.EventRule, "rule", {
      description: args.description,
      eventPattern: pulumi.jsonStringify(args.pattern),
      tags: this.tags,
    });
    this.child(aws.cloudwatch.EventTarget, "topic", {
      rule: rule.name,
      arn: args.alertsTopicArn,
      inputTransformer: { inputPaths: args.paths, inputTemplate: JSON.stringify(args.text) },
    });
    this.registerOutputs({});
  }
}
