import type * as aws from "@pulumi/aws";
import { examples, OTHER_TAGS, TAGS, type Examples } from "./examples";
import type { World } from "./world";

const database = async (w: World): Promise<string> => {
  const name = w.name("db").replace("-", "_");
  await w.make<aws.glue.CatalogDatabaseArgs>("aws:glue/catalogDatabase:CatalogDatabase", { name });
  return name;
};

const storage = (column: string, serializationLibrary: string) => ({
  columns: [{ name: column, type: "double", comment: `of ${column}` }],
  inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
  location: `s3://bucket/${column}/`,
  outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
  serDeInfo: { name: column, serializationLibrary, parameters: { "case.insensitive": "true" } },
});

const results = (path: string, kmsKeyArn: string) => ({
  outputLocation: `s3://bucket/${path}/`,
  encryptionConfiguration: { encryptionOption: "SSE_KMS", kmsKeyArn },
});

/** Examples of Glue's catalog and of Athena. */
export const ANALYTICS: Record<string, Examples> = {
  "aws:glue/catalogDatabase:CatalogDatabase": examples<aws.glue.CatalogDatabaseArgs>((w) => [
    {
      inputs: {
        name: w.name("db").replace("-", "_"),
        description: "one",
        locationUri: "s3://bucket/one",
        parameters: { of: "one" },
        tags: TAGS,
      },
      others: {
        name: "another_database",
        description: "other",
        locationUri: "s3://bucket/other",
        parameters: { of: "other" },
        tags: OTHER_TAGS,
      },
    },
  ]),
  "aws:glue/catalogTable:CatalogTable": examples<aws.glue.CatalogTableArgs>(async (w) => [
    {
      inputs: {
        databaseName: await database(w),
        name: "one",
        description: "one",
        owner: "one",
        parameters: { "projection.enabled": "true" },
        partitionKeys: [{ name: "dt", type: "string", comment: "day" }],
        storageDescriptor: storage("one", "org.openx.data.jsonserde.JsonSerDe"),
        tableType: "EXTERNAL_TABLE",
      },
      others: {
        databaseName: "another_database",
        name: "another_table",
        description: "other",
        owner: "other",
        parameters: { "projection.enabled": "false" },
        partitionKeys: [{ name: "hour", type: "int", comment: "hour" }],
        storageDescriptor: storage("other", "org.apache.hadoop.hive.serde2.OpenCSVSerde"),
        tableType: "VIRTUAL_VIEW",
      },
    },
  ]),
  "aws:athena/workgroup:Workgroup": examples<aws.athena.WorkgroupArgs>(async (w) => [
    {
      inputs: {
        name: w.name(),
        description: "one",
        configuration: {
          bytesScannedCutoffPerQuery: 10_000_000,
          enforceWorkgroupConfiguration: true,
          engineVersion: { selectedEngineVersion: "Athena engine version 3" },
          publishCloudwatchMetricsEnabled: true,
          requesterPaysEnabled: false,
          resultConfiguration: results("one", (await w.key()).arn),
        },
        forceDestroy: false,
        state: "ENABLED",
        tags: TAGS,
      },
      others: {
        name: "another-workgroup",
        description: "other",
        configuration: {
          bytesScannedCutoffPerQuery: 20_000_000,
          enforceWorkgroupConfiguration: false,
          engineVersion: { selectedEngineVersion: "AUTO" },
          publishCloudwatchMetricsEnabled: false,
          requesterPaysEnabled: true,
          resultConfiguration: results("other", (await w.key("other-key")).arn),
        },
        forceDestroy: true,
        state: "DISABLED",
        tags: OTHER_TAGS,
      },
    },
  ]),
  "aws:athena/namedQuery:NamedQuery": examples<aws.athena.NamedQueryArgs>(async (w) => {
    const name = w.name();
    await w.make<aws.athena.WorkgroupArgs>("aws:athena/workgroup:Workgroup", { name });
    return [
      {
        inputs: { name: w.name(), database: "one", description: "one", query: "SELECT 1", workgroup: name },
        others: { name: "another", database: "other", description: "other", query: "SELECT 2", workgroup: "primary" },
      },
    ];
  }),
};
