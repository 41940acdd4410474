import type { GlobalSecondaryIndexDescription, KeySchemaElement, TableDescription } from "@aws-sdk/client-dynamodb";
import type * as aws from "@pulumi/aws";
import { named } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { changed, omit, type Plain } from "../values";
import { retag, tagList, tagMap } from "./shared";

type Args = aws.dynamodb.TableArgs;
type Table = Plain<Args>;
type GlobalIndex = NonNullable<Table["globalSecondaryIndexes"]>[number];

const PROVISIONED = "PROVISIONED";

function keySchema(hashKey: string | undefined, rangeKey: string | undefined) {
  return [
    { AttributeName: hashKey, KeyType: "HASH" },
    ...(rangeKey ? [{ AttributeName: rangeKey, KeyType: "RANGE" }] : []),
  ];
}

function throughput({
  billingMode,
  readCapacity,
  writeCapacity,
}: Pick<Table, "billingMode" | "readCapacity" | "writeCapacity">) {
  if (billingMode !== PROVISIONED) return undefined;
  return { ReadCapacityUnits: readCapacity ?? 1, WriteCapacityUnits: writeCapacity ?? 1 };
}

function globalIndex(index: GlobalIndex, { billingMode }: Table) {
  const { name, hashKey, rangeKey, keySchemas, projectionType, nonKeyAttributes } = index;
  const { onDemandThroughput: onDemand, warmThroughput: warm, ...capacity } = index;
  return {
    IndexName: name,
    KeySchema:
      keySchemas?.map(({ attributeName: AttributeName, keyType: KeyType }) => ({ AttributeName, KeyType })) ??
      keySchema(hashKey, rangeKey),
    OnDemandThroughput: onDemand && {
      MaxReadRequestUnits: onDemand.maxReadRequestUnits,
      MaxWriteRequestUnits: onDemand.maxWriteRequestUnits,
    },
    Projection: { ProjectionType: projectionType, NonKeyAttributes: nonKeyAttributes },
    ProvisionedThroughput: throughput({ billingMode, ...capacity }),
    WarmThroughput: warm && {
      ReadUnitsPerSecond: warm.readUnitsPerSecond,
      WriteUnitsPerSecond: warm.writeUnitsPerSecond,
    },
  };
}

function definitions({ attributes }: Table) {
  return attributes?.map(({ name, type }) => ({ AttributeName: name, AttributeType: type }));
}

function encryption({ serverSideEncryption: wanted }: Table) {
  const own = wanted?.kmsKeyArn;
  return wanted && { Enabled: wanted.enabled, SSEType: own ? "KMS" : undefined, KMSMasterKeyId: own };
}

function stream({ streamEnabled, streamViewType }: Table) {
  return streamEnabled ? { StreamEnabled: true, StreamViewType: streamViewType } : undefined;
}

/** The service takes one change of an index per request: what goes, then what comes; a changed index does both. */
async function updateIndexes(c: Context, id: string, now: Table, before: Table): Promise<void> {
  const text = (index: GlobalIndex) => JSON.stringify(index);
  const [news, olds] = [now.globalSecondaryIndexes ?? [], before.globalSecondaryIndexes ?? []];
  const gone = olds.filter((old) => !news.some((index) => text(index) === text(old)));
  const added = news.filter((index) => !olds.some((old) => text(old) === text(index)));
  const request = { TableName: id, AttributeDefinitions: definitions(now) };
  for (const { name } of gone) {
    await c.call("dynamodb", "UpdateTable", {
      ...request,
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: name } }],
    });
  }
  for (const index of added) {
    const Create = globalIndex(index, now);
    await c.call("dynamodb", "UpdateTable", { ...request, GlobalSecondaryIndexUpdates: [{ Create }] });
  }
}

/**
 * Changes of the table itself. The service takes one kind of change per request, and refuses a throughput that is the
 * one it has.
 */
