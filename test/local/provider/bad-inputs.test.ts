import { expect } from "chai";
import * as aws from "@pulumi/aws";
import { EngineError, run } from "../../../local/engine";
import { Lifecycle } from "../../../local/provider/lifecycle";
import { TYPES } from "../../../local/provider/types";
import { Workbench } from "../support/stack";

const ROLE = "arn:aws:iam::123456789012:role/r";
const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f";

function document(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

const TRUST = document({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" });

/** A type's token, and inputs that its class takes. */
type Case = [token: string, inputs: object];

const bucket = (args: aws.s3.BucketArgs): Case => ["aws:s3/bucket:Bucket", args];
const role = (args: aws.iam.RoleArgs): Case => ["aws:iam/role:Role", args];
const queue = (args: aws.sqs.QueueArgs): Case => ["aws:sqs/queue:Queue", args];
const rule = (args: aws.cloudwatch.EventRuleArgs): Case => ["aws:cloudwatch/eventRule:EventRule", args];
const key = (args: aws.kms.KeyArgs): Case => ["aws:kms/key:Key", args];
const logs = (args: aws.cloudwatch.LogGroupArgs): Case => ["aws:cloudwatch/logGroup:LogGroup", args];
const plan = (args: aws.apigateway.UsagePlanArgs): Case => ["aws:apigateway/usagePlan:UsagePlan", args];
const policy = (args: aws.iam.RolePolicyArgs): Case => ["aws:iam/rolePolicy:RolePolicy", args];
const encryption = (args: aws.s3.BucketServerSideEncryptionConfigurationArgs): Case => [
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  args,
];

function lambda(args: Partial<aws.lambda.FunctionArgs>): Case {
  return ["aws:lambda/function:Function", { role: ROLE, runtime: "nodejs22.x", handler: "index.handler", ...args }];
}

function alarm(args: Partial<aws.cloudwatch.MetricAlarmArgs>): Case {
  const metric = { namespace: "n", metricName: "m", statistic: "Sum", period: 60 };
  const rest = { evaluationPeriods: 1, threshold: 1, comparisonOperator: "GreaterThanThreshold" };
  return ["aws:cloudwatch/metricAlarm:MetricAlarm", { ...metric, ...rest, ...args }];
}

function schedule(args: Partial<aws.scheduler.ScheduleArgs>): Case {
  const target = { arn: FUNCTION, roleArn: ROLE };
  const inputs = { scheduleExpression: "rate(1 day)", flexibleTimeWindow: { mode: "OFF" }, target, ...args };
  return ["aws:scheduler/schedule:Schedule", inputs];
}

function table(args: Partial<aws.dynamodb.TableArgs>): Case {
  const inputs = { hashKey: "a", attributes: [{ name: "a", type: "S" }], billingMode: "PAY_PER_REQUEST", ...args };
  return ["aws:dynamodb/table:Table", inputs];
}

/** Badly formed resources, which compile: name → the resource, and what the refusal says. */
const CASES: Record<string, [Case, RegExp]> = {
  "encryption algorithm": [
    encryption({
      bucket: "some-bucket",
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kmss" } }],
    }),
    /"aws:kmss" is not one of/,
  ],
  "bucket in capitals": [bucket({ bucket: "BAD_Name" }), /not a bucket name/],
  "function name of 70": [lambda({ name: "f".repeat(70) }), /70 characters long, the maximum is 64/],
  "role that is no ARN": [lambda({ role: "r" }), /Role "r" does not match/],
  "unknown runtime": [lambda({ runtime: "nodejs99.x" }), /"nodejs99.x" is not one of/],
  "memory of 64": [lambda({ memorySize: 64 }), /64, not between 128 and/],
  "timeout of 1000": [lambda({ timeout: 1000 }), /1000, not between 1 and 900/],
  "reserved variable": [lambda({ environment: { variables: { AWS_REGION: "x" } } }), /AWS_REGION is reserved/],
  "variable with a dash": [lambda({ environment: { variables: { "A-B": "x" } } }), /A-B/],
  "malformed cron": [rule({ scheduleExpression: "cron(bad)" }), /cron\(bad\)/],
  "cron of five fields": [schedule({ scheduleExpression: "cron(99 3 * * *)" }), /5 fields/],
  "schedule window": [schedule({ flexibleTimeWindow: { mode: "NEVER" } }), /"NEVER" is not one of/],
  "log retention of 31": [logs({ retentionInDays: 31 }), /31, not one of/],
  "visibility of 99999": [queue({ visibilityTimeoutSeconds: 99_999 }), /99999, not between/],
  "redrive policy that is no JSON": [queue({ redrivePolicy: "{" }), /not a JSON document/],
  "attribute type": [table({ attributes: [{ name: "a", type: "X" }] }), /"X" is not one of/],
  "key without attribute": [table({ hashKey: "b" }), /"b" is not among the attributes/],
  "trust policy that is no JSON": [role({ assumeRolePolicy: "{" }), /not a JSON document/],
  "trust policy without statement": [role({ assumeRolePolicy: "{}" }), /has no statement/],
  "policy's effect": [
    policy({ role: "r", policy: document({ Effect: "Permit", Action: "s3:*", Resource: "*" }) }),
    /Effect "Permit"/,
  ],
  "trust policy with a resource": [
    role({ assumeRolePolicy: document({ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole", Resource: "*" }) }),
    /has a Resource/,
  ],
  "alarm operator": [alarm({ comparisonOperator: "Greater" }), /"Greater" is not one of/],
  "alarm period of 45": [alarm({ period: 45 }), /45 seconds/],
  "quota period": [plan({ quotaSettings: { limit: 1, period: "YEAR" } }), /"YEAR" is not one of/],
  "deletion window of 3": [key({ deletionWindowInDays: 3 }), /3, not between 7 and 30/],
  "unmatched nested property": [
    schedule({ target: { arn: FUNCTION, roleArn: ROLE, sqsParameters: { group: "g" } as never } }),
    /sqsParameters.group/,
  ],
};

const lifecycle = new Lifecycle(TYPES, {
  account: "123456789012",
  region: "eu-west-1",
  planOnly: false,
  defaultTags: {},
});

async function reasons([token, inputs]: Case): Promise<string[]> {
  const urn = `urn:pulumi:stack::fraud::${token}::x`;
  const { failures } = await lifecycle.check(urn, { ...inputs }, {}, new Uint8Array([1]));
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

describe("badly formed resources", () => {
  for (const [name, [resource, reason]] of Object.entries(CASES)) {
    it(`refuses ${name} before anything is sent`, async () => {
      expect((await reasons(resource)).join("\n")).to.match(reason);
    });
  }

  const good: Case[] = [
    lambda({ name: "f".repeat(64), timeout: 900, memorySize: 128, environment: { variables: { AB: "x" } } }),
    alarm({ period: 30 }),
    schedule({ scheduleExpression: "cron(0/15 8-18 ? * MON-FRI *)" }),
    schedule({ scheduleExpression: "cron(0 * ? * * *)" }),
    schedule({ scheduleExpression: "at(2030-01-01T00:00:00)" }),
    table({}),
    rule({ scheduleExpression: "rate(1 hour)" }),
    role({ assumeRolePolicy: TRUST }),
    queue({ fifoQueue: true }),
    queue({ redrivePolicy: JSON.stringify({ deadLetterTargetArn: FUNCTION, maxReceiveCount: 3 }) }),
    key({ deletionWindowInDays: 7 }),
    bucket({ bucket: "a-good.name-1" }),
  ];
  it("accepts the same well formed", async () => {
    expect((await Promise.all(good.map(reasons))).flat()).to.deep.equal([]);
  });

  it("reports everything that is wrong with a resource at once", async () => {
    const found = (await reasons(lambda({ timeout: 0, memorySize: 1, runtime: "perl" }))).join("\n");
    expect(found)
      .to.match(/^timeout:/m)
      .and.match(/^memorySize:/m)
      .and.match(/^runtime:/m);
  });

  it("fails the engine's preview, with the property's name", async function () {
    // Nothing listens there.
    const bench = new Workbench({ AWS_ENDPOINT_URL: "http://127.0.0.1:9" });
    await bench.prepare();
    const program = () => Promise.resolve(void new aws.kms.Key("x", { deletionWindowInDays: 3 }));
    const failure: unknown = await run(await bench.open("bad", program), "preview").catch((error: unknown) => error);
    bench.clean();
    expect(failure).to.be.instanceOf(EngineError);
    expect(String(failure)).to.match(/deletionWindowInDays.*3, not between 7 and 30/s);
  });
});
