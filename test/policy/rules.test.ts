import { expect } from "chai";
import { WILDCARDS } from "../../policy/exceptions";
import type { Declared } from "../../policy/rule";
import { RESOURCE_RULES, STACK_RULES } from "../../policy/rules";
import { namesSomething } from "../../policy/rules/least-privilege";

const TAGS = { project: "fraud", stack: "prod" };
const KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";

function declared(type: string, props: object, more: Partial<Declared> = {}): Declared {
  const name = more.name ?? "x";
  return {
    type,
    urn: `urn:pulumi:prod::fraud::${type}::${name}`,
    name,
    stack: "prod",
    props: { ...props },
    protect: true,
    ...more,
  };
}

const allow = (Action: unknown, Resource: unknown, more: object = {}) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource, ...more }] });

/** Resources that every rule lets pass. */
const GOOD: Record<string, Declared> = {
  alarm: declared("aws:cloudwatch/metricAlarm:MetricAlarm", { tags: TAGS }),
  bucket: declared("aws:s3/bucket:Bucket", { bucket: "b", forceDestroy: false, tags: TAGS }),
  encryption: declared("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {
    bucket: "b",
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: KEY } }],
  }),
  publicAccess: declared("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {
    ...{
      bucket: "b",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
  }),
  versions: declared("aws:s3/bucketVersioning:BucketVersioning", {
    bucket: "b",
    versioningConfiguration: { status: "Enabled" },
  }),
  bucketPolicy: declared("aws:s3/bucketPolicy:BucketPolicy", {
    bucket: "b",
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: "*",
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    }),
  }),
  key: declared("aws:kms/key:Key", { enableKeyRotation: true, deletionWindowInDays: 30, tags: TAGS }),
  table: declared("aws:dynamodb/table:Table", {
    name: "t",
    pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true, kmsKeyArn: KEY },
    tags: TAGS,
  }),
  queue: declared("aws:sqs/queue:Queue", {
    sqsManagedSseEnabled: true,
    messageRetentionSeconds: 1_209_600,
    tags: TAGS,
  }),
  workgroup: declared("aws:athena/workgroup:Workgroup", {
    configuration: { resultConfiguration: { encryptionConfiguration: { kmsKeyArn: KEY } } },
    tags: TAGS,
  }),
  topic: declared("aws:sns/topic:Topic", { kmsMasterKeyId: KEY, tags: TAGS }),
  topicPolicy: declared("aws:sns/topicPolicy:TopicPolicy", {
    policy: allow("sns:Publish", "t", {
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
    }),
  }),
  logs: declared("aws:cloudwatch/logGroup:LogGroup", { retentionInDays: 365, tags: TAGS }),
  permission: declared("aws:lambda/permission:Permission", {
    principal: "events.amazonaws.com",
    sourceArn: "arn:aws:events:eu-west-1:123456789012:rule/r",
  }),
  method: declared("aws:apigateway/method:Method", { httpMethod: "POST", authorization: "NONE", apiKeyRequired: true }),
  role: declared("aws:iam/rolePolicy:RolePolicy", { policy: allow(["s3:GetObject"], "arn:aws:s3:::data/raw/*") }),
  function: declared("aws:lambda/function:Function", {
    tags: TAGS,
    environment: {
      variables: {
        ENDPOINT_INSTANCE_TYPE: "ml.c5.xlarge",
        ENDPOINT_INSTANCE_COUNT: "4",
        SECRET: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s",
      },
    },
  }),
  group: declared("aws:ec2/securityGroup:SecurityGroup", { ingress: [{ cidrBlocks: ["10.0.0.0/16"] }], tags: TAGS }),
  budget: declared("aws:budgets/budget:Budget", { limitAmount: "20000" }),
  stack: declared("pulumi:pulumi:Stack", {}),
};

/** The rules that a set of resources violates. */
function violated(resources: readonly Declared[]): string[] {
  return [
    ...RESOURCE_RULES.filter((rule) => resources.some((resource) => rule.check(resource).length > 0)).map(
      ({ name }) => name,
    ),
    ...STACK_RULES.filter((rule) => rule.checkStack(resources).length > 0).map(({ name }) => name),
  ];
}

