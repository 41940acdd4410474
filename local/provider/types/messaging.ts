import type * as aws from "@pulumi/aws";
import { arn, between, jsonObject, named, policy, sameJson } from "../../aws-models";
import { resource, type ResourceTable } from "../resource";
import { changed, omit } from "../values";
import { attributes, changedAttributes, fromAttributes, ownTags, retag, tagList, tagMap } from "./shared";

/** Inputs by the queue attribute that carries them. */
const QUEUE_ATTRIBUTES = {
  ContentBasedDeduplication: "contentBasedDeduplication",
  DelaySeconds: "delaySeconds",
  FifoQueue: "fifoQueue",
  KmsDataKeyReusePeriodSeconds: "kmsDataKeyReusePeriodSeconds",
  KmsMasterKeyId: "kmsMasterKeyId",
  MaximumMessageSize: "maxMessageSize",
  MessageRetentionPeriod: "messageRetentionSeconds",
  Policy: "policy",
  ReceiveMessageWaitTimeSeconds: "receiveWaitTimeSeconds",
  RedriveAllowPolicy: "redriveAllowPolicy",
  RedrivePolicy: "redrivePolicy",
  SqsManagedSseEnabled: "sqsManagedSseEnabled",
  VisibilityTimeout: "visibilityTimeoutSeconds",
} as const satisfies Record<string, keyof aws.sqs.QueueArgs>;

/** What a FIFO queue's or topic's name ends with, and no other's. */
const FIFO = ".fifo";

function fifoName(name: string, fifo: boolean | undefined): string | undefined {
  if (name.endsWith(FIFO) === !!fifo) return undefined;
  return fifo ? `"${name}" must end with ${FIFO}` : `"${name}" ends with ${FIFO}, but is not FIFO`;
}

function redrivePolicy(text: string): string | undefined {
  const malformed = jsonObject(text);
  if (malformed) return malformed;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Record<string, unknown>;
  if (typeof deadLetterTargetArn !== "string") return "has no deadLetterTargetArn";
  const noArn = arn(deadLetterTargetArn);
  if (noArn) return `deadLetterTargetArn ${noArn}`;
  const count = Number(maxReceiveCount);
  return Number.isInteger(count)
    ? between(count, 1, 1000) && `maxReceiveCount ${between(count, 1, 1000)}`
    : "has no maxReceiveCount";
}

const queue = resource<aws.sqs.QueueArgs>({
  cloudFormation: {
    type: "AWS::SQS::Queue",
    names: {
      maxMessageSize: "MaximumMessageSize",
      messageRetentionSeconds: "MessageRetentionPeriod",
      name: "QueueName",
      policy: "AWS::SQS::QueueInlinePolicy/PolicyDocument",
      receiveWaitTimeSeconds: "ReceiveMessageWaitTimeSeconds",
      visibilityTimeoutSeconds: "VisibilityTimeout",
    },
  },
  inputs: [
    "name",
    "fifoQueue",
    "contentBasedDeduplication",
    "delaySeconds",
    "kmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId",
    "maxMessageSize",
    "messageRetentionSeconds",
    "policy",
    "receiveWaitTimeSeconds",
    "redriveAllowPolicy",
    "redrivePolicy",
    "sqsManagedSseEnabled",
    "tags",
    "visibilityTimeoutSeconds",
  ],
  autoName: { property: "name", maxLength: 80, suffix: ({ fifoQueue }) => (fifoQueue ? FIFO : "") },
  json: ["policy", "redrivePolicy", "redriveAllowPolicy"],
  checks: {
    delaySeconds: (seconds) => between(seconds, 0, 900),
    maxMessageSize: (bytes) => between(bytes, 1024, 1_048_576),
    messageRetentionSeconds: (seconds) => between(seconds, 60, 1_209_600),
    name: (name, { fifoQueue }) =>
      fifoName(name, fifoQueue) ??
      (/^[\w-]+(\.fifo)?$/.test(name) ? undefined : `"${name}" has other characters than letters, digits, - and _`),
    policy: (text) => policy(text, "resource"),
    receiveWaitTimeSeconds: (seconds) => between(seconds, 0, 20),
    redrivePolicy,
    visibilityTimeoutSeconds: (seconds) => between(seconds, 0, 43_200),
  },
  async create(c, inputs) {
    const { name = "", tags } = inputs;
    const Attributes = attributes(inputs, QUEUE_ATTRIBUTES);
    const { QueueUrl: url = "" } = await c.call("sqs", "CreateQueue", { QueueName: name, Attributes, tags });
    return { id: url, url, arn: c.arn("sqs", name) };
  },
  async find(c, { name = "" }) {
    const { QueueUrl: url } = await c.call("sqs", "GetQueueUrl", { QueueName: name });
    return url === undefined ? undefined : { id: url, url, arn: c.arn("sqs", name) };
  },
  async read(c, id, state) {
    const { Attributes } = await c.call("sqs", "GetQueueAttributes", { QueueUrl: id, AttributeNames: ["All"] });
    const { Tags } = await c.call("sqs", "ListQueueTags", { QueueUrl: id });
    return {
      ...c.mirror(omit(state, "name", "tags", "fifoQueue"), fromAttributes(Attributes, QUEUE_ATTRIBUTES)),
      url: id,
      arn: Attributes?.["QueueArn"],
      tags: ownTags(Tags),
    };
  },
  async update(c, id, now, before) {
    const Attributes = changedAttributes(now, before, QUEUE_ATTRIBUTES);
    if (Object.keys(Attributes).length > 0) await c.call("sqs", "SetQueueAttributes", { QueueUrl: id, Attributes });
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("sqs", "TagQueue", { QueueUrl: id, Tags: tags }),
      (keys) => c.call("sqs", "UntagQueue", { QueueUrl: id, TagKeys: keys }),
    );
  },
  delete: (c, id) => c.call("sqs", "DeleteQueue", { QueueUrl: id }),
});

