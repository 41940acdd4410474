import type * as aws from "@pulumi/aws";
import { zip } from "../assets";
import { between, functionEnvironment, jsonObject } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { changed, omit, type Plain } from "../values";
import { ownTags, restored, retag } from "./shared";

type Args = aws.lambda.FunctionArgs;

function codeOf(c: Context, { code, s3Bucket, s3Key, s3ObjectVersion }: Plain<Args>) {
  if (s3Bucket) return { S3Bucket: s3Bucket, S3Key: s3Key, S3ObjectVersion: s3ObjectVersion };
  // Only a live call needs the bytes; the engine tells changes by the archive's hash.
  return { ZipFile: c.mode === "live" && code ? zip(code) : new Uint8Array() };
}

function functionOutputs(c: Context, name: string) {
  const arn = c.arn("lambda", `function:${name}`);
  const invokeArn = (qualified: string) =>
    `arn:aws:apigateway:${c.region}:lambda:path/2015-03-31/functions/${qualified}/invocations`;
  return {
    arn,
    invokeArn: invokeArn(arn),
    qualifiedArn: `${arn}:$LATEST`,
    qualifiedInvokeArn: invokeArn(`${arn}:$LATEST`),
    version: "$LATEST",
  };
}

/** What the service takes inputs to be that are not given. */
const FUNCTION_DEFAULTS = {
  deadLetterConfig: { targetArn: "" },
  description: "",
  environment: { variables: {} },
  ephemeralStorage: { size: 512 },
  kmsKeyArn: "",
  layers: [],
  memorySize: 128,
  timeout: 3,
  tracingConfig: { mode: "PassThrough" },
};

const CONFIGURATION = [
  "deadLetterConfig",
  "description",
  "environment",
  "ephemeralStorage",
  "handler",
  "kmsKeyArn",
  "layers",
  "loggingConfig",
  "memorySize",
  "role",
  "runtime",
  "snapStart",
  "timeout",
  "tracingConfig",
  "vpcConfig",
] as const;

