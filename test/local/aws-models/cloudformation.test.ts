import { expect } from "chai";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCloudFormation } from "../../../local/aws-models";

/** Schemas as cfn-lint lays them out: a file of each version of a type, and which of them each region has. */
const QUEUE_EVERYWHERE = {
  typeName: "AWS::Test::Queue",
  definitions: {
    Redrive: { type: "object", properties: { TargetArn: { type: "string" }, Count: { $ref: "#/none" } } },
  },
  properties: {
    Name: { type: "string" },
    Redrive: { $ref: "#/definitions/Redrive" },
    Tags: { type: "array", items: { type: "object", properties: { Key: {}, Value: {} } } },
    Either: { oneOf: [{ properties: { One: {} } }, { properties: { Other: {} } }] },
  },
  createOnlyProperties: ["/properties/Name", "/properties/Redrive/TargetArn"],
  conditionalCreateOnlyProperties: ["/properties/Tags/*/Key"],
};
const QUEUE_IN_ONE_REGION = {
  typeName: "AWS::Test::Queue",
  properties: { Name: {}, Zone: {} },
  createOnlyProperties: ["/properties/Zone"],
};
const REGIONS = { one: { "AWS::Test::Queue": "queue" }, other: { "AWS::Test::Queue": "queue-other" } };

describe("CloudFormation's schemas of resource types", () => {
  const directory = mkdtempSync(join(tmpdir(), "schemas-"));
  const before = { schemas: process.env["CFNLINT_SCHEMAS"], cache: process.env["AWS_MODELS_CACHE"] };
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  beforeEach(() => {
    for (const folder of ["providers", "resources"]) mkdirSync(join(directory, folder), { recursive: true });
    const write = (path: string, content: object) => writeFileSync(join(directory, path), JSON.stringify(content));
    write("version.json", { schema_date: "2026-01-01T00:00:00Z" });
    for (const [region, types] of Object.entries(REGIONS)) write(join("providers", `${region}.json`), types);
    write(join("resources", "queue.json"), QUEUE_EVERYWHERE);
    write(join("resources", "queue-other.json"), QUEUE_IN_ONE_REGION);
    set("CFNLINT_SCHEMAS", directory);
    set("AWS_MODELS_CACHE", join(directory, "cache"));
  });
  afterEach(() => {
    set("CFNLINT_SCHEMAS", before.schemas);
    set("AWS_MODELS_CACHE", before.cache);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("tell the properties, through references, lists and alternatives, and what makes a new resource, in any region", () => {
    expect(loadCloudFormation(["AWS::Test::Queue"])).to.deep.equal({
      "AWS::Test::Queue": {
        properties: [
          "Either",
          "Either/One",
          "Either/Other",
          "Name",
          "Redrive",
          "Redrive/Count",
          "Redrive/TargetArn",
          "Tags",
          "Tags/Key",
          "Tags/Value",
          "Zone",
        ],
        createOnly: ["Name", "Redrive/TargetArn", "Zone"],
        conditionalCreateOnly: ["Tags/Key"],
      },
    });
  });

  it("are read once, and again when they are of another date", () => {
    const types = ["AWS::Test::Queue"];
    const first = loadCloudFormation(types);
    expect(readdirSync(join(directory, "cache"))).to.have.length(1);
    rmSync(join(directory, "resources"), { recursive: true });
    expect(loadCloudFormation(types)).to.deep.equal(first);
    writeFileSync(join(directory, "version.json"), JSON.stringify({ schema_date: "2026-02-01T00:00:00Z" }));
    expect(() => loadCloudFormation(types)).to.throw("CloudFormation has no type AWS::Test::Queue");
  });

  it("are missed by name", () => {
    expect(() => loadCloudFormation(["AWS::Test::Nothing"])).to.throw("CloudFormation has no type AWS::Test::Nothing");
    set("CFNLINT_SCHEMAS", "/nowhere");
    expect(() => loadCloudFormation([])).to.throw("CFNLINT_SCHEMAS is /nowhere, which does not exist");
  });
});
