import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cloudFormationSchemas, sameName } from "../../../local/aws-models";
import type { Counterpart } from "../../../local/provider/cloudformation";
import { TYPES } from "../../../local/provider/types";
import { isObject } from "../../../local/provider/values";

/** A resource as a preview reports it. */
export interface Reported {
  urn: string;
  type: string;
  inputs: Record<string, unknown>;
}

export interface Template {
  AWSTemplateFormatVersion: "2010-09-09";
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}

type Value = Record<string, unknown>;

/** What CloudFormation calls the members of blocks that Pulumi calls otherwise, by type. */
const MEMBERS: Record<string, Record<string, string>> = {
  "AWS::Athena::WorkGroup": { kmsKeyArn: "KmsKey" },
  "AWS::CodeBuild::ReportGroup": { type: "ExportConfigType" },
  "AWS::CodePipeline::Pipeline": { pushes: "Push" },
  "AWS::DynamoDB::Table": { kmsKeyArn: "KMSMasterKeyId" },
  "AWS::ECR::Repository": {
    filter: "ImageTagMutabilityExclusionFilterValue",
    filterType: "ImageTagMutabilityExclusionFilterType",
  },
  "AWS::Events::Rule": { inputPaths: "InputPathsMap" },
  "AWS::S3::Bucket": {
    applyServerSideEncryptionByDefault: "ServerSideEncryptionByDefault",
    kmsMasterKeyId: "KMSMasterKeyID",
    days: "TransitionInDays",
    noncurrentDays: "NoncurrentDays",
  },
};

/** Inputs that CloudFormation leaves to itself, or does not know though the service has them. */
const ITS_OWN: Record<string, readonly string[]> = {
  "AWS::EC2::SecurityGroupEgress": ["tags"],
  "AWS::EC2::SecurityGroupIngress": ["tags"],
  "AWS::Glue::Database": ["tags"],
  "AWS::Lambda::Permission": ["statementId"],
};

/** Inputs that CloudFormation has in another form, not only under another name. */
const FORMS: Record<string, Record<string, (value: never, all: Value) => Value>> = {
  "AWS::ApiGateway::Stage": {
    methodPath: (path: string) => ({
      ResourcePath: path.startsWith("*/") ? "/*" : `/${path.slice(0, path.lastIndexOf("/"))}`,
      HttpMethod: path.split("/").at(-1),
    }),
  },
  "AWS::Budgets::Budget": {
    costFilters: (filters: Value[]) => ({
      Budget: { CostFilters: Object.fromEntries(filters.map(({ name, values }) => [String(name), values])) },
    }),
    notifications: (notifications: Value[]) => ({
      NotificationsWithSubscribers: notifications.map((each) => ({
        Notification: {
          ComparisonOperator: each["comparisonOperator"],
          NotificationType: each["notificationType"],
          Threshold: each["threshold"],
          ThresholdType: each["thresholdType"],
        },
        Subscribers: [
          ...subscribers("EMAIL", each["subscriberEmailAddresses"]),
          ...subscribers("SNS", each["subscriberSnsTopicArns"]),
        ],
      })),
    }),
  },
  "AWS::CloudWatch::Alarm": {
    metricQueries: (queries: Value[]) => ({ Metrics: queries.map(metricQuery) }),
  },
  "AWS::CodePipeline::Pipeline": {
    artifactStores: ([store]: Value[]) => {
      const { type, location, encryptionKey } = store ?? {};
      const key = isObject(encryptionKey) ? { Id: encryptionKey["id"], Type: encryptionKey["type"] } : undefined;
      return { ArtifactStore: defined({ Type: type, Location: location, EncryptionKey: key }) };
    },
    stages: (stages: Value[]) => ({
      Stages: stages.map(({ name, actions }) => ({ Name: name, Actions: (actions as Value[]).map(pipelineAction) })),
    }),
  },
  "AWS::DynamoDB::Table": {
    hashKey: (name: string, { rangeKey }) => ({
      KeySchema: [
        { AttributeName: name, KeyType: "HASH" },
        ...(rangeKey === undefined ? [] : [{ AttributeName: rangeKey, KeyType: "RANGE" }]),
      ],
    }),
    rangeKey: () => ({}),
    attributes: (attributes: Value[]) => ({
      AttributeDefinitions: attributes.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    }),
    pointInTimeRecovery: ({ enabled }: Value) => ({
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: enabled },
    }),
    serverSideEncryption: ({ enabled, kmsKeyArn }: Value) => ({
      SSESpecification: { SSEEnabled: enabled, SSEType: "KMS", KMSMasterKeyId: kmsKeyArn },
    }),
  },
  // @pulumi/aws takes the account's catalog where none is named.
  "AWS::Glue::Database": { name: (name: string) => ({ CatalogId: "123456789012", DatabaseName: name }) },
  "AWS::Glue::Table": { databaseName: (name: string) => ({ CatalogId: "123456789012", DatabaseName: name }) },
  "AWS::EC2::FlowLog": { vpcId: (id: string) => ({ ResourceId: id, ResourceType: "VPC" }) },
  "AWS::EC2::InternetGateway": {
    // Another resource attaches it there.
    vpcId: () => ({}),
  },
  "AWS::Lambda::Function": {
    // The file is uploaded with the template.
    code: ({ sha256 }: Value) => ({ Code: { S3Bucket: "artifacts", S3Key: sha256 } }),
  },
  "AWS::S3::Bucket": {
    eventbridge: (on: boolean) => ({
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: on } },
    }),
    rules: (rules: Value[]) =>
      rules.some(({ status }) => status !== undefined)
        ? { Rules: rules.map(lifecycleRule) }
        : {
            BucketEncryption: {
              ServerSideEncryptionConfiguration: rules.map(
                ({ applyServerSideEncryptionByDefault: by, bucketKeyEnabled }) => ({
                  ServerSideEncryptionByDefault: {
                    SSEAlgorithm: isObject(by) ? by["sseAlgorithm"] : undefined,
                    KMSMasterKeyID: isObject(by) ? by["kmsMasterKeyId"] : undefined,
                  },
                  BucketKeyEnabled: bucketKeyEnabled,
                }),
              ),
            },
          },
  },
};

