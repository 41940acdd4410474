import type * as aws from "@pulumi/aws";
import type { QueueConfiguration } from "@aws-sdk/client-s3";
import type { Context } from "../context";
import type { Plain } from "../values";

type Args = aws.s3.BucketNotificationArgs;

/** What the three kinds of destination have in common. */
interface Filtered {
  id?: string;
  events: string[];
  filterPrefix?: string;
  filterSuffix?: string;
}

const FILTERED: readonly (keyof Filtered)[] = ["events", "filterPrefix", "filterSuffix", "id"];

function toService({ id, events, filterPrefix, filterSuffix }: Filtered) {
  const rules = [
    ...(filterPrefix === undefined ? [] : [{ Name: "prefix", Value: filterPrefix }]),
    ...(filterSuffix === undefined ? [] : [{ Name: "suffix", Value: filterSuffix }]),
  ];
  return { Id: id, Events: events, ...(rules.length > 0 ? { Filter: { Key: { FilterRules: rules } } } : {}) };
}

function fromService<T extends Pick<QueueConfiguration, "Filter">>(configurations: T[] = []) {
  return configurations.map((configuration) => {
    const rules = configuration.Filter?.Key?.FilterRules;
    const rule = (name: string) => rules?.find(({ Name }) => Name?.toLowerCase() === name)?.Value;
    return { ...configuration, filterPrefix: rule("prefix"), filterSuffix: rule("suffix") };
  });
}

/** A bucket has one notification configuration, for all destinations together. */
export const bucketNotification = {
  cloudFormation: {
    type: "AWS::S3::Bucket",
    address: ["bucket"],
    names: {
      eventbridge: "NotificationConfiguration/EventBridgeConfiguration",
      lambdaFunctions: "NotificationConfiguration/LambdaConfigurations",
      queues: "NotificationConfiguration/QueueConfigurations",
      topics: "NotificationConfiguration/TopicConfigurations",
    },
  } as const,
  inputs: ["queues", "lambdaFunctions", "topics", "eventbridge"] as const,
  blocks: {
    lambdaFunctions: [...FILTERED, "lambdaFunctionArn"],
    queues: [...FILTERED, "queueArn"],
    topics: [...FILTERED, "topicArn"],
  },
  put: (c: Context, bucket: string, { queues, lambdaFunctions, topics, eventbridge }: Plain<Args>) =>
    c.call("s3", "PutBucketNotificationConfiguration", {
      Bucket: bucket,
      NotificationConfiguration: {
        QueueConfigurations: queues?.map((queue) => ({ QueueArn: queue.queueArn, ...toService(queue) })),
        LambdaFunctionConfigurations: lambdaFunctions?.map((target) => ({
          LambdaFunctionArn: target.lambdaFunctionArn,
          ...toService(target),
        })),
        TopicConfigurations: topics?.map((topic) => ({ TopicArn: topic.topicArn, ...toService(topic) })),
        EventBridgeConfiguration: eventbridge ? {} : undefined,
      },
    }),
  get: async (c: Context, bucket: string) => {
    const current = await c.call("s3", "GetBucketNotificationConfiguration", { Bucket: bucket });
    const found = {
      queues: fromService(current.QueueConfigurations),
      lambdaFunctions: fromService(current.LambdaFunctionConfigurations),
      topics: fromService(current.TopicConfigurations),
      eventbridge: current.EventBridgeConfiguration !== undefined,
    };
    // A bucket always has a configuration: without this resource it is empty.
    const isEmpty = Object.values(found).every((value) => value === false || (Array.isArray(value) && !value.length));
    return isEmpty ? undefined : found;
  },
  remove: (c: Context, bucket: string) =>
    c.call("s3", "PutBucketNotificationConfiguration", { Bucket: bucket, NotificationConfiguration: {} }),
};
