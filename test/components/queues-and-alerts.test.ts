import { expect } from "chai";
import { Alerts } from "../../components/alerts";
import { allowPolicy } from "../../components/iam";
import { Storage } from "../../components/storage";
import { WorkQueue } from "../../components/work-queue";
import { everythingRegistered, inputsOf, ofType, startRecording, statementsOf, valueOf } from "./support/mocks";

const QUEUE = "aws:sqs/queue:Queue";
const TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:alerts-topic";

describe("a work queue", () => {
  beforeEach(startRecording);

  async function queue(...eventRuleArns: string[]): Promise<WorkQueue> {
    const made = new WorkQueue("work", {
      consumerTimeoutSeconds: 50,
      maxReceiveCount: 4,
      alertsTopicArn: TOPIC_ARN,
      eventRuleArns,
    });
    await everythingRegistered();
    return made;
  }

  it("hides a message for six times the consumer's longest run, and sets apart what failed too often", async () => {
    await queue();
    const { redrivePolicy, ...inputs } = inputsOf(QUEUE, "work-queue");
    expect(inputs).to.deep.include({ visibilityTimeoutSeconds: 300, sqsManagedSseEnabled: true });
    expect(JSON.parse(String(redrivePolicy))).to.deep.equal({
      deadLetterTargetArn: "arn:aws:sqs:eu-west-1:123456789012:work-dead-letters-queue",
      maxReceiveCount: 4,
    });
    expect(inputsOf(QUEUE, "work-dead-letters-queue")).to.deep.include({
      messageRetentionSeconds: 14 * 24 * 3600,
      sqsManagedSseEnabled: true,
    });
  });

  it("tells of the first dead letter, and is quiet while there is none", async () => {
    await queue();
    expect(inputsOf("aws:cloudwatch/metricAlarm:MetricAlarm", "work-dead-letters-alarm")).to.deep.include({
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: "work-dead-letters-queue" },
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      treatMissingData: "notBreaching",
      alarmActions: [TOPIC_ARN],
    });
  });

  it("takes messages of the rules that it is given", async () => {
    await queue("arn:rule", "arn:other");
    expect(statementsOf(inputsOf("aws:sqs/queuePolicy:QueuePolicy", "work-senders").policy)).to.deep.equal([
      {
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: "arn:aws:sqs:eu-west-1:123456789012:work-queue",
        Condition: { ArnEquals: { "aws:SourceArn": ["arn:rule", "arn:other"] } },
      },
    ]);
  });

  it("has no policy where only roles send to it", async () => {
    await queue();
    expect(ofType("aws:sqs/queuePolicy:QueuePolicy")).to.deep.equal([]);
  });

  it("grants on itself alone, receiving apart from sending", async () => {
    const made = await queue();
    const statements = statementsOf(await valueOf(allowPolicy([made.receiving(), made.sending()])));
    expect(statements.map(({ Action }) => Action)).to.deep.equal([
      ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      ["sqs:SendMessage"],
    ]);
    for (const { Resource } of statements) {
      expect(Resource).to.deep.equal(["arn:aws:sqs:eu-west-1:123456789012:work-queue"]);
    }
  });
});

describe("alerts", () => {
  beforeEach(startRecording);

  async function alerts(emails: string[] = []): Promise<Alerts> {
    const made = new Alerts("alerts", { storage: new Storage("storage"), emails });
    await everythingRegistered();
    return made;
  }

  it("are encrypted, and published by this account's alarms, events and budgets", async () => {
    await alerts();
    expect(inputsOf("aws:sns/topic:Topic", "alerts-topic")).to.deep.include({
      displayName: "fraud local",
      kmsMasterKeyId: "arn:aws:kms:eu-west-1:123456789012:key/storage-key",
    });
    expect(statementsOf(inputsOf("aws:sns/topicPolicy:TopicPolicy", "alerts-topic").policy)).to.deep.equal([
      {
        Sid: "ServicesPublish",
        Effect: "Allow",
        Principal: { Service: ["cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"] },
        Action: "sns:Publish",
        Resource: TOPIC_ARN,
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ]);
  });

  it("reach each address once, under a name that other addresses do not change", async () => {
    await alerts(["b@x.example", "a@x.example", "b@x.example"]);
    const subscriptions = ofType("aws:sns/topicSubscription:TopicSubscription");
    expect(subscriptions.map(({ name, inputs }) => [name, inputs])).to.have.deep.members([
      ["alerts-to-b@x.example", { topic: TOPIC_ARN, protocol: "email", endpoint: "b@x.example" }],
      ["alerts-to-a@x.example", { topic: TOPIC_ARN, protocol: "email", endpoint: "a@x.example" }],
    ]);
  });

  it("need the key to be published", async () => {
    const statements = statementsOf(await valueOf(allowPolicy((await alerts()).publishing())));
    expect(statements.map(({ Action, Resource }) => [Action, Resource])).to.deep.equal([
      [["sns:Publish"], [TOPIC_ARN]],
      [
        ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
        ["arn:aws:kms:eu-west-1:123456789012:key/storage-key"],
      ],
    ]);
  });
});
