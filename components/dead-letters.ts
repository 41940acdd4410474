import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { Statement } from "./iam";

/** What SQS keeps a message at most: 14 days. */
export const RETENTION_SECONDS = 1_209_600;

export interface DeadLettersArgs extends ComponentArgs {
  /** What it means that there are any, and what to do. */
  alarmDescription: string;
  /** Topic that hears of it. */
  alertsTopicArn: pulumi.Input<string>;
  transform?: {
    queue?: Transform<aws.sqs.QueueArgs> | undefined;
    alarm?: Transform<aws.cloudwatch.MetricAlarmArgs> | undefined;
  };
}

/** A queue that keeps for 14 days what failed for good, with an alarm while anything is in it. */
export class DeadLetters extends PlatformComponent {
  readonly name: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: DeadLettersArgs, options?: pulumi.ComponentResourceOptions) {
    super("DeadLetters", name, args, options);
    const queue = this.child(
      aws.sqs.Queue,
      "queue",
      { messageRetentionSeconds: RETENTION_SECONDS, sqsManagedSseEnabled: true, tags: this.tags },
      args.transform?.queue,
    );
    this.child(
      aws.cloudwatch.MetricAlarm,
      "alarm",
      {
        alarmDescription: args.alarmDescription,
        namespace: "AWS/SQS",
        metricName: "ApproximateNumberOfMessagesVisible",
        dimensions: { QueueName: queue.name },
        statistic: "Maximum",
        period: 60,
        evaluationPeriods: 1,
        threshold: 0,
        comparisonOperator: "GreaterThanThreshold",
        treatMissingData: "notBreaching",
        alarmActions: [args.alertsTopicArn],
        tags: this.tags,
      },
      args.transform?.alarm,
    );
    this.name = queue.name;
    this.url = queue.url;
    this.arn = queue.arn;
    this.registerOutputs({ url: this.url });
  }

  /** What sending to the queue takes. */
  sending(): Statement {
    return { actions: ["sqs:SendMessage"], resources: [this.arn] };
  }
}