function pipelineAction(action: Value): Value {
  const { name, namespace, category, owner, provider, version, configuration, runOrder } = action;
  const artifacts = (names: unknown) => (Array.isArray(names) ? names.map((Name: unknown) => ({ Name })) : undefined);
  return defined({
    Name: name,
    Namespace: namespace,
    ActionTypeId: { Category: category, Owner: owner, Provider: provider, Version: version },
    Configuration: configuration,
    RunOrder: runOrder,
    InputArtifacts: artifacts(action["inputArtifacts"]),
    OutputArtifacts: artifacts(action["outputArtifacts"]),
  });
}

function subscribers(kind: string, addresses: unknown): Value[] {
  return Array.isArray(addresses) ? addresses.map((Address: unknown) => ({ SubscriptionType: kind, Address })) : [];
}

function metricQuery({ metric, ...query }: Value): Value {
  const plain = Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name[0]?.toUpperCase() + name.slice(1), value]),
  );
  if (!isObject(metric)) return plain;
  const { dimensions, metricName, namespace, period, stat, unit } = metric;
  const pairs = Object.entries(isObject(dimensions) ? dimensions : {}).map(([Name, Value]) => ({ Name, Value }));
  return {
    ...plain,
    MetricStat: defined({
      Metric: { MetricName: metricName, Namespace: namespace, Dimensions: pairs },
      Period: period,
      Stat: stat,
      Unit: unit,
    }),
  };
}

function lifecycleRule(rule: Value): Value {
  const {
    id,
    status,
    filter,
    transitions,
    noncurrentVersionTransitions,
    noncurrentVersionExpiration,
    abortIncompleteMultipartUpload,
    expiration,
  } = rule;
  const list = (value: unknown) => (Array.isArray(value) ? (value as Value[]) : undefined);
  const block = (value: unknown) => (isObject(value) ? value : undefined);
  return defined({
    Id: id,
    Status: status,
    Prefix: block(filter)?.["prefix"],
    Transitions: list(transitions)?.map(({ days, storageClass }) => ({
      TransitionInDays: days,
      StorageClass: storageClass,
    })),
    NoncurrentVersionTransitions: list(noncurrentVersionTransitions)?.map(({ noncurrentDays, storageClass }) => ({
      TransitionInDays: noncurrentDays,
      StorageClass: storageClass,
    })),
    NoncurrentVersionExpiration: block(noncurrentVersionExpiration) && {
      NoncurrentDays: block(noncurrentVersionExpiration)?.["noncurrentDays"],
    },
    AbortIncompleteMultipartUpload: block(abortIncompleteMultipartUpload) && {
      DaysAfterInitiation: block(abortIncompleteMultipartUpload)?.["daysAfterInitiation"],
    },
    ExpirationInDays: block(expiration)?.["days"],
  });
}

function defined(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
}

/** A node of a schema of CloudFormation's. */
interface Node {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Node>;
  items?: Node;
  oneOf?: Node[];
  anyOf?: Node[];
  allOf?: Node[];
  definitions?: Record<string, Node>;
}

