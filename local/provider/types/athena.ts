import type * as aws from "@pulumi/aws";
import { between, oneOf } from "../../aws-models";
import { resource, type ResourceTable } from "../resource";
import { changed, omit, type Plain } from "../values";
import { retag, tagList, tagMap } from "./shared";

/** Names of Glue's that Athena can write in a query: it folds them to lower case. */
const folded = (name: string): string | undefined =>
  /^[a-z0-9_]+$/.test(name) ? undefined : `"${name}" has other characters than lower-case letters, digits and _`;

const database = resource<aws.glue.CatalogDatabaseArgs>({
  cloudFormation: {
    type: "AWS::Glue::Database",
    names: {
      description: "DatabaseInput/Description",
      locationUri: "DatabaseInput/LocationUri",
      name: "DatabaseName",
      parameters: "DatabaseInput/Parameters",
    },
  },
  inputs: ["name", "description", "locationUri", "parameters", "tags"],
  required: ["name"],
  checks: { name: folded },
  async create(c, inputs) {
    const { name = "" } = inputs;
    await c.call("glue", "CreateDatabase", { Tags: inputs.tags }, { databaseInput: databaseInput(inputs) });
    // As `@pulumi/aws` has it: the catalog's id, which is the account's, and the name.
    return { id: `${c.account}:${name}`, arn: c.arn("glue", `database/${name}`) };
  },
  async read(c, id, { description, locationUri, parameters }) {
    const Name = nameIn(id);
    const { Database: found } = await c.call("glue", "GetDatabase", { Name });
    const { Tags } = await c.call("glue", "GetTags", { ResourceArn: c.arn("glue", `database/${Name}`) });
    return { ...c.mirror({ description, locationUri, parameters }, found), tags: Tags ?? {} };
  },
  async update(c, id, now, before) {
    const ResourceArn = c.arn("glue", `database/${nameIn(id)}`);
    if (changed(now, before, "description", "locationUri", "parameters")) {
      await c.call("glue", "UpdateDatabase", { Name: nameIn(id) }, { databaseInput: databaseInput(now) });
    }
    await retag(
      now.tags,
      before.tags,
      (TagsToAdd) => c.call("glue", "TagResource", { ResourceArn, TagsToAdd }),
      (TagsToRemove) => c.call("glue", "UntagResource", { ResourceArn, TagsToRemove }),
    );
  },
  delete: (c, id) => c.call("glue", "DeleteDatabase", { Name: nameIn(id) }),
});

/** An update leaves out nothing: what is not said any longer is emptied. */
const databaseInput = ({
  name,
  description = "",
  locationUri,
  parameters = {},
}: Plain<aws.glue.CatalogDatabaseArgs>) => ({
  ...{ name, description, locationUri, parameters },
});

/** What follows the catalog's id: `123456789012:fraud` → `fraud`. */
const nameIn = (id: string): string => id.slice(id.lastIndexOf(":") + 1);

const table = resource<aws.glue.CatalogTableArgs>({
  cloudFormation: {
    type: "AWS::Glue::Table",
    names: {
      description: "TableInput/Description",
      name: "TableInput/Name",
      owner: "TableInput/Owner",
      parameters: "TableInput/Parameters",
      partitionKeys: "TableInput/PartitionKeys",
      storageDescriptor: "TableInput/StorageDescriptor",
      tableType: "TableInput/TableType",
    },
  },
  inputs: [
    "databaseName",
    "name",
    "description",
    "owner",
    "parameters",
    "partitionKeys",
    "storageDescriptor",
    "tableType",
  ],
  required: ["name"],
  checks: { name: folded },
  async create(c, { databaseName, ...tableInput }) {
    await c.call("glue", "CreateTable", { DatabaseName: databaseName }, { tableInput });
    const { name = "" } = tableInput;
    return { id: `${c.account}:${databaseName}:${name}`, arn: c.arn("glue", `table/${databaseName}/${name}`) };
  },
  async read(c, _id, { databaseName, name, ...state }) {
    const { Table } = await c.call("glue", "GetTable", { DatabaseName: databaseName, Name: name });
    return c.mirror(state, Table);
  },
  async update(c, _id, { databaseName, ...tableInput }) {
    // The service keeps nothing of a table that is not said again.
    await c.call("glue", "UpdateTable", { DatabaseName: databaseName }, { tableInput });
  },
  delete: (c, _id, { databaseName, name }) => c.call("glue", "DeleteTable", { DatabaseName: databaseName, Name: name }),
});

