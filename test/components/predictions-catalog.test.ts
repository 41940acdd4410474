import { expect } from "chai";
import { allowPolicy } from "../../components/iam";
import { PredictionsCatalog } from "../../components/predictions-catalog";
import { QUERIES } from "../../components/predictions-queries";
import { Storage } from "../../components/storage";
import {
  everythingRegistered,
  inputsOf,
  ofType,
  recording,
  startRecording,
  statementsOf,
  valueOf,
} from "./support/mocks";

const KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/storage-key";

describe("the catalog of predictions", () => {
  beforeEach(startRecording);

  async function make(): Promise<PredictionsCatalog> {
    const storage = new Storage("storage", { prefix: "cards" }, recording);
    const catalog = new PredictionsCatalog("catalog", { storage, folder: "predictions", queryScanLimitGb: 3 });
    await everythingRegistered();
    return catalog;
  }

  it("projects a partition for each day, so that none is ever added", async () => {
    await make();
    expect(inputsOf("aws:glue/catalogDatabase:CatalogDatabase", "catalog-database").name).to.equal("fraud_local");
    const { parameters, partitionKeys, storageDescriptor, databaseName } = inputsOf(
      "aws:glue/catalogTable:CatalogTable",
      "catalog-table",
    );
    expect(databaseName).to.equal("fraud_local");
    expect(parameters).to.deep.include({
      "projection.enabled": "true",
      "projection.dt.type": "date",
      "projection.dt.format": "yyyy-MM-dd",
      "projection.dt.range": "2026-01-01,NOW+1DAYS",
      "storage.location.template": "s3://storage-bucket/cards/predictions/dt=${dt}/",
    });
    expect(partitionKeys).to.have.nested.property("[0].name", "dt");
    expect(storageDescriptor).to.deep.include({ location: "s3://storage-bucket/cards/predictions/" });
  });

  it("breaks off what reads too much, and has answers encrypted whatever is asked for", async () => {
    await make();
    const { configuration, name } = inputsOf("aws:athena/workgroup:Workgroup", "catalog-queries");
    expect(name).to.equal("fraud-local-catalog-queries");
    expect(configuration).to.deep.equal({
      bytesScannedCutoffPerQuery: 3_000_000_000,
      enforceWorkgroupConfiguration: true,
      publishCloudwatchMetricsEnabled: true,
      engineVersion: { selectedEngineVersion: "Athena engine version 3" },
      resultConfiguration: {
        outputLocation: "s3://storage-bucket/cards/query-results/",
        encryptionConfiguration: { encryptionOption: "SSE_KMS", kmsKeyArn: KEY_ARN },
      },
    });
  });

  it("offers its queries in its workgroup, each of which names the days that it reads", async () => {
    await make();
    const offered = ofType("aws:athena/namedQuery:NamedQuery").map(({ inputs }) => inputs);
    expect(offered.map(({ name }) => name)).to.have.members(QUERIES.map(({ name }) => name));
    for (const { workgroup, database, query } of offered) {
      expect([workgroup, database]).to.deep.equal(["fraud-local-catalog-queries", "fraud_local"]);
      expect(query).to.match(/\bWHERE dt >= /);
      // Trino's numbers with a point are decimals, whose division keeps but as many digits as they have.
      expect(query).not.to.match(/\d\.\d/);
    }
  });

  it("lets who queries read predictions, and write answers alone", async () => {
    const catalog = await make();
    const statements = statementsOf(await valueOf(allowPolicy(catalog.querying())));
    const resourcesOf = (action: string) =>
      statements.flatMap(({ Action, Resource }) => ([Action].flat().includes(action) ? [Resource].flat() : []));
    expect(resourcesOf("s3:PutObject")).to.deep.equal(["arn:aws:s3:::storage-bucket/cards/query-results/*"]);
    expect(resourcesOf("s3:GetObject")).to.deep.equal([
      "arn:aws:s3:::storage-bucket/cards/predictions/*",
      "arn:aws:s3:::storage-bucket/cards/query-results/*",
    ]);
    expect(resourcesOf("athena:StartQueryExecution")).to.deep.equal([
      "arn:aws:athena:eu-west-1:123456789012:fraud-local-catalog-queries",
    ]);
    expect(resourcesOf("glue:GetTable")).to.deep.equal([
      "arn:aws:glue:eu-west-1:123456789012:catalog",
      "arn:aws:glue:eu-west-1:123456789012:database/fraud_local",
      "arn:aws:glue:eu-west-1:123456789012:table/fraud_local/predictions",
    ]);
  });
});