/** CloudFormation's own schemas, as cfn-lint has them, of one region. */
class Schemas {
  private readonly files: Record<string, string>;
  private readonly loaded = new Map<string, Node>();

  constructor(region: string) {
    const directory = join(cloudFormationSchemas(), "providers");
    const name = readdirSync(directory).find((file) => file.replaceAll("_", "-") === `${region}.json`);
    this.files = JSON.parse(readFileSync(join(directory, name ?? `${region}.json`), "utf8")) as Record<string, string>;
  }

  /** Undefined where the region does not have the type. */
  of(type: string): Node | undefined {
    const known = this.loaded.get(type);
    if (known) return known;
    const path = join(cloudFormationSchemas(), "resources", `${this.files[type]}.json`);
    if (!existsSync(path)) return undefined;
    const schema = JSON.parse(readFileSync(path, "utf8")) as Node;
    this.loaded.set(type, schema);
    return schema;
  }
}

/** Writes values as one type of CloudFormation's has them. */
class Writer {
  constructor(
    private readonly type: string,
    private readonly schema: Node,
    private readonly unknown: string[],
  ) {}

  /** A resource's inputs, or those of a part of one, as properties of the whole. */
  properties(inputs: Value, { part, names = {}, own = [] }: Counterpart, addresses: readonly string[]): Value {
    const leftOut = [...own, ...addresses, ...(ITS_OWN[this.type] ?? []), "region", "tagsAll"];
    const written: Value = {};
    for (const [input, value] of Object.entries(inputs).filter(([name]) => !leftOut.includes(name))) {
      const form = FORMS[this.type]?.[input];
      const path = names[input] ?? (part ? `${part}/${input}` : input);
      if (form) merge(written, part ? wrapped(part, form(value as never, inputs)) : form(value as never, inputs));
      else merge(written, this.at(path.split("/"), value, this.schema, `${this.type}.${input}`, path === part));
    }
    return part ? this.asOne(written, part.split("/"), this.schema) : written;
  }

  /** What belongs to one part is one element where the whole has a list of them. */
  private asOne(written: Value, [name = "", ...rest]: string[], node: Node): Value {
    const [real, inner] = this.member(node, name) ?? [name, {}];
    const below = written[real];
    if (rest.length > 0 && isObject(below)) return { ...written, [real]: this.asOne(below, rest, inner) };
    return this.isList(inner) && isObject(below) ? { ...written, [real]: [below] } : written;
  }

  /** @param bare the value is one element of the list that it goes into, or a part of one */
  private at([name = "", ...rest]: string[], value: unknown, node: Node, where: string, bare = false): Value {
    const found = this.member(node, name);
    if (!found) {
      this.unknown.push(`${where}: CloudFormation has no ${name}`);
      return {};
    }
    const [real, inner] = found;
    if (rest.length > 0) return { [real]: this.at(rest, value, inner, where, bare) };
    const block = bare && isObject(value) && this.isList(inner);
    return { [real]: block ? this.value(value, this.items(inner), where) : this.value(value, inner, where) };
  }

