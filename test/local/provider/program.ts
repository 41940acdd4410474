import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** What tests vary. */
export interface Variant {
  /** Value of the functions' environment variable VERSION, and of every text that may change in place. */
  version?: string;
  hashKey?: string;
  /** Another body hash: another deployment. */
  routes?: string;
}

const tags = { project: "fraud" };
const HANDLER = `exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify({ version: process.env.VERSION, event }) });`;

function statement(fields: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...fields }] });
}

function roleFor(name: string, service: string): aws.iam.Role {
  const assumeRolePolicy = statement({ Principal: { Service: service }, Action: "sts:AssumeRole" });
  return new aws.iam.Role(name, { assumeRolePolicy, description: "a role", maxSessionDuration: 7200, tags });
}

/** Storage: keys, buckets with all their parts, a table. */
function storage({ version, hashKey = "pk" }: Variant) {
  const key = new aws.kms.Key("data", {
    description: `data ${version}`,
    enableKeyRotation: true,
    deletionWindowInDays: 7,
    tags,
  });
  new aws.kms.Alias("data", { name: "alias/fraud-data", targetKeyId: key.keyId });
  const bucket = new aws.s3.Bucket("data", { forceDestroy: true, tags: { ...tags, version: version ?? "" } });
  const on = { bucket: bucket.id };
  new aws.s3.BucketVersioning("data", { ...on, versioningConfiguration: { status: "Enabled" } });
  new aws.s3.BucketServerSideEncryptionConfiguration("data", {
    ...on,
    rules: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
        bucketKeyEnabled: true,
      },
    ],
  });
  new aws.s3.BucketPublicAccessBlock("data", {
    ...on,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new aws.s3.BucketOwnershipControls("data", { ...on, rule: { objectOwnership: "BucketOwnerEnforced" } });
  new aws.s3.BucketPolicy("data", {
    ...on,
    policy: pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:DeleteBucket",
          Resource: bucket.arn,
          Condition: { StringNotEquals: { "aws:PrincipalAccount": aws.getCallerIdentityOutput().accountId } },
        },
      ],
    }),
  });
  new aws.s3.BucketLifecycleConfiguration("data", {
    ...on,
    rules: [
      {
        id: "old",
        status: "Enabled",
        filter: { prefix: "raw/" },
        noncurrentVersionExpiration: { noncurrentDays: 30 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        transitions: [{ days: 90, storageClass: "GLACIER" }],
      },
    ],
  });
  new aws.s3.BucketNotification("data", { ...on, eventbridge: true });
  const table = new aws.dynamodb.Table("rows", {
    hashKey,
    attributes: [
      { name: hashKey, type: "S" },
      { name: "day", type: "S" },
    ],
    billingMode: "PAY_PER_REQUEST",
    globalSecondaryIndexes: [{ name: "by-day", hashKey: "day", projectionType: "ALL" }],
    ttl: { enabled: true, attributeName: "ttl" },
    pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true, kmsKeyArn: key.arn },
    tags,
  });
  return { bucket, key, table };
}

function messaging({ version }: Variant) {
  const dead = new aws.sqs.Queue("dead", { messageRetentionSeconds: 1_209_600, tags });
  const queue = new aws.sqs.Queue("work", {
    visibilityTimeoutSeconds: version === "2" ? 90 : 60,
    redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 3 }),
    tags,
  });
  const topic = new aws.sns.Topic("alerts", { displayName: `alerts ${version}`, tags });
  const sender = { Principal: { Service: "sns.amazonaws.com" }, Action: "sqs:SendMessage" };
  new aws.sqs.QueuePolicy("work", {
    queueUrl: queue.url,
    policy: pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", ...sender, Resource: queue.arn }],
    }),
  });
  const publisher = { Principal: { Service: "cloudwatch.amazonaws.com" }, Action: "sns:Publish" };
  new aws.sns.TopicPolicy("alerts", {
    arn: topic.arn,
    policy: pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", ...publisher, Resource: topic.arn }],
    }),
  });
  new aws.sns.TopicSubscription("alerts", {
    topic: topic.arn,
    protocol: "sqs",
    endpoint: dead.arn,
    rawMessageDelivery: true,
  });
  return { dead, queue, topic };
}

function compute({ version = "1" }: Variant, queue: aws.sqs.Queue) {
  const role = roleFor("function", "lambda.amazonaws.com");
  new aws.iam.RolePolicyAttachment("function", {
    role: role.name,
    policyArn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
  });
  const logs = new aws.cloudwatch.LogGroup("function", { retentionInDays: 30, tags });
  const policy = new aws.iam.RolePolicy("function", {
    role: role.id,
    policy: pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: pulumi.interpolate`${logs.arn}:*`,
        },
        {
          Effect: "Allow",
          Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
          Resource: queue.arn,
        },
      ],
    }),
  });
  const secret = new pulumi.Config().requireSecret("token");
  const handler = new aws.lambda.Function(
    "function",
    {
      role: role.arn,
      runtime: "nodejs22.x",
      handler: "index.handler",
      timeout: 10,
      memorySize: 256,
      code: new pulumi.asset.AssetArchive({ "index.js": new pulumi.asset.StringAsset(HANDLER) }),
      environment: { variables: { VERSION: version, TOKEN: secret } },
      loggingConfig: { logFormat: "Text", logGroup: logs.name },
      tags,
    },
    { dependsOn: [policy, logs] },
  );
  new aws.lambda.EventSourceMapping("work", {
    eventSourceArn: queue.arn,
    functionName: handler.arn,
    batchSize: 10,
    functionResponseTypes: ["ReportBatchItemFailures"],
    scalingConfig: { maximumConcurrency: 2 },
  });
  const call = new aws.lambda.Invocation("call", {
    functionName: handler.name,
    input: JSON.stringify({ version }),
    lifecycleScope: "CRUD",
  });
  return { handler, role, call };
}

