/** What can be wrong with an input. */
export type Class =
  | "missing"
  | "type"
  | "enum"
  | "pattern"
  | "too long"
  | "too short"
  | "range"
  | "unknown member"
  | "policy"
  | "schedule"
  | "ARN"
  | "CIDR"
  | "name"
  | "JSON";

/** A badly formed resource: what is changed in a well-formed one, and who refuses that. */
export interface Bad {
  type: string;
  /** Inputs laid over those of the well-formed one; undefined takes one away. */
  inputs: Record<string, unknown>;
  /** The input that the refusal names. */
  property: string;
  says: RegExp;
  /** AWS's published model of the service, or our further checks (`local/aws-models/formats.ts`). */
  by: "model" | "checks";
}

const ROLE = "arn:aws:iam::123456789012:role/r";
const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f";
const document = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
const TRUST = document({ Effect: "Allow", Principal: { Service: "x.amazonaws.com" }, Action: "sts:AssumeRole" });
const OPEN = { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" };

/** Well-formed resources, each with little more than it must have. */
export const GOOD: Record<string, Record<string, unknown>> = {
  "aws:apigateway/apiKey:ApiKey": { name: "k" },
  "aws:apigateway/integration:Integration": {
    restApi: "a",
    resourceId: "r",
    httpMethod: "POST",
    type: "HTTP",
    integrationHttpMethod: "POST",
    uri: "https://x.example",
  },
  "aws:apigateway/method:Method": { restApi: "a", resourceId: "r", httpMethod: "POST", authorization: "NONE" },
  "aws:apigateway/model:Model": { restApi: "a", name: "M", contentType: "application/json", schema: "{}" },
  "aws:apigateway/restApi:RestApi": { name: "a" },
  "aws:apigateway/usagePlan:UsagePlan": { name: "p" },
  "aws:athena/workgroup:Workgroup": { name: "w" },
  "aws:cloudwatch/eventRule:EventRule": { name: "r", scheduleExpression: "rate(1 day)" },
  "aws:cloudwatch/eventTarget:EventTarget": { rule: "r", targetId: "t", arn: FUNCTION },
  "aws:cloudwatch/logGroup:LogGroup": { name: "g" },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    name: "a",
    namespace: "n",
    metricName: "m",
    statistic: "Sum",
    period: 60,
    evaluationPeriods: 1,
    threshold: 1,
    comparisonOperator: "GreaterThanThreshold",
  },
  "aws:dynamodb/table:Table": {
    name: "table",
    hashKey: "a",
    attributes: [{ name: "a", type: "S" }],
    billingMode: "PAY_PER_REQUEST",
  },
  "aws:ecs/cluster:Cluster": { name: "c" },
  "aws:ecs/taskDefinition:TaskDefinition": { family: "f", containerDefinitions: '[{"name":"c","image":"i"}]' },
  "aws:glue/catalogTable:CatalogTable": { databaseName: "d", name: "t" },
  "aws:iam/role:Role": { name: "r", assumeRolePolicy: TRUST },
  "aws:iam/rolePolicy:RolePolicy": {
    name: "p",
    role: "r",
    policy: document({ Effect: "Allow", Action: "*", Resource: "*" }),
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    role: "r",
    policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
  },
  "aws:kms/alias:Alias": { name: "alias/a", targetKeyId: "k" },
  "aws:kms/key:Key": {},
  "aws:lambda/eventSourceMapping:EventSourceMapping": {
    functionName: "f",
    eventSourceArn: "arn:aws:sqs:eu-west-1:123456789012:q",
  },
  "aws:lambda/function:Function": { name: "f", role: ROLE, runtime: "nodejs22.x", handler: "index.handler" },
  "aws:lambda/permission:Permission": {
    action: "lambda:InvokeFunction",
    function: "f",
    principal: "events.amazonaws.com",
    statementId: "s",
  },
  "aws:s3/bucket:Bucket": { bucket: "some-bucket" },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    bucket: "some-bucket",
    rules: [{ id: "r", status: "Enabled", expiration: { days: 1 } }],
  },
  "aws:s3/bucketPolicy:BucketPolicy": { bucket: "some-bucket", policy: document(OPEN) },
  "aws:s3/bucketVersioning:BucketVersioning": {
    bucket: "some-bucket",
    versioningConfiguration: { status: "Enabled" },
  },
  "aws:sagemaker/mlflowApp:MlflowApp": { name: "m", roleArn: ROLE, artifactStoreUri: "s3://bucket/mlflow" },
  "aws:sagemaker/modelPackageGroup:ModelPackageGroup": { modelPackageGroupName: "g" },
  "aws:scheduler/schedule:Schedule": {
    name: "s",
    scheduleExpression: "rate(1 day)",
    flexibleTimeWindow: { mode: "OFF" },
    target: { arn: FUNCTION, roleArn: ROLE },
  },
  "aws:sns/topic:Topic": { name: "t" },
  "aws:sns/topicPolicy:TopicPolicy": { arn: "arn:aws:sns:eu-west-1:123456789012:t", policy: document(OPEN) },
  "aws:sns/topicSubscription:TopicSubscription": {
    topic: "arn:aws:sns:eu-west-1:123456789012:t",
    protocol: "sqs",
    endpoint: "arn:aws:sqs:eu-west-1:123456789012:q",
  },
  "aws:sqs/queue:Queue": { name: "q" },
};