type WorkgroupInputs = Plain<aws.athena.WorkgroupArgs>;

/** A workgroup's configuration as Athena takes it when one is made. */
function configuration({ configuration: wanted = {} }: WorkgroupInputs) {
  const { engineVersion, resultConfiguration: results } = wanted;
  return {
    BytesScannedCutoffPerQuery: wanted.bytesScannedCutoffPerQuery,
    // What @pulumi/aws takes where nothing is said.
    EnforceWorkGroupConfiguration: wanted.enforceWorkgroupConfiguration ?? true,
    EngineVersion: engineVersion && { SelectedEngineVersion: engineVersion.selectedEngineVersion },
    PublishCloudWatchMetricsEnabled: wanted.publishCloudwatchMetricsEnabled ?? true,
    RequesterPaysEnabled: wanted.requesterPaysEnabled ?? false,
    ResultConfiguration: results && {
      OutputLocation: results.outputLocation,
      EncryptionConfiguration: results.encryptionConfiguration && {
        EncryptionOption: results.encryptionConfiguration.encryptionOption,
        KmsKey: results.encryptionConfiguration.kmsKeyArn,
      },
    },
  };
}

/** The same for one that there is: what is not said any longer is removed by name. */
function configurationUpdates(now: WorkgroupInputs) {
  const { ResultConfiguration: results, ...rest } = configuration(now);
  return {
    ...rest,
    RemoveBytesScannedCutoffPerQuery: rest.BytesScannedCutoffPerQuery === undefined,
    ResultConfigurationUpdates: {
      ...results,
      RemoveOutputLocation: results?.OutputLocation === undefined,
      RemoveEncryptionConfiguration: results?.EncryptionConfiguration === undefined,
    },
  };
}