function api(handler: aws.lambda.Function, { version, routes = "1" }: Variant) {
  const rest = new aws.apigateway.RestApi("api", {
    description: `api ${version}`,
    endpointConfiguration: { types: "REGIONAL" },
    tags,
  });
  const validator = new aws.apigateway.RequestValidator("body", { restApi: rest.id, validateRequestBody: true });
  const model = new aws.apigateway.Model("body", {
    restApi: rest.id,
    name: "Body",
    contentType: "application/json",
    schema: JSON.stringify({ type: "object", required: ["amount"] }),
  });
  const resource = new aws.apigateway.Resource("predict", {
    restApi: rest.id,
    parentId: rest.rootResourceId,
    pathPart: "predict",
  });
  const method = new aws.apigateway.Method("predict", {
    restApi: rest.id,
    resourceId: resource.id,
    httpMethod: "POST",
    authorization: "NONE",
    apiKeyRequired: true,
    requestValidatorId: validator.id,
    requestModels: { "application/json": model.name },
  });
  const on = { restApi: rest.id, resourceId: resource.id, httpMethod: method.httpMethod };
  const response = new aws.apigateway.MethodResponse("predict", { ...on, statusCode: "200" });
  const integration = new aws.apigateway.Integration("predict", {
    ...on,
    type: "AWS_PROXY",
    integrationHttpMethod: "POST",
    uri: handler.invokeArn,
    timeoutMilliseconds: 20_000,
  });
  const denied = new aws.apigateway.Response("denied", {
    restApiId: rest.id,
    responseType: "ACCESS_DENIED",
    statusCode: "403",
    responseTemplates: { "application/problem+json": JSON.stringify({ title: `denied ${version}` }) },
  });
  const triggers = { body: createHash("sha256").update(routes).digest("hex") };
  const deployment = new aws.apigateway.Deployment(
    "api",
    { restApi: rest.id, triggers },
    { dependsOn: [integration, response, denied] },
  );
  const stage = new aws.apigateway.Stage("v1", { restApi: rest.id, deployment: deployment.id, stageName: "v1", tags });
  new aws.apigateway.MethodSettings("all", {
    restApi: rest.id,
    stageName: stage.stageName,
    methodPath: "*/*",
    settings: { metricsEnabled: true, throttlingBurstLimit: 20, throttlingRateLimit: version === "2" ? 60 : 50 },
  });
  new aws.lambda.Permission("api", {
    function: handler.name,
    action: "lambda:InvokeFunction",
    principal: "apigateway.amazonaws.com",
    sourceArn: pulumi.interpolate`${rest.executionArn}/*/*`,
  });
  const key = new aws.apigateway.ApiKey("client", { description: `client ${version}`, tags });
  const plan = new aws.apigateway.UsagePlan("client", {
    apiStages: [{ apiId: rest.id, stage: stage.stageName }],
    throttleSettings: { burstLimit: 20, rateLimit: version === "2" ? 60 : 50 },
    quotaSettings: { limit: 10_000, period: "DAY" },
    tags,
  });
  new aws.apigateway.UsagePlanKey("client", { usagePlanId: plan.id, keyId: key.id, keyType: "API_KEY" });
  return { key, stage };
}

function watching(handler: aws.lambda.Function, topic: aws.sns.Topic, dead: aws.sqs.Queue, { version }: Variant): void {
  new aws.cloudwatch.MetricAlarm("dead", {
    alarmDescription: `dead letters ${version}`,
    namespace: "AWS/SQS",
    metricName: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: dead.name },
    statistic: "Maximum",
    period: 60,
    evaluationPeriods: 1,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
    treatMissingData: "notBreaching",
    alarmActions: [topic.arn],
  });
  const eventPattern = JSON.stringify({ source: ["aws.s3"], "detail-type": ["Object Created"] });
  const rule = new aws.cloudwatch.EventRule("created", { description: `created ${version}`, eventPattern, tags });
  new aws.cloudwatch.EventTarget("created", { rule: rule.name, arn: handler.arn });
  new aws.lambda.Permission("created", {
    function: handler.name,
    action: "lambda:InvokeFunction",
    principal: "events.amazonaws.com",
    sourceArn: rule.arn,
  });
  const role = roleFor("schedule", "scheduler.amazonaws.com");
  new aws.scheduler.Schedule("retrain", {
    description: `retrain ${version}`,
    scheduleExpression: "cron(0 3 ? * MON *)",
    scheduleExpressionTimezone: "Europe/Berlin",
    flexibleTimeWindow: { mode: "OFF" },
    target: { arn: handler.arn, roleArn: role.arn, input: "{}", retryPolicy: { maximumRetryAttempts: 2 } },
  });
}

/** A program with every resource type that the emulator itself can hold. */
export function program(variant: Variant): pulumi.automation.PulumiFn {
  return async () => {
    const given = { version: "1", ...variant };
    const { bucket, table } = storage(given);
    const { dead, queue, topic } = messaging(given);
    const { handler, call } = compute(given, queue);
    const { key, stage } = api(handler, given);
    watching(handler, topic, dead, given);
    const outputs = {
      bucket: bucket.id,
      table: table.name,
      queueUrl: queue.url,
      url: stage.invokeUrl,
      apiKey: key.value,
      call: call.result,
    };
    return Promise.resolve(outputs);
  };
}