function bad(type: string, property: string, value: unknown, says: RegExp, by: Bad["by"], more: object = {}): Bad {
  return { type, inputs: { [property]: value, ...more }, property, says, by };
}

const LONG = (length: number) => "x".repeat(length);

/** By service and class. A class that a service's resources don't have is absent. */
export const BAD: Record<string, Partial<Record<Class, Bad>>> = {
  apigateway: {
    missing: bad("aws:apigateway/method:Method", "authorization", undefined, /is required/, "model"),
    type: bad("aws:apigateway/method:Method", "apiKeyRequired", "maybe", /true or false is wanted/, "model"),
    enum: bad("aws:apigateway/restApi:RestApi", "apiKeySource", "COOKIE", /"COOKIE" is not one of/, "model"),
    pattern: bad("aws:apigateway/integration:Integration", "httpMethod", "FETCH", /FETCH, not one of/, "checks"),
    "too long": bad("aws:apigateway/apiKey:ApiKey", "name", LONG(1025), /1025 characters/, "checks"),
    "too short": bad("aws:apigateway/apiKey:ApiKey", "value", "short", /5 characters/, "checks"),
    range: bad("aws:apigateway/integration:Integration", "timeoutMilliseconds", 10, /10, not between/, "checks"),
    "unknown member": bad(
      "aws:apigateway/usagePlan:UsagePlan",
      "quotaSettings",
      { limit: 1, period: "DAY", burst: 2 },
      /quota.burst/,
      "model",
    ),
    policy: bad(
      "aws:apigateway/restApi:RestApi",
      "policy",
      '{"Statement":{"Effect":"Allow"}}',
      /has no Action/,
      "checks",
    ),
    name: bad("aws:apigateway/model:Model", "name", "my model", /other characters/, "checks"),
    JSON: bad("aws:apigateway/model:Model", "schema", "{", /not a JSON document/, "checks"),
  },
  athena: {
    missing: bad("aws:athena/workgroup:Workgroup", "name", undefined, /is required/, "checks"),
    range: bad(
      "aws:athena/workgroup:Workgroup",
      "configuration",
      { bytesScannedCutoffPerQuery: 9_999_999 },
      /is 9999999, not between 10000000/,
      "checks",
    ),
    enum: bad("aws:athena/workgroup:Workgroup", "state", "OFF", /is OFF, not one of/, "checks"),
    pattern: bad("aws:athena/workgroup:Workgroup", "name", "a workgroup", /does not match/, "model"),
    "unknown member": bad("aws:athena/workgroup:Workgroup", "configuration", { limit: 1 }, /limit/, "checks"),
  },
  cloudwatch: {
    missing: bad("aws:cloudwatch/metricAlarm:MetricAlarm", "comparisonOperator", undefined, /is required/, "checks"),
    type: bad("aws:cloudwatch/metricAlarm:MetricAlarm", "threshold", "high", /number/, "model"),
    enum: bad("aws:cloudwatch/metricAlarm:MetricAlarm", "statistic", "Median", /"Median" is not one of/, "model"),
    pattern: bad("aws:cloudwatch/metricAlarm:MetricAlarm", "namespace", ":n", /does not match/, "model"),
    "too long": bad("aws:cloudwatch/metricAlarm:MetricAlarm", "name", LONG(256), /256 characters/, "checks"),
    "too short": bad("aws:cloudwatch/metricAlarm:MetricAlarm", "metricName", "", /length 0 is below/, "model"),
    range: bad(
      "aws:cloudwatch/metricAlarm:MetricAlarm",
      "datapointsToAlarm",
      2,
      /more than the 1 evaluation/,
      "checks",
    ),
    "unknown member": bad(
      "aws:cloudwatch/metricAlarm:MetricAlarm",
      "metricQueries",
      [{ id: "m", expression: "1", color: "red" }],
      /color/,
      "checks",
    ),
    ARN: bad("aws:cloudwatch/metricAlarm:MetricAlarm", "alarmActions", ["alerts"], /"alerts" is not an ARN/, "checks"),
  },
  dynamodb: {
    missing: bad("aws:dynamodb/table:Table", "hashKey", undefined, /required/, "model"),
    type: bad("aws:dynamodb/table:Table", "deletionProtectionEnabled", "yes", /true or false is wanted/, "model"),
    enum: bad("aws:dynamodb/table:Table", "tableClass", "COLD", /"COLD" is not one of/, "model"),
    pattern: bad("aws:dynamodb/table:Table", "name", "a table", /other characters/, "checks"),
    "too long": bad("aws:dynamodb/table:Table", "name", LONG(256), /256 characters/, "checks"),
    "too short": bad("aws:dynamodb/table:Table", "name", "t", /at least 3/, "checks"),
    range: bad("aws:dynamodb/table:Table", "readCapacity", 0, /0/, "model", { billingMode: "PROVISIONED" }),
    "unknown member": bad("aws:dynamodb/table:Table", "ttl", { enabled: true, attribute: "t" }, /attribute/, "checks"),
    ARN: bad(
      "aws:dynamodb/table:Table",
      "serverSideEncryption",
      { enabled: true, kmsKeyArn: "k" },
      /"k" is not an ARN/,
      "checks",
    ),
  },
  ecs: {
    missing: bad("aws:ecs/taskDefinition:TaskDefinition", "family", undefined, /is required/, "model"),
    type: bad("aws:ecs/cluster:Cluster", "settings", "on", /an object is wanted/, "model"),
    enum: bad("aws:ecs/taskDefinition:TaskDefinition", "networkMode", "vpc", /"vpc" is not one of/, "model"),
    "unknown member": bad(
      "aws:ecs/taskDefinition:TaskDefinition",
      "containerDefinitions",
      '[{"name":"c","image":"i","colour":"red"}]',
      /colour/,
      "model",
    ),
    "too long": bad("aws:ecs/cluster:Cluster", "name", LONG(256), /256 characters/, "checks"),
    name: bad("aws:ecs/cluster:Cluster", "name", "my cluster", /other characters/, "checks"),
    JSON: bad("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", "{}", /not a JSON list/, "checks"),
    ARN: bad("aws:ecs/taskDefinition:TaskDefinition", "executionRoleArn", "role", /"role" is not an ARN/, "checks"),
  },
  events: {
    missing: bad("aws:cloudwatch/eventTarget:EventTarget", "arn", undefined, /is required/, "model"),
    type: bad("aws:cloudwatch/eventTarget:EventTarget", "retryPolicy", "often", /an object is wanted/, "model"),
    enum: bad("aws:cloudwatch/eventRule:EventRule", "state", "ON", /"ON" is not one of/, "model"),
    pattern: bad("aws:cloudwatch/eventTarget:EventTarget", "targetId", "a target", /does not match/, "model"),
    "too long": bad("aws:cloudwatch/eventRule:EventRule", "description", LONG(513), /length 513 is above/, "model"),
    range: bad("aws:cloudwatch/eventTarget:EventTarget", "retryPolicy", { maximumRetryAttempts: 186 }, /186/, "model"),
    "unknown member": bad(
      "aws:cloudwatch/eventTarget:EventTarget",
      "deadLetterConfig",
      { queue: "q" },
      /queue/,
      "model",
    ),
    schedule: bad("aws:cloudwatch/eventRule:EventRule", "scheduleExpression", "rate(1 days)", /not a rate/, "checks"),
    JSON: bad("aws:cloudwatch/eventRule:EventRule", "eventPattern", "{source}", /not a JSON document/, "checks"),
    ARN: bad("aws:cloudwatch/eventTarget:EventTarget", "arn", "function", /"function" is not an ARN/, "checks"),
    name: bad("aws:cloudwatch/eventRule:EventRule", "name", "my rule", /does not match/, "model"),
  },
  glue: {
    missing: bad("aws:glue/catalogTable:CatalogTable", "name", undefined, /is required/, "checks"),
    type: bad("aws:glue/catalogTable:CatalogTable", "partitionKeys", "dt", /an object is wanted/, "model"),
    name: bad("aws:glue/catalogTable:CatalogTable", "name", "Scores", /lower-case/, "checks"),
    "unknown member": bad("aws:glue/catalogTable:CatalogTable", "storageDescriptor", { path: "p" }, /path/, "model"),
  },
  iam: {
    missing: bad("aws:iam/role:Role", "assumeRolePolicy", undefined, /is required/, "model"),
    type: bad("aws:iam/role:Role", "maxSessionDuration", "an hour", /a whole number is wanted/, "model"),
    pattern: bad("aws:iam/role:Role", "path", "no-slashes", /does not match/, "model"),
    "too long": bad("aws:iam/role:Role", "name", LONG(65), /65 characters/, "checks"),
    "too short": bad(
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      "policyArn",
      "arn",
      /length 3 is below/,
      "model",
    ),
    range: bad("aws:iam/role:Role", "maxSessionDuration", 60, /60/, "model"),
    policy: bad(
      "aws:iam/rolePolicy:RolePolicy",
      "policy",
      document({ Effect: "Allow", Action: "*" }),
      /has no Resource/,
      "checks",
    ),
    ARN: bad("aws:iam/role:Role", "permissionsBoundary", "this-is-not-an-arn-at-all", /is not an ARN/, "checks"),
    CIDR: bad(
      "aws:iam/rolePolicy:RolePolicy",
      "policy",
      document({
        Effect: "Allow",
        Action: "*",
        Resource: "*",
        Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/33" } },
      }),
      /"10.0.0.0\/33", which is not an address or a CIDR block/,
      "checks",
    ),
    name: bad("aws:iam/role:Role", "name", "my role", /does not match/, "model"),
  },
  kms: {
    missing: bad("aws:kms/alias:Alias", "targetKeyId", undefined, /is required/, "model"),
    type: bad("aws:kms/key:Key", "multiRegion", "yes", /true or false is wanted/, "model"),
    enum: bad("aws:kms/key:Key", "keyUsage", "HIDE", /"HIDE" is not one of/, "model"),
    pattern: bad("aws:kms/alias:Alias", "name", "alias/a b", /does not match/, "model"),
    "too long": bad("aws:kms/key:Key", "description", LONG(8193), /length 8193 is above/, "model"),
    range: bad("aws:kms/key:Key", "rotationPeriodInDays", 10, /10, not between 90/, "checks"),
    policy: bad("aws:kms/key:Key", "policy", "no JSON", /not a JSON document/, "checks"),
    name: bad("aws:kms/alias:Alias", "name", "alias/aws/mine", /keeps for itself/, "checks"),
  },
  lambda: {
    missing: bad("aws:lambda/function:Function", "role", undefined, /is required/, "model"),
    type: bad("aws:lambda/function:Function", "layers", { one: "1" }, /is wanted|does not match/, "model"),
    enum: bad("aws:lambda/function:Function", "tracingConfig", { mode: "Some" }, /"Some" is not one of/, "model"),
    pattern: bad("aws:lambda/function:Function", "handler", "my handler", /does not match/, "model"),
    "too long": bad("aws:lambda/function:Function", "description", LONG(257), /length 257 is above/, "model"),
    range: bad("aws:lambda/eventSourceMapping:EventSourceMapping", "batchSize", 10_001, /10001/, "model"),
    "unknown member": bad("aws:lambda/function:Function", "vpcConfig", { subnets: ["s"] }, /subnets/, "model"),
    ARN: bad("aws:lambda/function:Function", "role", "role", /does not match/, "model"),
    name: bad("aws:lambda/function:Function", "environment", { variables: { "1A": "x" } }, /is not a name/, "checks"),
    JSON: bad(
      "aws:lambda/eventSourceMapping:EventSourceMapping",
      "filterCriteria",
      { filters: [{ pattern: "{" }] },
      /not a JSON document/,
      "checks",
    ),
  },
  logs: {
    enum: bad("aws:cloudwatch/logGroup:LogGroup", "logGroupClass", "COLD", /"COLD" is not one of/, "model"),
    pattern: bad("aws:cloudwatch/logGroup:LogGroup", "name", "my group", /does not match/, "model"),
    "too long": bad("aws:cloudwatch/logGroup:LogGroup", "name", LONG(513), /513 characters/, "checks"),
    type: bad("aws:cloudwatch/logGroup:LogGroup", "tags", "all", /not a map/, "checks"),
    range: bad("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 2, /2, not one of/, "checks"),
    ARN: bad("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId", "k", /"k" is not an ARN/, "checks"),
  },
  s3: {
    missing: bad(
      "aws:s3/bucketVersioning:BucketVersioning",
      "versioningConfiguration",
      undefined,
      /is required/,
      "model",
    ),
    type: bad(
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "rules",
      [{ id: "r", status: "Enabled", expiration: { days: "soon" } }],
      /a whole number is wanted/,
      "model",
    ),
    enum: bad(
      "aws:s3/bucketVersioning:BucketVersioning",
      "versioningConfiguration",
      { status: "On" },
      /"On" is not one of/,
      "model",
    ),
    "too long": bad("aws:s3/bucket:Bucket", "bucket", LONG(64), /64 characters|not a bucket name/, "checks"),
    "too short": bad("aws:s3/bucket:Bucket", "bucket", "ab", /not a bucket name/, "checks"),
    "unknown member": bad(
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "rules",
      [{ id: "r", status: "Enabled", expires: 1 }],
      /expires/,
      "model",
    ),
    policy: bad(
      "aws:s3/bucketPolicy:BucketPolicy",
      "policy",
      document({ ...OPEN, Principal: undefined }),
      /has no Principal/,
      "checks",
    ),
    name: bad("aws:s3/bucket:Bucket", "bucket", "192.168.1.1", /IP address/, "checks"),
    CIDR: bad(
      "aws:s3/bucketPolicy:BucketPolicy",
      "policy",
      document({ ...OPEN, Condition: { NotIpAddress: { "aws:SourceIp": ["10.0.0.256/8"] } } }),
      /"10.0.0.256\/8", which is not an address or a CIDR block/,
      "checks",
    ),
  },
  sagemaker: {
    missing: bad("aws:sagemaker/mlflowApp:MlflowApp", "roleArn", undefined, /is required/, "model"),
    type: bad("aws:sagemaker/mlflowApp:MlflowApp", "defaultDomainIdLists", "d", /a list is wanted/, "model"),
    enum: bad(
      "aws:sagemaker/mlflowApp:MlflowApp",
      "modelRegistrationMode",
      "Always",
      /"Always" is not one of/,
      "model",
    ),
    pattern: bad(
      "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
      "modelPackageGroupName",
      "a_b",
      /does not match/,
      "model",
    ),
    "too long": bad(
      "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
      "modelPackageGroupDescription",
      LONG(1025),
      /length 1025 is above/,
      "model",
    ),
    "too short": bad("aws:sagemaker/mlflowApp:MlflowApp", "roleArn", "arn", /length 3 is below/, "model"),
    ARN: bad("aws:sagemaker/mlflowApp:MlflowApp", "roleArn", "this-is-not-an-arn-at-all", /does not match/, "model"),
    name: bad("aws:sagemaker/mlflowApp:MlflowApp", "artifactStoreUri", "bucket/mlflow", /not s3:/, "checks"),
  },
  scheduler: {
    missing: bad("aws:scheduler/schedule:Schedule", "flexibleTimeWindow", undefined, /is required/, "model"),
    type: bad(
      "aws:scheduler/schedule:Schedule",
      "flexibleTimeWindow",
      { mode: "FLEXIBLE", maximumWindowInMinutes: "ten" },
      /a whole number is wanted/,
      "model",
    ),
    enum: bad("aws:scheduler/schedule:Schedule", "state", "ON", /"ON" is not one of/, "model"),
    pattern: bad("aws:scheduler/schedule:Schedule", "name", "a schedule", /does not match/, "model"),
    "too long": bad("aws:scheduler/schedule:Schedule", "description", LONG(513), /length 513 is above/, "model"),
    range: bad(
      "aws:scheduler/schedule:Schedule",
      "flexibleTimeWindow",
      { mode: "FLEXIBLE", maximumWindowInMinutes: 1441 },
      /1441/,
      "model",
    ),
    "unknown member": bad(
      "aws:scheduler/schedule:Schedule",
      "target",
      { arn: FUNCTION, roleArn: ROLE, retries: 1 },
      /retries/,
      "model",
    ),
    schedule: bad("aws:scheduler/schedule:Schedule", "scheduleExpression", "at(tomorrow)", /is not at\(/, "checks"),
    ARN: bad(
      "aws:scheduler/schedule:Schedule",
      "target",
      { arn: FUNCTION, roleArn: "role" },
      /does not match/,
      "model",
    ),
  },
  sns: {
    missing: bad("aws:sns/topicSubscription:TopicSubscription", "protocol", undefined, /is required/, "model"),
    type: bad("aws:sns/topic:Topic", "tags", "all", /not a map/, "checks"),
    enum: bad("aws:sns/topicSubscription:TopicSubscription", "protocol", "mqtt", /"mqtt", not one of/, "checks"),
    "too long": bad("aws:sns/topic:Topic", "name", LONG(257), /257 characters/, "checks"),
    policy: bad(
      "aws:sns/topicPolicy:TopicPolicy",
      "policy",
      document({ ...OPEN, Effect: "Maybe" }),
      /has Effect "Maybe"/,
      "checks",
    ),
    name: bad("aws:sns/topic:Topic", "name", "my topic", /other characters/, "checks"),
    ARN: bad("aws:sns/topicSubscription:TopicSubscription", "topic", "t", /"t" is not an ARN/, "checks"),
    JSON: bad("aws:sns/topicSubscription:TopicSubscription", "filterPolicy", "{", /not a JSON document/, "checks"),
  },
  sqs: {
    type: bad("aws:sqs/queue:Queue", "delaySeconds", "soon", /soon, not between/, "checks"),
    "too long": bad("aws:sqs/queue:Queue", "name", LONG(81), /81 characters/, "checks"),
    range: bad("aws:sqs/queue:Queue", "messageRetentionSeconds", 1, /1, not between 60/, "checks"),
    policy: bad("aws:sqs/queue:Queue", "policy", "[]", /not a JSON document/, "checks"),
    name: bad("aws:sqs/queue:Queue", "name", "my queue", /other characters/, "checks"),
    JSON: bad("aws:sqs/queue:Queue", "redriveAllowPolicy", "allow", /not a JSON document/, "checks"),
    ARN: bad(
      "aws:sqs/queue:Queue",
      "redrivePolicy",
      '{"deadLetterTargetArn":"q","maxReceiveCount":3}',
      /"q" is not an ARN/,
      "checks",
    ),
  },
};