const workgroup = resource<aws.athena.WorkgroupArgs>({
  cloudFormation: {
    type: "AWS::Athena::WorkGroup",
    names: { configuration: "WorkGroupConfiguration" },
    // Of the deletion alone.
    own: ["forceDestroy"],
  },
  inputs: ["name", "configuration", "description", "forceDestroy", "state", "tags"],
  required: ["name"],
  blocks: {
    configuration: [
      ...["bytesScannedCutoffPerQuery", "enforceWorkgroupConfiguration", "engineVersion"],
      ...["publishCloudwatchMetricsEnabled", "requesterPaysEnabled", "resultConfiguration"],
    ],
    "configuration.engineVersion": ["selectedEngineVersion"],
    "configuration.resultConfiguration": ["encryptionConfiguration", "outputLocation"],
    "configuration.resultConfiguration.encryptionConfiguration": ["encryptionOption", "kmsKeyArn"],
  },
  checks: {
    configuration: ({ bytesScannedCutoffPerQuery: bytes }) =>
      bytes === undefined ? undefined : between(bytes, 10_000_000, Number.MAX_SAFE_INTEGER),
    state: (state) => oneOf(state, ["ENABLED", "DISABLED"]),
  },
  async create(c, inputs) {
    const { name = "", description, state, tags } = inputs;
    const Configuration = configuration(inputs);
    await c.call("athena", "CreateWorkGroup", {
      Name: name,
      Configuration,
      Description: description,
      Tags: tagList(tags),
    });
    const created = c.exists({ id: name, arn: c.arn("athena", `workgroup/${name}`) });
    // It comes enabled.
    if (state === "DISABLED") await c.call("athena", "UpdateWorkGroup", { WorkGroup: name, State: state });
    return created;
  },
  async read(c, id, state) {
    const { WorkGroups } = await c.call("athena", "ListWorkGroups", {});
    if (!WorkGroups?.some(({ Name }) => Name === id)) return undefined;
    const { WorkGroup: found } = await c.call("athena", "GetWorkGroup", { WorkGroup: id });
    const results = found?.Configuration?.ResultConfiguration;
    const encryption = results?.EncryptionConfiguration;
    const current = {
      ...found,
      Configuration: {
        ...found?.Configuration,
        ResultConfiguration: {
          ...results,
          EncryptionConfiguration: encryption && { ...encryption, kmsKeyArn: encryption.KmsKey },
        },
      },
    };
    const ResourceARN = c.arn("athena", `workgroup/${id}`);
    const { Tags } = await c.call("athena", "ListTagsForResource", { ResourceARN });
    return { ...c.mirror(omit(state, "name", "forceDestroy", "tags"), current), tags: tagMap(Tags) };
  },
  async update(c, id, now, before) {
    if (changed(now, before, "configuration", "description", "state")) {
      await c.call("athena", "UpdateWorkGroup", {
        WorkGroup: id,
        ConfigurationUpdates: configurationUpdates(now),
        Description: now.description ?? "",
        State: now.state ?? "ENABLED",
      });
    }
    const ResourceARN = c.arn("athena", `workgroup/${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("athena", "TagResource", { ResourceARN, Tags: tagList(tags) }),
      (TagKeys) => c.call("athena", "UntagResource", { ResourceARN, TagKeys }),
    );
  },
  delete: (c, id, { forceDestroy }) =>
    c.call("athena", "DeleteWorkGroup", { WorkGroup: id, RecursiveDeleteOption: forceDestroy ?? false }),
});

const namedQuery = resource<aws.athena.NamedQueryArgs>({
  cloudFormation: { type: "AWS::Athena::NamedQuery", names: { query: "QueryString" } },
  inputs: ["name", "database", "description", "query", "workgroup"],
  required: ["name"],
  async create(c, { query, workgroup: WorkGroup, ...inputs }) {
    const request = { QueryString: query, WorkGroup };
    const { NamedQueryId: id = "" } = await c.call("athena", "CreateNamedQuery", request, inputs);
    return { id };
  },
  async find(c, inputs, taken) {
    const { NamedQueryIds: ids = [] } = await c.call("athena", "ListNamedQueries", { WorkGroup: inputs.workgroup });
    for (const id of ids.filter((one) => !taken.has(one))) {
      const { NamedQuery: found } = await c.call("athena", "GetNamedQuery", { NamedQueryId: id });
      if (found?.Name === inputs.name && found?.QueryString === inputs.query) return { id };
    }
    return undefined;
  },
  async read(c, id, { workgroup: WorkGroup, ...state }) {
    const { NamedQueryIds: ids } = await c.call("athena", "ListNamedQueries", { WorkGroup });
    if (!ids?.includes(id)) return undefined;
    const { NamedQuery: found } = await c.call("athena", "GetNamedQuery", { NamedQueryId: id });
    return c.mirror({ ...state, workgroup: WorkGroup }, { ...found, query: found?.QueryString });
  },
  delete: (c, id) => c.call("athena", "DeleteNamedQuery", { NamedQueryId: id }),
});

/** Glue's catalog, and the Athena that reads it. */
export const ATHENA: ResourceTable = {
  "aws:athena/namedQuery:NamedQuery": namedQuery,
  "aws:athena/workgroup:Workgroup": workgroup,
  "aws:glue/catalogDatabase:CatalogDatabase": database,
  "aws:glue/catalogTable:CatalogTable": table,
};
