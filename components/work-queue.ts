import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { DeadLetters, RETENTION_SECONDS } from "./dead-letters";
import type { Statement } from "./iam";

export interface WorkQueueArgs extends ComponentArgs {
  /** Longest run of the function that reads the queue, in seconds; a message stays hidden for six times as long. */
  consumerTimeoutSeconds: number;
  /** Deliveries after which a message goes to the dead letters. */
  maxReceiveCount: number;
  /** Topic that hears of dead letters. */
  alertsTopicArn: pulumi.Input<string>;
  /** EventBridge rules that may send to the queue. */
  eventRuleArns?: readonly pulumi.Input<string>[];
  transform?: {
    queue?: Transform<aws.sqs.QueueArgs>;
    deadLetters?: Transform<aws.sqs.QueueArgs>;
    alarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
  };
}

/** A queue whose failed messages are kept apart for 14 days, with an alarm when there are any. */
export class WorkQueue extends PlatformComponent {
  readonly name: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly deadLettersName: pulumi.Output<string>;
  readonly deadLettersUrl: pulumi.Output<string>;
  readonly deadLettersArn: pulumi.Output<string>;

  constructor(name: string, args: WorkQueueArgs, options?: pulumi.ComponentResourceOptions) {
    super("WorkQueue", name, args, options);

    const deadLetters = new DeadLetters(
      this.childName("dead-letters"),
      {
        ...this.shared,
        alarmDescription: "Messages could not be processed and wait among the dead letters: read the consumer's log.",
        alertsTopicArn: args.alertsTopicArn,
        transform: { queue: args.transform?.deadLetters, alarm: args.transform?.alarm },
      },
      { parent: this },
    );
    const queue = this.child(
      aws.sqs.Queue,
      "queue",
      {
        // Six times the timeout is what AWS asks for: less, and a message is delivered again while it is worked on.
        visibilityTimeoutSeconds: 6 * args.consumerTimeoutSeconds,
        messageRetentionSeconds: RETENTION_SECONDS,
        receiveWaitTimeSeconds: 20,
        sqsManagedSseEnabled: true,
        redrivePolicy: pulumi.jsonStringify({
          deadLetterTargetArn: deadLetters.arn,
          maxReceiveCount: args.maxReceiveCount,
        }),
        tags: this.tags,
      },
      args.transform?.queue,
    );
    const { eventRuleArns = [] } = args;
    if (eventRuleArns.length > 0) {
      this.child(aws.sqs.QueuePolicy, "senders", {
        queueUrl: queue.url,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: "events.amazonaws.com" },
              Action: "sqs:SendMessage",
              Resource: queue.arn,
              Condition: { ArnEquals: { "aws:SourceArn": eventRuleArns } },
            },
          ],
        }),
      });
    }
    this.name = queue.name;
    this.url = queue.url;
    this.arn = queue.arn;
    this.deadLettersName = deadLetters.name;
    this.deadLettersUrl = deadLetters.url;
    this.deadLettersArn = deadLetters.arn;
    this.registerOutputs({ url: this.url, deadLettersUrl: this.deadLettersUrl });
  }

  /** What reading the queue takes, by hand or through an event source mapping. */
  receiving(): Statement {
    return {
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      resources: [this.arn],
    };
  }

  /** What sending to the queue takes. */
  sending(): Statement {
    return { actions: ["sqs:SendMessage"], resources: [this.arn] };
  }
}
