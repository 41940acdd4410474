import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { Statement } from "./iam";
import { QUERIES } from "./predictions-queries";
import { QUERY_RESULTS, type Storage } from "./storage";

export interface PredictionsCatalogArgs extends ComponentArgs {
  storage: Storage;
  /** Folder of the predictions' objects under the storage prefix, without slashes at its ends. */
  folder: string;
  /** GB (10^9 bytes) that one query may read before it is broken off. */
  queryScanLimitGb: number;
  transform?: {
    table?: Transform<aws.glue.CatalogTableArgs>;
    workgroup?: Transform<aws.athena.WorkgroupArgs>;
  };
}

/** The columns of a line of a predictions object, in the order of docs/streaming.md. */
export const COLUMNS = [
  { name: "transaction_id", type: "string", comment: "The row's own id, or key#version#row" },
  { name: "prediction", type: "string", comment: "fraud or legitimate" },
  { name: "probability", type: "double", comment: "0 to 1" },
  { name: "threshold", type: "double", comment: "The model's, when the row was scored" },
  { name: "amount", type: "double", comment: "Empty where the schema has none" },
  { name: "scored_at", type: "string", comment: "ISO 8601, UTC, with milliseconds" },
  { name: "source", type: "string", comment: "s3://bucket/key of the file" },
  { name: "source_version", type: "string", comment: "Of the file's object" },
  { name: "row_number", type: "bigint", comment: "In the file, from 1" },
  { name: "model_package", type: "string", comment: "ARN of the model package that scored the row" },
  { name: "model_version", type: "bigint", comment: "The package's number in its group" },
  { name: "inference_id", type: "string", comment: "Names the row in the endpoint's captures" },
] as const;

const TABLE = "predictions";
/** No file landed before: a query that names no day asks for as many partitions as there were days since. */
const FIRST_DAY = "2026-01-01";

/**
 * What SQL sees of the predictions: a table over their objects whose partitions (`dt`, the day on which the file
 * landed) are projected, so that nobody ever adds one; and a workgroup that breaks off queries which read too much,
 * encrypts answers, and offers queries by name.
 *
 * @example
 * new PredictionsCatalog("predictions", { storage, folder: "predictions", queryScanLimitGb: 10 });
 */
export class PredictionsCatalog extends PlatformComponent {
  readonly databaseName: pulumi.Output<string>;
  readonly tableName: pulumi.Output<string>;
  readonly workgroupName: pulumi.Output<string>;
  private readonly workgroupArn: pulumi.Output<string>;
  private readonly storage: Storage;
  private readonly folder: string;

  constructor(name: string, args: PredictionsCatalogArgs, options?: pulumi.ComponentResourceOptions) {
    super("PredictionsCatalog", name, args, options);
    this.storage = args.storage;
    this.folder = args.folder;

    const stackName = `${pulumi.getProject()}-${pulumi.getStack()}`;
    const database = this.child(aws.glue.CatalogDatabase, "database", {
      // Athena folds names to lower case, and takes no dash without quotes.
      name: stackName.toLowerCase().replace(/[^a-z0-9_]/g, "_"),
      description: `Predictions of ${pulumi.getProject()}, stack ${pulumi.getStack()}`,
      tags: this.tags,
    });
    const table = this.makeTable(database, args);
    const workgroup = this.makeWorkgroup(`${stackName}-${this.childName("queries")}`, args);
    for (const { name: query, description, sql } of QUERIES) {
      this.child(aws.athena.NamedQuery, query, {
        name: query,
        description,
        database: database.name,
        workgroup: workgroup.name,
        query: sql(TABLE).trim(),
      });
    }
    this.databaseName = database.name;
    this.tableName = table.name;
    this.workgroupName = workgroup.name;
    this.workgroupArn = workgroup.arn;
    this.registerOutputs({ databaseName: this.databaseName, workgroupName: this.workgroupName });
  }

  /** What asking questions in the workgroup takes: of whoever does, a role or a person's permission set. */
  querying(): Statement[] {
    return [
      {
        actions: [
          ...["athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryExecution"],
          ...["athena:GetQueryResults", "athena:GetWorkGroup", "athena:GetNamedQuery", "athena:ListNamedQueries"],
        ],
        resources: [this.workgroupArn],
      },
      {
        actions: ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
        resources: [
          this.arnOf("glue", "catalog"),
          this.arnOf("glue", pulumi.interpolate`database/${this.databaseName}`),
          this.arnOf("glue", pulumi.interpolate`table/${this.databaseName}/${this.tableName}`),
        ],
      },
      { actions: ["s3:GetBucketLocation"], resources: [this.storage.bucketArn] },
      ...this.storage.reading(`${this.folder}/*`, `${QUERY_RESULTS}/*`),
      ...this.storage.writing(`${QUERY_RESULTS}/*`),
    ];
  }

  private makeTable(database: aws.glue.CatalogDatabase, args: PredictionsCatalogArgs): aws.glue.CatalogTable {
    const location = this.storage.uri(`${this.folder}/`);
    return this.child(
      aws.glue.CatalogTable,
      "table",
      {
        name: TABLE,
        databaseName: database.name,
        description: "Every row that the stream's scorer has scored",
        tableType: "EXTERNAL_TABLE",
        parameters: {
          classification: "json",
          EXTERNAL: "TRUE",
          "projection.enabled": "true",
          "projection.dt.type": "date",
          "projection.dt.format": "yyyy-MM-dd",
          "projection.dt.range": `${FIRST_DAY},NOW+1DAYS`,
          "projection.dt.interval": "1",
          "projection.dt.interval.unit": "DAYS",
          "storage.location.template": pulumi.interpolate`${location}dt=\${dt}/`,
        },
        partitionKeys: [{ name: "dt", type: "string", comment: "Day (UTC) on which the file landed" }],
        storageDescriptor: {
          location,
          columns: COLUMNS.map((column) => ({ ...column })),
          inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
          outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
          serDeInfo: { serializationLibrary: "org.openx.data.jsonserde.JsonSerDe" },
        },
      },
      args.transform?.table,
    );
  }

  private makeWorkgroup(name: string, args: PredictionsCatalogArgs): aws.athena.Workgroup {
    return this.child(
      aws.athena.Workgroup,
      "queries",
      {
        name,
        description: "Queries of the predictions",
        configuration: {
          bytesScannedCutoffPerQuery: args.queryScanLimitGb * 1e9,
          // Whoever asks can't write elsewhere, nor in clear.
          enforceWorkgroupConfiguration: true,
          publishCloudwatchMetricsEnabled: true,
          engineVersion: { selectedEngineVersion: "Athena engine version 3" },
          resultConfiguration: {
            outputLocation: this.storage.uri(`${QUERY_RESULTS}/`),
            encryptionConfiguration: { encryptionOption: "SSE_KMS", kmsKeyArn: this.storage.keyArn },
          },
        },
        // The history of queries goes with it.
        forceDestroy: true,
        tags: this.tags,
      },
      args.transform?.workgroup,
    );
  }
}
