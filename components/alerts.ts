import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { alertingServices, PlatformComponent } from "./component";
import type { Statement } from "./iam";
import type { Storage } from "./storage";

export interface AlertsArgs extends ComponentArgs {
  storage: Storage;
  /** Addresses that are sent each alert, once their owner has confirmed. Default: none. */
  emails?: readonly string[];
  transform?: { topic?: Transform<aws.sns.TopicArgs> };
}

/** The one topic that hears of whatever needs a person: refused models, failed deployments, dead letters. */
export class Alerts extends PlatformComponent {
  readonly topicArn: pulumi.Output<string>;
  private readonly storage: Storage;

  constructor(name: string, args: AlertsArgs, options?: pulumi.ComponentResourceOptions) {
    super("Alerts", name, args, options);
    this.storage = args.storage;

    const topic = this.child(
      aws.sns.Topic,
      "topic",
      {
        displayName: `${pulumi.getProject()} ${pulumi.getStack()}`,
        kmsMasterKeyId: args.storage.keyArn,
        tags: this.tags,
      },
      args.transform?.topic,
    );
    this.child(aws.sns.TopicPolicy, "topic", {
      arn: topic.arn,
      policy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "ServicesPublish",
            Effect: "Allow",
            Principal: { Service: [...alertingServices] },
            Action: "sns:Publish",
            Resource: topic.arn,
            Condition: { StringEquals: { "aws:SourceAccount": this.place.accountId } },
          },
        ],
      }),
    });
    for (const email of new Set(args.emails ?? [])) {
      this.child(aws.sns.TopicSubscription, `to-${email}`, { topic: topic.arn, protocol: "email", endpoint: email });
    }

    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }

  /** What publishing an alert takes. */
  publishing(): Statement[] {
    return [{ actions: ["sns:Publish"], resources: [this.topicArn] }, this.storage.usingKey()];
  }
}