/** The good resources, one of them changed. */
function withChange(name: keyof typeof GOOD, props: object, more: Partial<Declared> = {}): Declared[] {
  return Object.entries(GOOD).map(([each, resource]) =>
    each === name ? { ...resource, ...more, props: { ...resource.props, ...props } } : resource,
  );
}

const variable = (name: string, value: string) => ({ environment: { variables: { [name]: value } } });

/** A change, and the one rule that it violates. */
const BAD: [rule: string, change: string, resources: Declared[]][] = [
  ["authorized-methods", "a POST without a key", withChange("method", { apiKeyRequired: false })],
  ["budget-present", "no budget in prod", withChange("budget", {}, { type: "aws:none/none:None" })],
  ["budgets", "a budget beyond the stack's", withChange("budget", { limitAmount: "20001" })],
  ["confined-invocations", "a service for any account", withChange("permission", { sourceArn: undefined })],
  ["encrypted-at-rest", "a queue in clear", withChange("queue", { sqsManagedSseEnabled: false })],
  ["encrypted-at-rest", "a table under AWS's key", withChange("table", { serverSideEncryption: { enabled: true } })],
  ["encrypted-at-rest", "answers to queries in clear", withChange("workgroup", { configuration: {} })],
  ["encrypted-at-rest", "a topic in clear", withChange("topic", { kmsMasterKeyId: undefined })],
  [
    "encrypted-buckets",
    "a bucket under S3's key",
    withChange("encryption", { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] }),
  ],
  ["encrypted-buckets", "a bucket over plain HTTP", withChange("bucketPolicy", { policy: "{}" })],
  ["endpoint-capacity", "too many instances", withChange("function", variable("ENDPOINT_INSTANCE_COUNT", "13"))],
  ["instance-types", "a GPU", withChange("function", variable("ENDPOINT_INSTANCE_TYPE", "ml.p3.2xlarge"))],
  [
    "instance-types",
    "a size beyond the stack's",
    withChange("function", variable("SETTINGS", '{"instanceType":"ml.m5.12xlarge"}')),
  ],
  ["kept-data", "an unprotected bucket", withChange("bucket", {}, { protect: false })],
  ["kept-data", "a bucket emptied by force", withChange("bucket", { forceDestroy: true })],
  ["kept-logs", "logs for ever", withChange("logs", { retentionInDays: 0 })],
  ["kept-logs", "logs too short", withChange("logs", { retentionInDays: 30 })],
  ["kept-messages", "a queue that forgets in an hour", withChange("queue", { messageRetentionSeconds: 3600 })],
  ["least-privilege", "a wildcard action", withChange("role", { policy: allow("s3:*", "arn:aws:s3:::data/raw/*") })],
  ["least-privilege", "any resource", withChange("role", { policy: allow("s3:GetObject", "*") })],
  [
    "least-privilege",
    "all of a kind",
    withChange("role", { policy: allow("sagemaker:DeleteModel", "arn:aws:sagemaker:eu-west-1:123456789012:model/*") }),
  ],
  [
    "least-privilege",
    "all but something",
    withChange("role", {
      policy: JSON.stringify({ Statement: { Effect: "Allow", NotAction: "iam:*", Resource: "arn:aws:s3:::bucket" } }),
    }),
  ],
  ["no-open-ports", "the internet", withChange("group", { ingress: [{ cidrBlocks: ["0.0.0.0/0"] }] })],
  ["no-plaintext-secrets", "a password", withChange("function", variable("DB_PASSWORD", "hunter2"))],
  [
    "no-plaintext-secrets",
    "an access key within JSON",
    withChange("function", variable("SETTINGS", '{"id":"AKIAIOSFODNN7EXAMPLE"}')),
  ],
  ["no-public-buckets", "a bucket open in one way", withChange("publicAccess", { blockPublicPolicy: false })],
  [
    "no-public-principals",
    "everybody",
    withChange("topicPolicy", { policy: allow("sns:Publish", "t", { Principal: "*" }) }),
  ],
  [
    "no-public-principals",
    "a service for any account",
    withChange("topicPolicy", { policy: allow("sns:Publish", "t", { Principal: { Service: "s3.amazonaws.com" } }) }),
  ],
  ["recoverable-tables", "a table without recovery", withChange("table", { pointInTimeRecovery: { enabled: false } })],
  ["rotated-keys", "a key for ever", withChange("key", { enableKeyRotation: false })],
  ["tagged-resources", "another stack's tag", withChange("alarm", { tags: { project: "fraud", stack: "dev" } })],
  ["tags-present", "no tags", withChange("topic", { tags: undefined })],
  [
    "versioned-buckets",
    "a bucket without versions",
    withChange("versions", { versioningConfiguration: { status: "Suspended" } }),
  ],
];