function tableUpdates(now: Table, before: Table) {
  const updates: object[] = [];
  if (changed(now, before, "billingMode", "readCapacity", "writeCapacity")) {
    updates.push({ BillingMode: now.billingMode, ProvisionedThroughput: throughput(now) });
  }
  if (changed(now, before, "deletionProtectionEnabled")) {
    updates.push({ DeletionProtectionEnabled: now.deletionProtectionEnabled ?? false });
  }
  if (changed(now, before, "tableClass")) updates.push({ TableClass: now.tableClass ?? "STANDARD" });
  if (changed(now, before, "serverSideEncryption")) {
    updates.push({ SSESpecification: encryption(now) ?? { Enabled: false } });
  }
  if (changed(now, before, "streamEnabled", "streamViewType")) {
    // A stream's view can't be changed: the old stream ends, and another begins.
    if (before.streamEnabled) updates.push({ StreamSpecification: { StreamEnabled: false } });
    if (now.streamEnabled) updates.push({ StreamSpecification: stream(now) });
  }
  return updates;
}

async function putTimeToLive(c: Context, id: string, ttl: Table["ttl"], before: Table["ttl"]): Promise<void> {
  const AttributeName = ttl?.attributeName ?? before?.attributeName;
  const TimeToLiveSpecification = { Enabled: ttl?.enabled ?? false, AttributeName };
  await c.call("dynamodb", "UpdateTimeToLive", { TableName: id, TimeToLiveSpecification });
}

async function putBackups(c: Context, id: string, recovery: Table["pointInTimeRecovery"]): Promise<void> {
  const PointInTimeRecoverySpecification = {
    PointInTimeRecoveryEnabled: recovery?.enabled ?? false,
    RecoveryPeriodInDays: recovery?.recoveryPeriodInDays,
  };
  await c.call("dynamodb", "UpdateContinuousBackups", { TableName: id, PointInTimeRecoverySpecification });
}

/** What the service says of a table, in the inputs' form; indexes and attributes in the order in which they are written. */
function tableInputs(found: TableDescription | undefined, written: Table) {
  const provisioned = found?.ProvisionedThroughput;
  const encrypted = found?.SSEDescription;
  return {
    attributes: ordered(
      (found?.AttributeDefinitions ?? []).map(({ AttributeName: name = "", AttributeType: type = "" }) => ({
        name,
        type,
      })),
      written.attributes,
    ),
    billingMode: found?.BillingModeSummary?.BillingMode ?? PROVISIONED,
    deletionProtectionEnabled: found?.DeletionProtectionEnabled,
    globalSecondaryIndexes: ordered(
      (found?.GlobalSecondaryIndexes ?? []).map(indexInputs),
      written.globalSecondaryIndexes,
    ),
    hashKey: keyOf(found?.KeySchema, "HASH"),
    localSecondaryIndexes: ordered(
      (found?.LocalSecondaryIndexes ?? []).map(indexInputs),
      written.localSecondaryIndexes,
    ),
    rangeKey: keyOf(found?.KeySchema, "RANGE"),
    readCapacity: provisioned?.ReadCapacityUnits,
    serverSideEncryption: { enabled: /^ENABL/.test(encrypted?.Status ?? ""), kmsKeyArn: encrypted?.KMSMasterKeyArn },
    streamEnabled: found?.StreamSpecification?.StreamEnabled ?? false,
    streamViewType: found?.StreamSpecification?.StreamViewType,
    tableClass: found?.TableClassSummary?.TableClass ?? "STANDARD",
    writeCapacity: provisioned?.WriteCapacityUnits,
  };
}

function keyOf(schema: KeySchemaElement[] | undefined, type: string): string | undefined {
  return schema?.find(({ KeyType }) => KeyType === type)?.AttributeName;
}

function indexInputs(index: GlobalSecondaryIndexDescription) {
  return {
    name: index.IndexName ?? "",
    hashKey: keyOf(index.KeySchema, "HASH"),
    rangeKey: keyOf(index.KeySchema, "RANGE"),
    keySchemas: index.KeySchema,
    onDemandThroughput: index.OnDemandThroughput,
    warmThroughput: index.WarmThroughput,
    projectionType: index.Projection?.ProjectionType,
    nonKeyAttributes: index.Projection?.NonKeyAttributes,
    readCapacity: index.ProvisionedThroughput?.ReadCapacityUnits,
    writeCapacity: index.ProvisionedThroughput?.WriteCapacityUnits,
  };
}

