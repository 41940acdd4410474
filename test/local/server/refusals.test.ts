import { expect } from "chai";
import { loadModel, shapeOf } from "../../../local/aws-models";
import { CHECKED_SERVICES } from "../../../local/server/gate";
import { startMiniStack, type Emulator } from "../support/ministack";
import { startLocalServer } from "../support/server";

/** What can be wrong with a request. The last is what AWS's model does not say. */
type Class = "required" | "type" | "enum" | "pattern" | "length" | "range" | "unknown" | "rule";

interface BadRequest {
  operation: string;
  input: object;
  code: string;
  /** What the message must name. */
  says: RegExp;
}

const PREFIXES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(CHECKED_SERVICES).map(([prefix, service]) => [service, prefix])),
  "application-autoscaling": "AnyScaleFrontendService",
  cloudwatch: "GraniteServiceVersion20100801",
  codebuild: "CodeBuild_20161006",
  codepipeline: "CodePipeline_20150709",
  ecs: "AmazonEC2ContainerServiceV20141113",
  sagemaker: "SageMaker",
};

const ROLE = "arn:aws:iam::123456789012:role/r";
const QUEUE = "http://127.0.0.1/123456789012/q";
const TABLE = {
  TableName: "table",
  AttributeDefinitions: [{ AttributeName: "k", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "k", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
};
const VALIDATION = "ValidationException";
const SERIALIZATION = "SerializationException";
const PARAMETER = "InvalidParameterException";

/** One request of each class that the service's model has, each with the service's own error. */
const BAD: Record<string, Partial<Record<Class, BadRequest>>> = {
  "application-autoscaling": {
    pattern: {
      operation: "ListTagsForResource",
      input: { ResourceARN: "arn:aws:s3:::bucket" },
      code: VALIDATION,
      says: /resourceARN/,
    },
    length: { operation: "ListTagsForResource", input: { ResourceARN: "" }, code: VALIDATION, says: /resourceARN/ },
    required: { operation: "RegisterScalableTarget", input: {}, code: VALIDATION, says: /serviceNamespace/ },
    enum: {
      operation: "DescribeScalableTargets",
      input: { ServiceNamespace: "sagemacher" },
      code: VALIDATION,
      says: /'sagemacher' at 'serviceNamespace'.*enum value set/,
    },
    type: {
      operation: "DescribeScalableTargets",
      input: { ServiceNamespace: "sagemaker", MaxResults: "ten" },
      code: SERIALIZATION,
      says: /MaxResults/,
    },
  },
  athena: {
    type: {
      operation: "GetQueryExecution",
      input: { QueryExecutionId: 1 },
      code: SERIALIZATION,
      says: /QueryExecutionId/,
    },
    pattern: {
      operation: "GetNamedQuery",
      input: { NamedQueryId: "a b" },
      code: "InvalidRequestException",
      says: /'a b' at 'namedQueryId'/,
    },
    range: {
      operation: "ListWorkGroups",
      input: { MaxResults: 51 },
      code: "InvalidRequestException",
      says: /'51' at 'maxResults'/,
    },
    enum: {
      operation: "UpdateWorkGroup",
      input: { WorkGroup: "w", State: "ON" },
      code: "InvalidRequestException",
      says: /'ON' at 'state'/,
    },
    required: { operation: "StartQueryExecution", input: {}, code: "InvalidRequestException", says: /queryString/ },
    length: {
      operation: "StartQueryExecution",
      input: { QueryString: "" },
      code: "InvalidRequestException",
      says: /queryString.*length greater than or equal to 1/,
    },
  },
  cloudwatch: {
    required: { operation: "PutMetricData", input: {}, code: "MissingRequiredParameterException", says: /namespace/ },
    type: {
      operation: "PutMetricAlarm",
      input: { AlarmName: "a", ComparisonOperator: "GreaterThanThreshold", EvaluationPeriods: "one" },
      code: SERIALIZATION,
      says: /EvaluationPeriods/,
    },
    enum: {
      operation: "SetAlarmState",
      input: { AlarmName: "a", StateValue: "GOOD", StateReason: "r" },
      code: VALIDATION,
      says: /'GOOD' at 'stateValue'/,
    },
    pattern: {
      operation: "PutMetricData",
      input: { Namespace: ":mine", MetricData: [{ MetricName: "m", Value: 1 }] },
      code: "InvalidParameterValueException",
      says: /':mine' at 'namespace'/,
    },
    length: { operation: "DeleteAlarms", input: { AlarmNames: [""] }, code: VALIDATION, says: /alarmNames/ },
    range: {
      operation: "DescribeAlarms",
      input: { MaxRecords: 1000 },
      code: VALIDATION,
      says: /maxRecords.*less than or equal to 100/,
    },
    rule: {
      operation: "PutMetricAlarm",
      input: {
        AlarmName: "a",
        Namespace: "Tests",
        MetricName: "m",
        Statistic: "Sum",
        Period: 45,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanThreshold",
      },
      code: VALIDATION,
      says: /45 seconds/,
    },
  },
  codebuild: {
    length: {
      operation: "BatchGetProjects",
      input: { names: [] },
      code: "InvalidInputException",
      says: /'names'.*length greater than or equal to 1/,
    },
    pattern: {
      operation: "CreateProject",
      input: {
        name: "a b",
        source: { type: "CODEPIPELINE" },
        artifacts: { type: "CODEPIPELINE" },
        environment: { type: "LINUX_CONTAINER", image: "i", computeType: "BUILD_GENERAL1_SMALL" },
        serviceRole: ROLE,
      },
      code: "InvalidInputException",
      says: /'a b' at 'name'/,
    },
    range: {
      operation: "ListReportGroups",
      input: { maxResults: 101 },
      code: "InvalidInputException",
      says: /'101' at 'maxResults'/,
    },
    required: { operation: "CreateReportGroup", input: {}, code: "InvalidInputException", says: /exportConfig/ },
    type: { operation: "BatchGetProjects", input: { names: 1 }, code: SERIALIZATION, says: /names/ },
    enum: {
      operation: "CreateReportGroup",
      input: { name: "group", type: "TESTS", exportConfig: {} },
      code: "InvalidInputException",
      says: /type/,
    },
  },
  codepipeline: {
    type: { operation: "GetPipeline", input: { name: 1 }, code: SERIALIZATION, says: /name/ },
    enum: {
      operation: "CreatePipeline",
      input: { pipeline: { name: "p", roleArn: ROLE, stages: [], executionMode: "ONCE" } },
      code: VALIDATION,
      says: /executionMode/,
    },
    range: {
      operation: "ListActionExecutions",
      input: { pipelineName: "p", maxResults: 101 },
      code: VALIDATION,
      says: /'101' at 'maxResults'/,
    },
    required: { operation: "StartPipelineExecution", input: {}, code: VALIDATION, says: /'name'/ },
    pattern: { operation: "StartPipelineExecution", input: { name: "a b" }, code: VALIDATION, says: /'a b' at 'name'/ },
    length: {
      operation: "StartPipelineExecution",
      input: { name: "a".repeat(101) },
      code: VALIDATION,
      says: /length less than or equal to 100/,
    },
  },
  dynamodb: {
    pattern: {
      operation: "ListImports",
      input: { NextToken: "token" },
      code: VALIDATION,
      says: /'token' at 'nextToken'/,
    },
    required: { operation: "PutItem", input: { TableName: "table" }, code: VALIDATION, says: /'item'/ },
    type: {
      operation: "PutItem",
      input: { TableName: "table", Item: { k: { S: 1 } } },
      code: SERIALIZATION,
      says: /Item\["k"\]\.S: a string is wanted, not 1/,
    },
    enum: { operation: "CreateTable", input: { ...TABLE, BillingMode: "FREE" }, code: VALIDATION, says: /billingMode/ },
    length: {
      operation: "BatchWriteItem",
      input: { RequestItems: { table: Array.from({ length: 26 }, () => ({ DeleteRequest: { Key: {} } })) } },
      code: VALIDATION,
      says: /less than or equal to 25/,
    },
    range: { operation: "Scan", input: { TableName: "table", Limit: 0 }, code: VALIDATION, says: /'0' at 'limit'/ },
    unknown: { operation: "GetItem", input: { TableName: "table", Key: {}, Foo: 1 }, code: VALIDATION, says: /foo/ },
    rule: {
      operation: "CreateTable",
      input: { ...TABLE, KeySchema: [{ AttributeName: "other", KeyType: "HASH" }] },
      code: VALIDATION,
      says: /AttributeDefinitions|attribute/i,
    },
  },
  ecr: {
    type: { operation: "DescribeRepositories", input: { maxResults: "all" }, code: SERIALIZATION, says: /maxResults/ },
    length: { operation: "CreateRepository", input: { repositoryName: "a" }, code: PARAMETER, says: /equal to 2/ },
    range: {
      operation: "DescribeRepositories",
      input: { maxResults: 0 },
      code: PARAMETER,
      says: /'0' at 'maxResults'/,
    },
    required: { operation: "CreateRepository", input: {}, code: PARAMETER, says: /repositoryName/ },
    pattern: { operation: "CreateRepository", input: { repositoryName: "UPPER" }, code: PARAMETER, says: /'UPPER'/ },
    enum: {
      operation: "CreateRepository",
      input: { repositoryName: "r-1", imageTagMutability: "NEVER" },
      code: PARAMETER,
      says: /imageTagMutability/,
    },
  },
  ecs: {
    length: {
      operation: "CreateCluster",
      input: { tags: Array.from({ length: 51 }, (_, index) => ({ key: `k${index}`, value: "v" })) },
      code: PARAMETER,
      says: /'tags'.*less than or equal to 50/,
    },
    required: { operation: "RunTask", input: {}, code: PARAMETER, says: /taskDefinition/ },
    type: { operation: "RunTask", input: { taskDefinition: "t", count: "1" }, code: SERIALIZATION, says: /count/ },
    enum: {
      operation: "RunTask",
      input: { taskDefinition: "t", launchType: "LAMBDA" },
      code: PARAMETER,
      says: /launchType/,
    },
  },
  events: {
    range: { operation: "ListRules", input: { Limit: 0 }, code: VALIDATION, says: /'0' at 'limit'/ },
    required: { operation: "PutRule", input: {}, code: VALIDATION, says: /'name'/ },
    type: { operation: "PutRule", input: { Name: ["r"] }, code: SERIALIZATION, says: /Name/ },
    enum: {
      operation: "PutRule",
      input: { Name: "r", ScheduleExpression: "rate(1 day)", State: "ON" },
      code: VALIDATION,
      says: /'ON' at 'state'/,
    },
    pattern: {
      operation: "PutRule",
      input: { Name: "a b", ScheduleExpression: "rate(1 day)" },
      code: VALIDATION,
      says: /'a b' at 'name'/,
    },
    length: { operation: "PutEvents", input: { Entries: [] }, code: VALIDATION, says: /entries/ },
    rule: { operation: "PutRule", input: { Name: "r" }, code: VALIDATION, says: /EventPattern or ScheduleExpression/ },
  },
  glue: {
    type: {
      operation: "GetTables",
      input: { DatabaseName: "d", MaxResults: "all" },
      code: SERIALIZATION,
      says: /MaxResults/,
    },
    enum: {
      operation: "CreateScript",
      input: { Language: "BASIC" },
      code: "InvalidInputException",
      says: /'BASIC' at 'language'/,
    },
    range: {
      operation: "GetTables",
      input: { DatabaseName: "d", MaxResults: 101 },
      code: "InvalidInputException",
      says: /'101' at 'maxResults'/,
    },
    pattern: {
      operation: "GetTables",
      input: { DatabaseName: "d\u0000" },
      code: "InvalidInputException",
      says: /databaseName/,
    },
    required: { operation: "CreateDatabase", input: {}, code: "InvalidInputException", says: /databaseInput/ },
    length: {
      operation: "CreateDatabase",
      input: { DatabaseInput: { Name: "" } },
      code: "InvalidInputException",
      says: /databaseInput\.name/,
    },
  },
  kms: {
    length: { operation: "DescribeKey", input: { KeyId: "" }, code: VALIDATION, says: /'keyId'/ },
    required: { operation: "Encrypt", input: { KeyId: "k" }, code: VALIDATION, says: /plaintext/ },
    type: { operation: "CreateKey", input: { MultiRegion: "yes" }, code: SERIALIZATION, says: /MultiRegion/ },
    enum: { operation: "CreateKey", input: { KeyUsage: "SIGN" }, code: VALIDATION, says: /keyUsage/ },
    pattern: {
      operation: "CreateAlias",
      input: { AliasName: "alias/a b", TargetKeyId: "k" },
      code: VALIDATION,
      says: /aliasName/,
    },
    range: {
      operation: "ScheduleKeyDeletion",
      input: { KeyId: "k", PendingWindowInDays: 366 },
      code: VALIDATION,
      says: /pendingWindowInDays/,
    },
    rule: {
      operation: "CreateKey",
      input: { Policy: "{nope" },
      code: "MalformedPolicyDocumentException",
      says: /Policy is not a JSON document/,
    },
  },
  logs: {
    type: { operation: "DescribeLogGroups", input: { limit: "all" }, code: SERIALIZATION, says: /limit/ },
    enum: {
      operation: "CreateLogGroup",
      input: { logGroupName: "g", logGroupClass: "CHEAP" },
      code: PARAMETER,
      says: /'CHEAP'/,
    },
    required: { operation: "CreateLogGroup", input: {}, code: PARAMETER, says: /logGroupName/ },
    pattern: { operation: "CreateLogGroup", input: { logGroupName: "a b" }, code: PARAMETER, says: /'a b'/ },
    length: {
      operation: "PutLogEvents",
      input: { logGroupName: "g", logStreamName: "s", logEvents: [] },
      code: PARAMETER,
      says: /logEvents/,
    },
    range: { operation: "DescribeLogGroups", input: { limit: 51 }, code: PARAMETER, says: /'51' at 'limit'/ },
    rule: {
      operation: "PutLogEvents",
      input: {
        logGroupName: "g",
        logStreamName: "s",
        logEvents: [
          { timestamp: 2, message: "a" },
          { timestamp: 1, message: "b" },
        ],
      },
      code: PARAMETER,
      says: /chronological order/,
    },
  },
  sagemaker: {
    required: { operation: "CreateModelPackageGroup", input: {}, code: VALIDATION, says: /modelPackageGroupName/ },
    type: { operation: "ListModels", input: { MaxResults: "ten" }, code: SERIALIZATION, says: /MaxResults/ },
    enum: {
      operation: "CreateEndpointConfig",
      input: {
        EndpointConfigName: "c",
        ProductionVariants: [{ VariantName: "v", ModelName: "m", InstanceType: "ml.m5.lage", InitialInstanceCount: 1 }],
      },
      code: VALIDATION,
      says: /'ml\.m5\.lage' at 'productionVariants\.1\.member\.instanceType'/,
    },
    pattern: {
      operation: "DescribeModel",
      input: { ModelName: "a_b" },
      code: VALIDATION,
      says: /'a_b' at 'modelName'/,
    },
    length: {
      operation: "CreateModel",
      input: { ModelName: "a".repeat(64), ExecutionRoleArn: ROLE },
      code: VALIDATION,
      says: /length less than or equal to 63/,
    },
    range: { operation: "ListModels", input: { MaxResults: 101 }, code: VALIDATION, says: /'101' at 'maxResults'/ },
    unknown: {
      operation: "DescribeModel",
      input: { ModelName: "m", Modelname: "m" },
      code: VALIDATION,
      says: /modelname/,
    },
    rule: {
      operation: "CreateEndpointConfig",
      input: { EndpointConfigName: "c", ProductionVariants: [{ VariantName: "v", ModelName: "nobody" }] },
      code: VALIDATION,
      says: /nobody|InstanceType/,
    },
  },
  secretsmanager: {
    enum: { operation: "ListSecrets", input: { SortOrder: "up" }, code: VALIDATION, says: /'up' at 'sortOrder'/ },
    range: { operation: "ListSecrets", input: { MaxResults: 101 }, code: VALIDATION, says: /'101' at 'maxResults'/ },
    pattern: {
      operation: "PutSecretValue",
      input: { SecretId: "s", SecretString: "v", RotationToken: "a b" },
      code: VALIDATION,
      says: /rotationToken/,
    },
    required: { operation: "GetSecretValue", input: {}, code: VALIDATION, says: /secretId/ },
    type: { operation: "CreateSecret", input: { Name: {} }, code: SERIALIZATION, says: /Name/ },
    length: { operation: "CreateSecret", input: { Name: "" }, code: VALIDATION, says: /'name'/ },
    rule: { operation: "CreateSecret", input: { Name: "a b" }, code: VALIDATION, says: /Invalid name a b/ },
  },
  sqs: {
    required: { operation: "SendMessage", input: { QueueUrl: QUEUE }, code: "MissingParameter", says: /messageBody/ },
    type: {
      operation: "SendMessage",
      input: { QueueUrl: QUEUE, MessageBody: "a", DelaySeconds: "now" },
      code: SERIALIZATION,
      says: /DelaySeconds/,
    },
    enum: {
      operation: "GetQueueAttributes",
      input: { QueueUrl: QUEUE, AttributeNames: ["Size"] },
      code: "InvalidParameterValue",
      says: /'Size'/,
    },
    range: {
      operation: "SendMessage",
      input: { QueueUrl: QUEUE, MessageBody: "a", DelaySeconds: 901 },
      code: "InvalidParameterValue",
      says: /901 for parameter DelaySeconds/,
    },
    rule: {
      operation: "CreateQueue",
      input: { QueueName: "bad name" },
      code: "InvalidParameterValue",
      says: /alphanumeric characters, hyphens, or underscores/,
    },
  },
  ssm: {
    type: { operation: "GetParameter", input: { Name: "p", WithDecryption: "yes" }, code: SERIALIZATION, says: /With/ },
    length: { operation: "GetParameters", input: { Names: [] }, code: VALIDATION, says: /'names'/ },
    pattern: {
      operation: "StartSession",
      input: { Target: "i-1", Reason: "" },
      code: VALIDATION,
      says: /reason/,
    },
    required: { operation: "PutParameter", input: { Name: "p" }, code: VALIDATION, says: /value/ },
    enum: {
      operation: "PutParameter",
      input: { Name: "p", Value: "v", Type: "Text" },
      code: VALIDATION,
      says: /'Text' at 'type'/,
    },
    range: {
      operation: "GetParametersByPath",
      input: { Path: "/", MaxResults: 11 },
      code: VALIDATION,
      says: /'11' at 'maxResults'/,
    },
    rule: {
      operation: "PutParameter",
      input: { Name: "p", Value: "v".repeat(5000), Type: "String" },
      code: VALIDATION,
      says: /maximum parameter value of 4096/,
    },
  },
  stepfunctions: {
    length: { operation: "CreateActivity", input: { name: "" }, code: VALIDATION, says: /'name'/ },
    type: { operation: "ListStateMachines", input: { maxResults: "all" }, code: SERIALIZATION, says: /maxResults/ },
    range: { operation: "ListStateMachines", input: { maxResults: 1001 }, code: VALIDATION, says: /'1001'/ },
    pattern: {
      operation: "RedriveExecution",
      input: { executionArn: "arn", clientToken: "a b" },
      code: VALIDATION,
      says: /clientToken/,
    },
    required: { operation: "StartExecution", input: {}, code: VALIDATION, says: /stateMachineArn/ },
    enum: {
      operation: "CreateStateMachine",
      input: { name: "m", definition: "{}", roleArn: ROLE, type: "FAST" },
      code: VALIDATION,
      says: /'FAST' at 'type'/,
    },
    rule: {
      operation: "CreateStateMachine",
      input: { name: "m", definition: "{nope", roleArn: ROLE },
      code: "InvalidDefinition",
      says: /definition/,
    },
  },
};

/** The classes of constraints that the members of a service's requests have, at their top. */
function classesOf(service: string): Set<Class> {
  const model = loadModel(service);
  const found = new Set<Class>(["required", "type"]);
  for (const { input } of Object.values(model.operations)) {
    const members = input === undefined ? [] : Object.values(shapeOf(model, input).members ?? {});
    for (const shape of members.map((name) => shapeOf(model, name))) {
      const limited = shape.min !== undefined || shape.max !== undefined;
      if (shape.enum) found.add("enum");
      if (shape.pattern) found.add("pattern");
      if (limited) found.add(["integer", "long", "float", "double"].includes(shape.type) ? "range" : "length");
    }
  }
  return found;
}

describe("requests that AWS would refuse", () => {
  let ministack: Emulator;
  let server: Emulator;

  before(async () => {
    ministack = await startMiniStack();
    server = await startLocalServer(ministack);
  });

  after(async () => {
    await server.stop();
    await ministack.stop();
  });

  async function call(service: string, operation: string, body: string) {
    const response = await fetch(server.endpoint, {
      method: "POST",
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20261121/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `${PREFIXES[service]}.${operation}`,
      },
      body,
    });
    return { response, answer: (await response.json()) as { __type?: string; message?: string } };
  }

  it("are known of every service of AWS JSON that the platform's parts may call", () => {
    expect(Object.keys(BAD)).to.have.members(Object.keys(PREFIXES));
    for (const [service, prefix] of Object.entries(PREFIXES)) {
      expect(loadModel(service).targetPrefix, service).to.equal(prefix);
    }
  });

  it("have an example of each class that the service's model has", () => {
    const missing = Object.keys(PREFIXES).flatMap((service) =>
      [...classesOf(service)].filter((kind) => !BAD[service]?.[kind]).map((kind) => `${service}: ${kind}`),
    );
    expect(missing).to.deep.equal([]);
  });

  for (const [service, classes] of Object.entries(BAD)) {
    for (const [kind, { operation, input, code, says }] of Object.entries(classes)) {
      it(`${service}: ${operation}, ${kind}`, async () => {
        const { response, answer } = await call(service, operation, JSON.stringify(input));
        expect([response.status, answer.__type?.split("#").at(-1)], answer.message).to.deep.equal([400, code]);
        expect(answer.message).to.match(says);
      });
    }
  }

  it("are refused for a member that nobody knows", async () => {
    for (const service of Object.keys(PREFIXES)) {
      const { operation, input, code } = BAD[service]?.required as BadRequest;
      const { response, answer } = await call(service, operation, JSON.stringify({ ...input, Nope: 1 }));
      expect([response.status, answer.__type], service).to.deep.equal([400, code]);
      expect(answer.message).to.match(/'nope' failed to satisfy constraint: Member must be known/);
    }
  });

  it("are refused where they are no JSON at all", async () => {
    for (const service of Object.keys(PREFIXES)) {
      const { operation } = Object.values(BAD[service] ?? {})[0] as BadRequest;
      const { response, answer } = await call(service, operation, "{");
      expect([response.status, answer.__type], service).to.deep.equal([400, SERIALIZATION]);
    }
  });

  it("are named to clients of the query protocol by the header that those read", async () => {
    const { response } = await call("sqs", "SendMessage", JSON.stringify({ QueueUrl: QUEUE }));
    expect(response.headers.get("x-amzn-query-error")).to.equal("MissingParameter;Sender");
  });
});