  private value(value: unknown, node: Node, where: string): unknown {
    const [lists, members] = [this.isList(node), this.members(node)];
    if (typeof value === "string" && (lists || this.takesObject(node)) && /^\s*[[{]/.test(value)) {
      return this.value(JSON.parse(value), node, where);
    }
    if (lists) return this.list(value, this.items(node), where);
    if (Array.isArray(value) && value.length === 1 && Object.keys(members).length > 0)
      return this.value(value[0], node, where);
    if (!isObject(value) || Object.keys(members).length === 0) return value;
    return Object.assign(
      {},
      ...Object.entries(value).map(([name, inner]) =>
        this.at([MEMBERS[this.type]?.[name] ?? name], inner, node, `${where}.${name}`),
      ),
    ) as Value;
  }

  /** A map is a list of pairs: tags, dimensions. */
  private list(value: unknown, items: Node, where: string): unknown[] {
    if (Array.isArray(value)) return value.map((one) => this.value(one, items, where));
    if (!isObject(value)) return [this.value(value, items, where)];
    if (!this.isMap(value, items)) return [this.value(value, items, where)];
    const key = this.member(items, "Key") ? "Key" : "Name";
    return Object.entries(value).map(([name, one]) => ({ [key]: name, Value: one }));
  }

  /** Whether a list of CloudFormation's is a map here. */
  private isMap(value: Value, items: Node): boolean {
    const isPair =
      ["Key", "Name"].some((name) => this.member(items, name)) && this.member(items, "Value") !== undefined;
    return isPair && Object.values(value).every((one) => typeof one !== "object");
  }

  private member(node: Node, name: string): [string, Node] | undefined {
    return Object.entries(this.members(node)).find(([real]) => sameName(name, real));
  }

  /** Members of an object, or of a list's elements. */
  private members(node: Node): Record<string, Node> {
    return Object.assign(
      {},
      ...this.spread(node).map((one) => one.properties ?? {}),
      ...this.spread(this.items(node)).map((one) => one.properties ?? {}),
    ) as Record<string, Node>;
  }

  private isList(node: Node): boolean {
    return this.spread(node).some(({ items, type }) => items !== undefined || type === "array");
  }

  private takesObject(node: Node): boolean {
    return this.spread(node).some(
      ({ type, properties }) => properties !== undefined || [type].flat().includes("object"),
    );
  }

  private items(node: Node): Node {
    return this.spread(node).find(({ items }) => items !== undefined)?.items ?? {};
  }

  /** A node, what it refers to, and its alternatives. */
  private spread(node: Node): Node[] {
    const referred = node.$ref?.startsWith("#/definitions/")
      ? this.schema.definitions?.[node.$ref.slice("#/definitions/".length)]
      : undefined;
    const inner = [
      ...(referred ? [referred] : []),
      ...(node.oneOf ?? []),
      ...(node.anyOf ?? []),
      ...(node.allOf ?? []),
    ];
    return [node, ...inner.flatMap((one) => this.spread(one))];
  }
}

/** A value at the end of a path. */
function wrapped(path: string, value: Value): Value {
  return path.split("/").reduceRight<Value>((inner, name) => ({ [name]: inner }), value);
}

/** Lays properties over others: objects by member, lists one after the other. */
function merge(target: Value, more: Value): void {
  for (const [name, value] of Object.entries(more)) {
    const before = target[name];
    if (isObject(before) && isObject(value)) merge(before, value);
    else if (Array.isArray(before) && Array.isArray(value)) before.push(...(value as unknown[]));
    else target[name] = value;
  }
}

/**
 * The resources as a template of CloudFormation's, of every type that it has in the region. Resources that are a part of
 * another one there (a bucket's versioning) are put into that one.
 *
 * @returns the template, and inputs that have no place in it
 */
export function templateOf(resources: readonly Reported[], region: string): { template: Template; unknown: string[] } {
  const schemas = new Schemas(region);
  const template: Template = { AWSTemplateFormatVersion: "2010-09-09", Resources: {} };
  const unknown: string[] = [];
  const owners: { type: string; inputs: Value; properties: Value }[] = [];
  const known = resources.filter(hasCounterpart).flatMap((resource) => {
    const counterpart = TYPES[resource.type]?.cloudFormation;
    const schema = counterpart && "type" in counterpart ? schemas.of(counterpart.type) : undefined;
    return schema && counterpart && "type" in counterpart ? [{ ...resource, counterpart, schema }] : [];
  });
  for (const { urn, inputs, counterpart, schema } of known.filter((one) => !one.counterpart.address)) {
    const properties = new Writer(counterpart.type, schema, unknown).properties(inputs, counterpart, []);
    const name = `${urn.split("$").at(-1)}`.replace(/[^A-Za-z0-9]/g, "");
    template.Resources[name] = { Type: counterpart.type, Properties: properties };
    owners.push({ type: counterpart.type, inputs, properties });
  }
  for (const { urn, inputs, counterpart, schema } of known.filter((one) => one.counterpart.address)) {
    const { address = [], type } = counterpart;
    const owner = owners.find((one) => one.type === type && isPartOf(inputs, one.inputs, address));
    if (!owner) {
      unknown.push(`${urn}: what it is a part of is not in the stack`);
      continue;
    }
    const addresses = address.filter(
      (input) => owner.inputs[input] !== undefined || owner.inputs["name"] === inputs[input],
    );
    merge(owner.properties, new Writer(type, schema, unknown).properties(inputs, counterpart, addresses));
  }
  return { template, unknown };
}

/** CloudFormation makes no encrypted parameters: their values would stand in its templates. */
const hasCounterpart = ({ type, inputs }: Reported): boolean =>
  type !== "aws:ssm/parameter:Parameter" || inputs["type"] !== "SecureString";

/** Whether the inputs that say what something is a part of are those of this one. */
function isPartOf(part: Value, whole: Value, address: readonly string[]): boolean {
  const said = address.filter((input) => part[input] !== undefined);
  const same = said.filter((input) => whole[input] === part[input] || whole["name"] === part[input]);
  return same.length > 0 && said.every((input) => same.includes(input) || whole[input] === undefined);
}