describe("the policy pack's rules", () => {
  it("let good resources pass", () => {
    expect(violated(Object.values(GOOD))).to.deep.equal([]);
  });

  for (const [rule, change, resources] of BAD) {
    it(`${rule} refuses ${change}`, () => expect(violated(resources)).to.deep.equal([rule]));
  }

  it("are each refused something by", () => {
    const tried = new Set([...BAD.map(([rule]) => rule), "used-exceptions"]);
    expect(
      [...RESOURCE_RULES, ...STACK_RULES].map(({ name }) => name).filter((name) => !tried.has(name)),
    ).to.deep.equal([]);
  });

  it("ask less of a stack that may lose its data", () => {
    const dev = [
      declared(
        "aws:s3/bucket:Bucket",
        { bucket: "b", forceDestroy: true, tags: { project: "fraud", stack: "dev" } },
        { stack: "dev", protect: false },
      ),
      declared("aws:cloudwatch/logGroup:LogGroup", { retentionInDays: 7 }, { stack: "dev" }),
    ];
    expect(violated(dev)).not.to.include.members(["kept-data", "kept-logs", "budget-present"]);
  });

  it("let a wildcard through for the policy, the action and the resource that it is excepted for, and no other", () => {
    const policy = allow("ecr:GetAuthorizationToken", "*");
    const named = (name: string, text: string) => declared("aws:iam/rolePolicy:RolePolicy", { policy: text }, { name });
    expect(violated([named("training-launcher-execution-own", policy)])).to.deep.equal([]);
    expect(violated([named("another", policy)])).to.deep.equal(["least-privilege"]);
    expect(violated([named("training-launcher-execution-own", allow("ecr:DeleteRepository", "*"))])).to.include(
      "least-privilege",
    );
  });

  it("tell of an exception that nothing needs any more", () => {
    const policy = declared(
      "aws:iam/rolePolicy:RolePolicy",
      { policy: allow("s3:GetObject", "arn:aws:s3:::bucket/x") },
      { name: "api-health-own" },
    );
    expect(violated([policy])).to.deep.equal(["used-exceptions"]);
  });

  it("know a resource that names something from one that does not", () => {
    const names = [
      "arn:aws:s3:::bucket/*",
      "arn:aws:sqs:eu-west-1:1:queue",
      "arn:aws:logs:eu-west-1:1:log-group:/aws/sagemaker/*",
      "arn:aws:sagemaker:eu-west-1:1:pipeline/fraud/execution/*",
      "arn:aws:s3:::bucket/${*}",
    ];
    const namesNot = [
      "*",
      "arn:aws:s3:::*",
      "arn:aws:sagemaker:eu-west-1:1:model/*",
      "arn:aws:ecr:eu-west-1:*:repository/name",
      "arn:*:sqs:eu-west-1:1:queue",
      "arn:aws:dynamodb:eu-west-1:1:table/*",
    ];
    expect(names.filter((arn) => !namesSomething(arn))).to.deep.equal([]);
    expect(namesNot.filter(namesSomething)).to.deep.equal([]);
  });

  it("give a reason for each exception, and name who it is for", () => {
    for (const { of, actions, resources, because } of WILDCARDS) {
      expect(of).not.to.be.empty;
      expect(resources).not.to.be.empty;
      expect(
        actions.every((action) => /^[a-z0-9-]+:[A-Za-z]+$/.test(action)),
        actions.join(),
      ).to.equal(true);
      expect(because.length).to.be.greaterThan(20);
    }
  });
});
