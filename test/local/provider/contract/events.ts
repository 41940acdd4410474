import type * as aws from "@pulumi/aws";
import { examples, OTHER_TAGS, policy, TAGS, type Examples } from "./examples";

const TASK = "arn:aws:ecs:eu-west-1:123456789012:task-definition/launcher:1";

function ecsTarget(count: number, subnet: string) {
  return {
    taskDefinitionArn: TASK,
    taskCount: count,
    launchType: "FARGATE",
    networkConfiguration: { subnets: [subnet], securityGroups: ["sg-1"], assignPublicIp: false },
  };
}

/** Examples of messages, events, schedules, alarms and logs. */
export const EVENTS: Record<string, Examples> = {
  "aws:cloudwatch/logGroup:LogGroup": examples<aws.cloudwatch.LogGroupArgs>(async (w) => [
    {
      inputs: {
        name: w.name(),
        kmsKeyId: (await w.key()).arn,
        logGroupClass: "STANDARD",
        retentionInDays: 30,
        skipDestroy: false,
        tags: TAGS,
      },
      others: {
        kmsKeyId: (await w.key("other-key")).arn,
        logGroupClass: "INFREQUENT_ACCESS",
        name: "another-group",
        retentionInDays: 60,
        tags: OTHER_TAGS,
      },
    },
    { inputs: { name: w.name(), skipDestroy: true }, others: { skipDestroy: false } },
  ]),
  "aws:cloudwatch/metricAlarm:MetricAlarm": examples<aws.cloudwatch.MetricAlarmArgs>(async (w) => {
    const [topic, other] = [(await w.topic()).arn, (await w.topic("other-topic")).arn];
    const stat = { namespace: "Fraud", metricName: "Errors", period: 60, stat: "Sum" };
    const basis = { comparisonOperator: "GreaterThanThreshold", evaluationPeriods: 3, threshold: 1 };
    return [
      {
        inputs: {
          ...basis,
          name: w.name(),
          actionsEnabled: true,
          alarmActions: [topic],
          alarmDescription: "one",
          datapointsToAlarm: 1,
          dimensions: { QueueName: "one" },
          insufficientDataActions: [topic],
          metricName: "One",
          namespace: "Fraud",
          okActions: [topic],
          period: 60,
          statistic: "Sum",
          tags: TAGS,
          treatMissingData: "missing",
          unit: "Count",
        },
        others: {
          actionsEnabled: false,
          alarmActions: [topic, other],
          alarmDescription: "other",
          comparisonOperator: "LessThanThreshold",
          datapointsToAlarm: 2,
          dimensions: { QueueName: "other", More: "1" },
          evaluationPeriods: 5,
          insufficientDataActions: [other],
          metricName: "Other",
          name: "another-alarm",
          namespace: "Other",
          okActions: [other],
          period: 120,
          statistic: "Average",
          tags: OTHER_TAGS,
          threshold: 2.5,
          treatMissingData: "breaching",
          unit: "Seconds",
        },
      },
      {
        inputs: {
          ...basis,
          name: w.name(),
          evaluateLowSampleCountPercentiles: "evaluate",
          extendedStatistic: "p90",
          metricName: "Latency",
          namespace: "Fraud",
          period: 60,
        },
        others: { evaluateLowSampleCountPercentiles: "ignore", extendedStatistic: "p99" },
      },
      {
        inputs: {
          ...basis,
          name: w.name(),
          metricQueries: [
            { id: "errors", returnData: false, metric: { ...stat, dimensions: { Stage: "one" } } },
            { id: "rate", expression: "errors * 2", label: "rate", returnData: true },
          ],
        },
        others: {
          metricQueries: [
            { id: "errors", returnData: false, metric: { ...stat, dimensions: { Stage: "other" } } },
            { id: "rate", expression: "errors * 3", label: "rate", returnData: true },
          ],
        },
      },
      {
        inputs: {
          name: w.name(),
          comparisonOperator: "GreaterThanUpperThreshold",
          evaluationPeriods: 1,
          thresholdMetricId: "band",
          metricQueries: [
            { id: "m", metric: stat, returnData: true },
            { id: "band", expression: "ANOMALY_DETECTION_BAND(m)", returnData: true },
            { id: "wide", expression: "ANOMALY_DETECTION_BAND(m, 3)", returnData: true },
          ],
        },
        others: { thresholdMetricId: "wide" },
      },
    ];
  }),
  "aws:budgets/budget:Budget": examples<aws.budgets.BudgetArgs>(async (w) => {
    const [topic, other] = [(await w.topic()).arn, (await w.topic("other-topic")).arn];
    const notification = (threshold: number, subscriberSnsTopicArns: string[]) => ({
      comparisonOperator: "GREATER_THAN",
      notificationType: "ACTUAL",
      threshold,
      thresholdType: "PERCENTAGE",
      subscriberEmailAddresses: ["one@example.com"],
      subscriberSnsTopicArns,
    });
    return [
      {
        inputs: {
          name: w.name(),
          budgetType: "COST",
          costFilters: [{ name: "TagKeyValue", values: ["user:stack$one"] }],
          limitAmount: "100",
          limitUnit: "USD",
          notifications: [notification(80, [topic])],
          tags: TAGS,
          timeUnit: "MONTHLY",
        },
        others: {
          budgetType: "USAGE",
          costFilters: [{ name: "TagKeyValue", values: ["user:stack$other"] }],
          limitAmount: "200",
          limitUnit: "EUR",
          name: "another-budget",
          notifications: [notification(90, [other]), notification(100, [topic])],
          tags: OTHER_TAGS,
          timeUnit: "QUARTERLY",
        },
      },
    ];
  }),
  "aws:cloudwatch/dashboard:Dashboard": examples<aws.cloudwatch.DashboardArgs>((w) => {
    const body = (markdown: string) =>
      JSON.stringify({ widgets: [{ type: "text", x: 0, y: 0, width: 24, height: 1, properties: { markdown } }] });
    return [
      {
        inputs: { dashboardName: w.name(), dashboardBody: body("one") },
        others: { dashboardBody: body("other"), dashboardName: "another-dashboard" },
      },
    ];
  }),
  "aws:cloudwatch/eventRule:EventRule": examples<aws.cloudwatch.EventRuleArgs>(async (w) => [
    {
      inputs: {
        name: w.name(),
        description: "one",
        eventBusName: "default",
        eventPattern: JSON.stringify({ source: ["aws.s3"] }),
        roleArn: (await w.role()).arn,
        scheduleExpression: "rate(1 day)",
        state: "ENABLED",
        tags: TAGS,
      },
      others: {
        description: "other",
        eventBusName: "other",
        eventPattern: JSON.stringify({ source: ["aws.sagemaker"] }),
        name: "another-rule",
        roleArn: (await w.role("other-role")).arn,
        scheduleExpression: "cron(0 3 ? * MON *)",
        state: "DISABLED",
        tags: OTHER_TAGS,
      },
    },
  ]),
  "aws:cloudwatch/eventTarget:EventTarget": examples<aws.cloudwatch.EventTargetArgs>(async (w) => {
    const rule = (await w.rule()).id;
    const [queue, other] = [(await w.queue()).arn, (await w.queue("other-queue")).arn];
    const fifo = await w.fifoQueue();
    const transformer = (version: string) => ({ inputPaths: { id: "$.id" }, inputTemplate: `{"${version}": <id>}` });
    return [
      {
        inputs: {
          rule,
          eventBusName: "default",
          targetId: "one",
          arn: queue,
          deadLetterConfig: { arn: queue },
          input: JSON.stringify({ version: "one" }),
          retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 1 },
          roleArn: (await w.role()).arn,
        },
        others: {
          arn: other,
          deadLetterConfig: { arn: other },
          eventBusName: "other",
          input: JSON.stringify({ version: "other" }),
          retryPolicy: { maximumEventAgeInSeconds: 120, maximumRetryAttempts: 2 },
          roleArn: (await w.role("other-role")).arn,
          rule: "other",
          targetId: "other",
        },
      },
      { inputs: { rule, targetId: "path", arn: queue, inputPath: "$.detail" }, others: { inputPath: "$.id" } },
      {
        inputs: { rule, targetId: "transformer", arn: queue, inputTransformer: transformer("one") },
        others: { inputTransformer: transformer("other") },
      },
      {
        inputs: { rule, targetId: "fifo", arn: fifo.arn, sqsTarget: { messageGroupId: "one" } },
        others: { sqsTarget: { messageGroupId: "other" } },
      },
      {
        inputs: {
          rule,
          targetId: "task",
          arn: "arn:aws:ecs:eu-west-1:123456789012:cluster/platform",
          roleArn: (await w.role()).arn,
          ecsTarget: ecsTarget(1, "subnet-1"),
        },
        others: { ecsTarget: ecsTarget(2, "subnet-2") },
      },
    ];
  }),
  "aws:scheduler/schedule:Schedule": examples<aws.scheduler.ScheduleArgs>(async (w) => {
    const [queue, role] = [(await w.queue()).arn, (await w.role()).arn];
    const fifo = await w.fifoQueue();
    const basis = { flexibleTimeWindow: { mode: "OFF" }, scheduleExpression: "rate(1 day)", state: "DISABLED" };
    const target = (version: string, attempts: number) => ({
      arn: queue,
      roleArn: role,
      input: JSON.stringify({ version }),
      deadLetterConfig: { arn: queue },
      retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: attempts },
    });
    const group = (messageGroupId: string) => ({ arn: fifo.arn, roleArn: role, sqsParameters: { messageGroupId } });
    const task = (count: number, subnet: string) => ({
      arn: "arn:aws:ecs:eu-west-1:123456789012:cluster/platform",
      roleArn: role,
      ecsParameters: ecsTarget(count, subnet),
    });
    const pipeline = (value: string) => ({
      arn: "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud",
      roleArn: role,
      sagemakerPipelineParameters: { pipelineParameters: [{ name: "Version", value }] },
    });
    return [
      {
        inputs: {
          ...basis,
          name: w.name(),
          actionAfterCompletion: "NONE",
          description: "one",
          endDate: "2030-01-01T00:00:00Z",
          groupName: "default",
          kmsKeyArn: (await w.key()).arn,
          scheduleExpressionTimezone: "Europe/Berlin",
          startDate: "2029-01-01T00:00:00Z",
          target: target("one", 1),
        },
        others: {
          actionAfterCompletion: "DELETE",
          description: "other",
          endDate: "2031-01-01T00:00:00Z",
          flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 15 },
          groupName: "other",
          kmsKeyArn: (await w.key("other-key")).arn,
          name: "another-schedule",
          scheduleExpression: "cron(0 3 ? * MON *)",
          scheduleExpressionTimezone: "Europe/Paris",
          startDate: "2029-06-01T00:00:00Z",
          state: "ENABLED",
          target: target("other", 2),
        },
      },
      { inputs: { ...basis, name: w.name(), target: group("one") }, others: { target: group("other") } },
      {
        inputs: { ...basis, name: w.name(), target: task(1, "subnet-1") },
        others: { target: task(2, "subnet-2") },
      },
      { inputs: { ...basis, name: w.name(), target: pipeline("one") }, others: { target: pipeline("other") } },
    ];
  }),
  "aws:scheduler/scheduleGroup:ScheduleGroup": examples<aws.scheduler.ScheduleGroupArgs>((w) =>
    Promise.resolve([
      {
        inputs: { name: w.name(), tags: { one: "1", both: "1" } },
        others: { name: "another-group", tags: { both: "2", other: "3" } },
      },
    ]),
  ),
  "aws:sqs/queue:Queue": examples<aws.sqs.QueueArgs>(async (w) => {
    const sending = (arn: string) =>
      policy({
        Principal: "*",
        Action: "sqs:SendMessage",
        Resource: "*",
        Condition: { ArnEquals: { "aws:SourceArn": arn } },
      });
    const redrive = (maxReceiveCount: number, arn: string) =>
      JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount });
    const allow = (permission: string) => JSON.stringify({ redrivePermission: permission });
    return [
      {
        inputs: {
          name: w.name(),
          delaySeconds: 1,
          fifoQueue: false,
          kmsDataKeyReusePeriodSeconds: 300,
          kmsMasterKeyId: (await w.key()).id,
          maxMessageSize: 2048,
          messageRetentionSeconds: 3600,
          policy: sending("arn:aws:sns:eu-west-1:123456789012:one"),
          receiveWaitTimeSeconds: 1,
          redriveAllowPolicy: allow("allowAll"),
          redrivePolicy: redrive(3, (await w.queue()).arn),
          tags: TAGS,
          visibilityTimeoutSeconds: 60,
        },
        others: {
          delaySeconds: 2,
          fifoQueue: true,
          kmsDataKeyReusePeriodSeconds: 600,
          kmsMasterKeyId: (await w.key("other-key")).id,
          maxMessageSize: 4096,
          messageRetentionSeconds: 7200,
          name: "another-queue",
          policy: sending("arn:aws:sns:eu-west-1:123456789012:other"),
          receiveWaitTimeSeconds: 2,
          redriveAllowPolicy: allow("denyAll"),
          redrivePolicy: redrive(4, (await w.queue("other-queue")).arn),
          tags: OTHER_TAGS,
          visibilityTimeoutSeconds: 90,
        },
      },
      {
        inputs: {
          name: `${w.name()}.fifo`,
          fifoQueue: true,
          contentBasedDeduplication: true,
          sqsManagedSseEnabled: true,
        },
        others: { contentBasedDeduplication: false, sqsManagedSseEnabled: false },
      },
    ];
  }),
  "aws:sqs/queuePolicy:QueuePolicy": examples<aws.sqs.QueuePolicyArgs>(async (w) => {
    const queue = await w.queue("queue-policy");
    const sending = (Action: string) => policy({ Principal: "*", Action, Resource: queue.arn });
    return [
      {
        inputs: { queueUrl: queue.id, policy: sending("sqs:SendMessage") },
        others: { policy: sending("sqs:ReceiveMessage"), queueUrl: "other" },
      },
    ];
  }),
  "aws:sns/topic:Topic": examples<aws.sns.TopicArgs>(async (w) => {
    const publishing = (Service: string) => policy({ Principal: { Service }, Action: "sns:Publish", Resource: "*" });
    return [
      {
        inputs: {
          name: w.name(),
          displayName: "one",
          fifoTopic: false,
          kmsMasterKeyId: (await w.key()).id,
          policy: publishing("events.amazonaws.com"),
          signatureVersion: 1,
          tags: TAGS,
          tracingConfig: "PassThrough",
        },
        others: {
          displayName: "other",
          fifoTopic: true,
          kmsMasterKeyId: (await w.key("other-key")).id,
          name: "another-topic",
          policy: publishing("cloudwatch.amazonaws.com"),
          signatureVersion: 2,
          tags: OTHER_TAGS,
          tracingConfig: "Active",
        },
      },
      {
        inputs: { name: `${w.name()}.fifo`, fifoTopic: true, contentBasedDeduplication: true },
        others: { contentBasedDeduplication: false },
      },
    ];
  }),
  "aws:sns/topicPolicy:TopicPolicy": examples<aws.sns.TopicPolicyArgs>(async (w) => {
    const topic = await w.topic("topic-policy");
    const publishing = (Service: string) =>
      policy({ Principal: { Service }, Action: "sns:Publish", Resource: topic.arn });
    return [
      {
        inputs: { arn: topic.arn, policy: publishing("events.amazonaws.com") },
        others: { arn: "other", policy: publishing("cloudwatch.amazonaws.com") },
      },
    ];
  }),
  "aws:sns/topicSubscription:TopicSubscription": examples<aws.sns.TopicSubscriptionArgs>(async (w) => {
    const [queue, dead] = [await w.queue(), await w.queue("other-queue")];
    const delivery = (numRetries: number) =>
      JSON.stringify({ healthyRetryPolicy: { minDelayTarget: 1, maxDelayTarget: 2, numRetries } });
    return [
      {
        inputs: {
          topic: (await w.topic()).arn,
          protocol: "sqs",
          endpoint: queue.arn,
          filterPolicy: JSON.stringify({ kind: ["one"] }),
          filterPolicyScope: "MessageAttributes",
          rawMessageDelivery: true,
          redrivePolicy: JSON.stringify({ deadLetterTargetArn: queue.arn }),
        },
        others: {
          endpoint: dead.arn,
          filterPolicy: JSON.stringify({ kind: ["other"] }),
          filterPolicyScope: "MessageBody",
          protocol: "https",
          rawMessageDelivery: false,
          redrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }),
          topic: "other",
        },
      },
      {
        inputs: {
          topic: (await w.topic()).arn,
          protocol: "lambda",
          endpoint: (await w.function()).arn,
          deliveryPolicy: delivery(3),
        },
        others: { deliveryPolicy: delivery(4) },
      },
      {
        inputs: {
          topic: (await w.topic("other-topic")).arn,
          protocol: "firehose",
          endpoint: "arn:aws:firehose:eu-west-1:123456789012:deliverystream/one",
          subscriptionRoleArn: (await w.role()).arn,
        },
        others: { subscriptionRoleArn: (await w.role("other-role")).arn },
      },
    ];
  }),
};