const queuePolicy = resource<aws.sqs.QueuePolicyArgs>({
  cloudFormation: { type: "AWS::SQS::QueueInlinePolicy", names: { queueUrl: "Queue", policy: "PolicyDocument" } },
  inputs: ["queueUrl", "policy"],
  required: ["policy"],
  json: ["policy"],
  oneInPlace: true,
  checks: { policy: (text) => policy(text, "resource") },
  async create(c, { queueUrl, policy: document }) {
    await c.call("sqs", "SetQueueAttributes", { QueueUrl: queueUrl, Attributes: { Policy: document } });
    return { id: queueUrl };
  },
  async read(c, id, { policy: document }) {
    const { Attributes } = await c.call("sqs", "GetQueueAttributes", { QueueUrl: id, AttributeNames: ["Policy"] });
    return Attributes?.["Policy"] ? c.mirror({ policy: document }, Attributes) : undefined;
  },
  async update(c, id, { policy: document }) {
    await c.call("sqs", "SetQueueAttributes", { QueueUrl: id, Attributes: { Policy: document } });
  },
  delete: (c, id) => c.call("sqs", "SetQueueAttributes", { QueueUrl: id, Attributes: { Policy: "" } }),
});

const TOPIC_ATTRIBUTES = {
  ContentBasedDeduplication: "contentBasedDeduplication",
  DisplayName: "displayName",
  FifoTopic: "fifoTopic",
  KmsMasterKeyId: "kmsMasterKeyId",
  Policy: "policy",
  SignatureVersion: "signatureVersion",
  TracingConfig: "tracingConfig",
} as const satisfies Record<string, keyof aws.sns.TopicArgs>;

const topic = resource<aws.sns.TopicArgs>({
  cloudFormation: {
    type: "AWS::SNS::Topic",
    names: { name: "TopicName", policy: "AWS::SNS::TopicInlinePolicy/PolicyDocument" },
  },
  inputs: [
    "name",
    "fifoTopic",
    "contentBasedDeduplication",
    "displayName",
    "kmsMasterKeyId",
    "policy",
    "signatureVersion",
    "tags",
    "tracingConfig",
  ],
  autoName: { property: "name", maxLength: 256, suffix: ({ fifoTopic }) => (fifoTopic ? FIFO : "") },
  json: ["policy"],
  checks: {
    name: (name, { fifoTopic }) => fifoName(name, fifoTopic) ?? named(name, /^[\w-]+(\.fifo)?$/, ", - and _"),
    policy: (text) => policy(text, "resource"),
  },
  async create(c, inputs) {
    const { name = "", tags } = inputs;
    await c.call("sns", "CreateTopic", {
      Name: name,
      Attributes: attributes(inputs, TOPIC_ATTRIBUTES),
      Tags: tagList(tags),
    });
    const arn = c.arn("sns", name);
    return { id: arn, arn, owner: c.account };
  },
  async read(c, id, state) {
    const { Attributes } = await c.call("sns", "GetTopicAttributes", { TopicArn: id });
    const { Tags } = await c.call("sns", "ListTagsForResource", { ResourceArn: id });
    const written = omit(state, "name", "tags", "fifoTopic");
    const current = c.mirror(written, fromAttributes(Attributes, TOPIC_ATTRIBUTES));
    return { ...current, arn: id, owner: c.account, tags: tagMap(Tags) };
  },
  async update(c, id, now, before) {
    for (const [AttributeName, AttributeValue] of Object.entries(changedAttributes(now, before, TOPIC_ATTRIBUTES))) {
      await c.call("sns", "SetTopicAttributes", { TopicArn: id, AttributeName, AttributeValue });
    }
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("sns", "TagResource", { ResourceArn: id, Tags: tagList(tags) }),
      (TagKeys) => c.call("sns", "UntagResource", { ResourceArn: id, TagKeys }),
    );
  },
  delete: (c, id) => c.call("sns", "DeleteTopic", { TopicArn: id }),
});

/** What a topic's owner may do, as the service grants it when there is no policy. */
function ownersPolicy(arn: string, account: string): string {
  const Action = ["Publish", "Subscribe", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic"].map(
    (name) => `SNS:${name}`,
  );
  const Condition = { StringEquals: { "AWS:SourceOwner": account } };
  const statement = {
    Sid: "__default_statement_ID",
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action,
    Resource: arn,
    Condition,
  };
  return JSON.stringify({ Version: "2012-10-17", Id: "__default_policy_ID", Statement: [statement] });
}