const lambdaFunction = resource<Args>({
  cloudFormation: {
    type: "AWS::Lambda::Function",
    names: {
      name: "FunctionName",
      s3Bucket: "Code/S3Bucket",
      s3Key: "Code/S3Key",
      s3ObjectVersion: "Code/S3ObjectVersion",
    },
    own: ["publish", "sourceCodeHash"],
  },
  inputs: [
    "name",
    "packageType",
    ...CONFIGURATION,
    "architectures",
    "code",
    "publish",
    "reservedConcurrentExecutions",
    "s3Bucket",
    "s3Key",
    "s3ObjectVersion",
    "sourceCodeHash",
    "tags",
  ],
  autoName: { property: "name", maxLength: 64 },
  checks: {
    environment: ({ variables }) => functionEnvironment(variables),
    ephemeralStorage: ({ size }) => (size === undefined ? undefined : between(size, 512, 10_240)),
    memorySize: (megabytes) => between(megabytes, 128, 10_240),
    timeout: (seconds) => between(seconds, 1, 900),
  },
  async create(c, inputs) {
    const { name = "" } = inputs;
    const { CodeSha256, CodeSize } = await c.call(
      "lambda",
      "CreateFunction",
      { FunctionName: name, Code: codeOf(c, inputs) },
      omit(inputs, "code"),
    );
    const outputs = { ...functionOutputs(c, name), codeSha256: CodeSha256, sourceCodeSize: CodeSize };
    const created = c.exists({ id: name, ...outputs });
    const reserved = inputs.reservedConcurrentExecutions;
    if (reserved !== undefined) {
      await c.call("lambda", "PutFunctionConcurrency", { FunctionName: name, ReservedConcurrentExecutions: reserved });
    }
    return created;
  },
  async read(c, id, state) {
    const { Configuration: found, Tags, Concurrency } = await c.call("lambda", "GetFunction", { FunctionName: id });
    const current = {
      ...found,
      layers: found?.Layers?.map(({ Arn }) => Arn) ?? [],
      reservedConcurrentExecutions: Concurrency?.ReservedConcurrentExecutions,
    };
    const written = omit(
      state,
      "code",
      "name",
      "publish",
      "s3Bucket",
      "s3Key",
      "s3ObjectVersion",
      "sourceCodeHash",
      "tags",
    );
    return {
      ...c.mirror(written, omit(current, "Layers")),
      name: id,
      ...functionOutputs(c, id),
      codeSha256: found?.CodeSha256,
      sourceCodeSize: found?.CodeSize,
      tags: ownTags(Tags),
    };
  },
  async update(c, id, now, before) {
    const outputs: Record<string, unknown> = {};
    if (changed(now, before, "code", "s3Bucket", "s3Key", "s3ObjectVersion", "architectures", "sourceCodeHash")) {
      const { architectures, publish } = now;
      const code = codeOf(c, now);
      const sent = await c.call(
        "lambda",
        "UpdateFunctionCode",
        { FunctionName: id, ...code },
        { architectures, publish },
      );
      Object.assign(outputs, { codeSha256: sent.CodeSha256, sourceCodeSize: sent.CodeSize });
    }
    if (changed(now, before, ...CONFIGURATION)) {
      const configuration = Object.fromEntries(CONFIGURATION.map((name) => [name, now[name]]));
      const defaults = restored(now, before, FUNCTION_DEFAULTS);
      await c.call("lambda", "UpdateFunctionConfiguration", { FunctionName: id }, { ...configuration, ...defaults });
    }
    if (changed(now, before, "reservedConcurrentExecutions")) {
      const reserved = now.reservedConcurrentExecutions;
      await (reserved === undefined
        ? c.call("lambda", "DeleteFunctionConcurrency", { FunctionName: id })
        : c.call("lambda", "PutFunctionConcurrency", { FunctionName: id, ReservedConcurrentExecutions: reserved }));
    }
    const arn = c.arn("lambda", `function:${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("lambda", "TagResource", { Resource: arn, Tags: tags }),
      (keys) => c.call("lambda", "UntagResource", { Resource: arn, TagKeys: keys }),
    );
    return outputs;
  },
  delete: (c, id) => c.call("lambda", "DeleteFunction", { FunctionName: id }),
});

const permission = resource<aws.lambda.PermissionArgs>({
  cloudFormation: { type: "AWS::Lambda::Permission", names: { function: "FunctionName", qualifier: "FunctionName" } },
  inputs: [
    "action",
    "eventSourceToken",
    "function",
    "functionUrlAuthType",
    "invokedViaFunctionUrl",
    "principal",
    "principalOrgId",
    "qualifier",
    "sourceAccount",
    "sourceArn",
    "statementId",
  ],
  autoName: { property: "statementId", maxLength: 100 },
  async create(c, { function: name, ...inputs }) {
    await c.call("lambda", "AddPermission", { FunctionName: name }, inputs);
    return { id: inputs.statementId ?? "" };
  },
  async read(c, id, { function: name, qualifier }) {
    const { Policy: text = "{}" } = await c.call("lambda", "GetPolicy", { FunctionName: name, Qualifier: qualifier });
    const { Statement: statements = [] } = JSON.parse(text) as { Statement?: { Sid?: string }[] };
    return statements.some(({ Sid }) => Sid === id) ? {} : undefined;
  },
  delete: (c, id, { function: name, qualifier }) =>
    c.call("lambda", "RemovePermission", { FunctionName: name, StatementId: id, Qualifier: qualifier }),
});

const MAPPING_DEFAULTS = {
  bisectBatchOnFunctionError: false,
  filterCriteria: {},
  functionResponseTypes: [],
  maximumBatchingWindowInSeconds: 0,
  scalingConfig: {},
};

function mappingOutputs(c: Context, id: string, name: string) {
  const arn = c.arn("lambda", `event-source-mapping:${id}`);
  return { id, uuid: id, arn, functionArn: functionArn(c, name) };
}

const eventSourceMapping = resource<aws.lambda.EventSourceMappingArgs>({
  cloudFormation: { type: "AWS::Lambda::EventSourceMapping" },
  inputs: [
    "eventSourceArn",
    "startingPosition",
    "startingPositionTimestamp",
    "batchSize",
    "bisectBatchOnFunctionError",
    "enabled",
    "filterCriteria",
    "functionName",
    "functionResponseTypes",
    "kmsKeyArn",
    "maximumBatchingWindowInSeconds",
    "maximumRecordAgeInSeconds",
    "maximumRetryAttempts",
    "parallelizationFactor",
    "scalingConfig",
    "tags",
    "tumblingWindowInSeconds",
  ],
  checks: {
    filterCriteria: ({ filters = [] }) =>
      filters.map(({ pattern }) => pattern && jsonObject(pattern)).find((problem) => problem !== undefined),
  },
  async create(c, inputs) {
    const { UUID: id = "" } = await c.call("lambda", "CreateEventSourceMapping", {}, inputs);
    return mappingOutputs(c, id, inputs.functionName);
  },
  async find(c, { functionName: name, eventSourceArn }, taken) {
    const request = { FunctionName: name, EventSourceArn: eventSourceArn };
    const { EventSourceMappings: found } = await c.call("lambda", "ListEventSourceMappings", request);
    const id = found?.find(({ UUID = "" }) => !taken.has(UUID))?.UUID;
    return id === undefined ? undefined : mappingOutputs(c, id, name);
  },
  async read(c, id, state) {
    const found = await c.call("lambda", "GetEventSourceMapping", { UUID: id });
    if (found.State === "Deleting") return undefined;
    // The program may give the function's name or its ARN.
    const { functionName } = state;
    const same = found.FunctionArn === functionArn(c, functionName);
    const current = {
      ...found,
      enabled: !/Disabl/.test(found.State ?? ""),
      functionName: same ? functionName : found.FunctionArn,
    };
    const { Tags } = await c.call("lambda", "ListTags", { Resource: c.arn("lambda", `event-source-mapping:${id}`) });
    return { ...c.mirror(omit(state, "tags"), current), tags: ownTags(Tags) };
  },
  async update(c, id, now, before) {
    const defaults = restored(now, before, MAPPING_DEFAULTS);
    await c.call("lambda", "UpdateEventSourceMapping", { UUID: id }, { ...now, ...defaults });
    const arn = c.arn("lambda", `event-source-mapping:${id}`);
    await retag(
      now.tags,
      before.tags,
      (put) => c.call("lambda", "TagResource", { Resource: arn, Tags: put }),
      (keys) => c.call("lambda", "UntagResource", { Resource: arn, TagKeys: keys }),
    );
    return { functionArn: functionArn(c, now.functionName) };
  },
  async delete(c, id) {
    await c.call("lambda", "DeleteEventSourceMapping", { UUID: id });
  },
});

function functionArn(c: Context, name: string): string {
  return name.startsWith("arn:") ? name : c.arn("lambda", `function:${name}`);
}

export const LAMBDA: ResourceTable = {
  "aws:lambda/function:Function": lambdaFunction,
  "aws:lambda/permission:Permission": permission,
  "aws:lambda/eventSourceMapping:EventSourceMapping": eventSourceMapping,
};