/** A service keeps sets: what a program wrote comes first, in its order. */
function ordered<T extends { name: string }>(found: T[], written: { name: string }[] | undefined): T[] {
  const place = ({ name }: T) => {
    const at = written?.findIndex((one) => one.name === name) ?? -1;
    return at < 0 ? found.length : at;
  };
  return [...found].sort((one, other) => place(one) - place(other));
}

function tableOutputs(
  c: Context,
  name: string,
  described: { LatestStreamArn?: string; LatestStreamLabel?: string } = {},
) {
  const { LatestStreamArn: streamArn, LatestStreamLabel: streamLabel } = described;
  return { arn: c.arn("dynamodb", `table/${name}`), streamArn, streamLabel };
}

function hasAttribute(name: string, { attributes }: Table): string | undefined {
  if (!Array.isArray(attributes) || attributes.some((attribute) => attribute.name === name)) return undefined;
  return `"${name}" is not among the attributes`;
}

/** Members of every index. */
const INDEX = ["name", "nonKeyAttributes", "projectionType", "rangeKey"] as const;

const table = resource<Args>({
  cloudFormation: {
    type: "AWS::DynamoDB::Table",
    names: {
      attributes: "AttributeDefinitions",
      hashKey: "KeySchema",
      name: "TableName",
      pointInTimeRecovery: "PointInTimeRecoverySpecification",
      rangeKey: "KeySchema",
      readCapacity: "ProvisionedThroughput/ReadCapacityUnits",
      serverSideEncryption: "SSESpecification",
      streamEnabled: "StreamSpecification",
      streamViewType: "StreamSpecification/StreamViewType",
      ttl: "TimeToLiveSpecification",
      writeCapacity: "ProvisionedThroughput/WriteCapacityUnits",
    },
  },
  inputs: [
    "name",
    "hashKey",
    "rangeKey",
    "localSecondaryIndexes",
    "attributes",
    "billingMode",
    "deletionProtectionEnabled",
    "globalSecondaryIndexes",
    "pointInTimeRecovery",
    "readCapacity",
    "serverSideEncryption",
    "streamEnabled",
    "streamViewType",
    "tableClass",
    "tags",
    "ttl",
    "writeCapacity",
  ],
  autoName: { property: "name", maxLength: 255 },
  defaults: { billingMode: PROVISIONED },
  blocks: {
    attributes: ["name", "type"],
    globalSecondaryIndexes: [
      ...INDEX,
      "hashKey",
      "keySchemas",
      "onDemandThroughput",
      "readCapacity",
      "warmThroughput",
      "writeCapacity",
    ],
    "globalSecondaryIndexes.keySchemas": ["attributeName", "keyType"],
    "globalSecondaryIndexes.onDemandThroughput": ["maxReadRequestUnits", "maxWriteRequestUnits"],
    "globalSecondaryIndexes.warmThroughput": ["readUnitsPerSecond", "writeUnitsPerSecond"],
    localSecondaryIndexes: INDEX,
    pointInTimeRecovery: ["enabled", "recoveryPeriodInDays"],
    serverSideEncryption: ["enabled", "kmsKeyArn"],
    ttl: ["attributeName", "enabled"],
  },
  checks: {
    attributes: (attributes, { hashKey, rangeKey, globalSecondaryIndexes = [], localSecondaryIndexes = [] }) => {
      const indexes = [...globalSecondaryIndexes, ...localSecondaryIndexes];
      const keys = new Set([
        hashKey,
        rangeKey,
        ...indexes.flatMap((index) => ["hashKey" in index ? index.hashKey : undefined, index.rangeKey]),
        ...globalSecondaryIndexes.flatMap(({ keySchemas = [] }) =>
          keySchemas.map(({ attributeName }) => attributeName),
        ),
      ]);
      const unused = attributes.find(({ name }) => !keys.has(name));
      return unused && `"${unused.name}" is the key of neither the table nor an index`;
    },
    hashKey: hasAttribute,
    name: (name) =>
      name.length < 3 ? `"${name}" is not at least 3 characters long` : named(name, /^[\w.-]*$/, ", dots, - and _"),
    rangeKey: hasAttribute,
  },
  async create(c, inputs) {
    const { name = "", billingMode, tableClass, deletionProtectionEnabled, hashKey, rangeKey } = inputs;
    const { TableDescription: described } = await c.call("dynamodb", "CreateTable", {
      TableName: name,
      KeySchema: keySchema(hashKey, rangeKey),
      AttributeDefinitions: definitions(inputs),
      BillingMode: billingMode,
      ProvisionedThroughput: throughput(inputs),
      GlobalSecondaryIndexes: inputs.globalSecondaryIndexes?.map((index) => globalIndex(index, inputs)),
      LocalSecondaryIndexes: inputs.localSecondaryIndexes?.map((index) => ({
        IndexName: index.name,
        KeySchema: keySchema(hashKey, index.rangeKey),
        Projection: { ProjectionType: index.projectionType, NonKeyAttributes: index.nonKeyAttributes },
      })),
      SSESpecification: encryption(inputs),
      StreamSpecification: stream(inputs),
      TableClass: tableClass,
      DeletionProtectionEnabled: deletionProtectionEnabled,
      Tags: tagList(inputs.tags),
    });
    const created = c.exists({ id: name, ...tableOutputs(c, name, described) });
    if (inputs.ttl?.enabled) await putTimeToLive(c, name, inputs.ttl, undefined);
    if (inputs.pointInTimeRecovery?.enabled) await putBackups(c, name, inputs.pointInTimeRecovery);
    return created;
  },
  async read(c, id, state) {
    const { Table: found } = await c.call("dynamodb", "DescribeTable", { TableName: id });
    const { TimeToLiveDescription: live } = await c.call("dynamodb", "DescribeTimeToLive", { TableName: id });
    const { ContinuousBackupsDescription: backups } = await c.call("dynamodb", "DescribeContinuousBackups", {
      TableName: id,
    });
    const { Tags } = await c.call("dynamodb", "ListTagsOfResource", { ResourceArn: c.arn("dynamodb", `table/${id}`) });
    const recovery = backups?.PointInTimeRecoveryDescription;
    const current = {
      ...tableInputs(found, state),
      pointInTimeRecovery: {
        enabled: recovery?.PointInTimeRecoveryStatus === "ENABLED",
        recoveryPeriodInDays: recovery?.RecoveryPeriodInDays,
      },
      ttl: { enabled: /^ENABL/.test(live?.TimeToLiveStatus ?? ""), attributeName: live?.AttributeName },
    };
    return { ...c.mirror(omit(state, "name", "tags"), current), ...tableOutputs(c, id, found), tags: tagMap(Tags) };
  },
  async update(c, id, now, before) {
    for (const update of tableUpdates(now, before))
      await c.call("dynamodb", "UpdateTable", { TableName: id, ...update });
    if (changed(now, before, "globalSecondaryIndexes")) await updateIndexes(c, id, now, before);
    if (changed(now, before, "ttl")) await putTimeToLive(c, id, now.ttl, before.ttl);
    if (changed(now, before, "pointInTimeRecovery")) await putBackups(c, id, now.pointInTimeRecovery);
    const ResourceArn = c.arn("dynamodb", `table/${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("dynamodb", "TagResource", { ResourceArn, Tags: tagList(tags) }),
      (TagKeys) => c.call("dynamodb", "UntagResource", { ResourceArn, TagKeys }),
    );
  },
  delete: (c, id) => c.call("dynamodb", "DeleteTable", { TableName: id }),
});

export const DYNAMODB: ResourceTable = { "aws:dynamodb/table:Table": table };