const topicPolicy = resource<aws.sns.TopicPolicyArgs>({
  cloudFormation: { type: "AWS::SNS::TopicInlinePolicy", names: { arn: "TopicArn", policy: "PolicyDocument" } },
  inputs: ["arn", "policy"],
  required: ["policy"],
  json: ["policy"],
  oneInPlace: true,
  checks: { policy: (text) => policy(text, "resource") },
  async create(c, { arn, policy: document }) {
    await c.call("sns", "SetTopicAttributes", { TopicArn: arn, AttributeName: "Policy", AttributeValue: document });
    return { id: arn, owner: c.account };
  },
  async read(c, id, { policy: document }) {
    const { Attributes } = await c.call("sns", "GetTopicAttributes", { TopicArn: id });
    // A topic always has a policy: its owner's is what it has without this resource.
    const own = sameJson(Attributes?.["Policy"] ?? "", ownersPolicy(id, c.account));
    return own ? undefined : c.mirror({ policy: document }, Attributes);
  },
  async update(c, id, { policy: document }) {
    await c.call("sns", "SetTopicAttributes", { TopicArn: id, AttributeName: "Policy", AttributeValue: document });
  },
  delete: (c, id) =>
    c.call("sns", "SetTopicAttributes", {
      TopicArn: id,
      AttributeName: "Policy",
      AttributeValue: ownersPolicy(id, c.account),
    }),
});

const SUBSCRIPTION_ATTRIBUTES = {
  DeliveryPolicy: "deliveryPolicy",
  FilterPolicy: "filterPolicy",
  FilterPolicyScope: "filterPolicyScope",
  RawMessageDelivery: "rawMessageDelivery",
  RedrivePolicy: "redrivePolicy",
  SubscriptionRoleArn: "subscriptionRoleArn",
} as const satisfies Record<string, keyof aws.sns.TopicSubscriptionArgs>;

const PROTOCOLS = ["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"];

const topicSubscription = resource<aws.sns.TopicSubscriptionArgs>({
  cloudFormation: { type: "AWS::SNS::Subscription", names: { topic: "TopicArn" } },
  inputs: [
    "topic",
    "protocol",
    "endpoint",
    "deliveryPolicy",
    "filterPolicy",
    "filterPolicyScope",
    "rawMessageDelivery",
    "redrivePolicy",
    "subscriptionRoleArn",
  ],
  required: ["endpoint"],
  json: ["deliveryPolicy", "filterPolicy", "redrivePolicy"],
  checks: {
    protocol: (protocol) =>
      PROTOCOLS.includes(protocol) ? undefined : `is "${protocol}", not one of ${PROTOCOLS.join(", ")}`,
    topic: arn,
    endpoint: (endpoint, { protocol }) =>
      ["firehose", "lambda", "sqs"].includes(protocol) ? arn(endpoint) : undefined,
  },
  async create(c, inputs) {
    const { topic: TopicArn, protocol: Protocol, endpoint: Endpoint } = inputs;
    const Attributes = attributes(inputs, SUBSCRIPTION_ATTRIBUTES);
    const request = { TopicArn, Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true };
    const { SubscriptionArn: arn = "" } = await c.call("sns", "Subscribe", request);
    return { id: arn, arn, ownerId: c.account };
  },
  async find(c, { topic: TopicArn, protocol, endpoint }) {
    const { Subscriptions: all } = await c.call("sns", "ListSubscriptionsByTopic", { TopicArn });
    const arn = all?.find((one) => one.Protocol === protocol && one.Endpoint === endpoint)?.SubscriptionArn;
    return arn === undefined ? undefined : { id: arn, arn, ownerId: c.account };
  },
  async read(c, id, state) {
    const { Attributes } = await c.call("sns", "GetSubscriptionAttributes", { SubscriptionArn: id });
    const written = omit(state, "topic", "protocol", "endpoint");
    return c.mirror(written, fromAttributes(Attributes, SUBSCRIPTION_ATTRIBUTES));
  },
  async update(c, id, now, before) {
    if (!changed(now, before, ...Object.values(SUBSCRIPTION_ATTRIBUTES))) return;
    for (const [AttributeName, AttributeValue] of Object.entries(
      changedAttributes(now, before, SUBSCRIPTION_ATTRIBUTES),
    )) {
      await c.call("sns", "SetSubscriptionAttributes", { SubscriptionArn: id, AttributeName, AttributeValue });
    }
  },
  delete: (c, id) => c.call("sns", "Unsubscribe", { SubscriptionArn: id }),
});

export const MESSAGING: ResourceTable = {
  "aws:sqs/queue:Queue": queue,
  "aws:sqs/queuePolicy:QueuePolicy": queuePolicy,
  "aws:sns/topic:Topic": topic,
  "aws:sns/topicPolicy:TopicPolicy": topicPolicy,
  "aws:sns/topicSubscription:TopicSubscription": topicSubscription,
};
