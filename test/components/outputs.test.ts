// What a stack tells those who build on it: a contract, and how it reaches them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import { outputsFromParameters } from "../../components/consume";
import { isText, outputNames, OUTPUTS_VERSION, outputTypes, type PlatformOutputs } from "../../components/outputs";
import { PublishedOutputs } from "../../components/published-outputs";
import { everythingRegistered, inputsOf, ofType, startRecording } from "./support/mocks";

const ROOT = join(__dirname, "..", "..");
const PARAMETER = "aws:ssm/parameter:Parameter";
const published = `docs/outputs.v${OUTPUTS_VERSION}.json`;
const CONTRACT = JSON.parse(readFileSync(join(ROOT, published), "utf8")) as {
  version: number;
  outputs: Record<string, string>;
};

/** Outputs that differ in all that may differ: what is optional, lists of every length, text of any kind. */
const anyOutputs: fc.Arbitrary<PlatformOutputs> = fc.record(
  {
    outputsVersion: fc.constant(OUTPUTS_VERSION),
    ...Object.fromEntries(outputNames.filter(isText).map((name) => [name, fc.string()])),
    launcher: fc.record({
      clusterArn: fc.string(),
      taskDefinitionArn: fc.string(),
      taskFamily: fc.string(),
      containerName: fc.string(),
      subnetIds: fc.array(fc.string()),
      securityGroupIds: fc.array(fc.string()),
    }),
    scorer: fc.record({
      tableName: fc.string(),
      queueUrl: fc.string(),
      dlqUrl: fc.string(),
      inputUri: fc.string(),
      quarantineUri: fc.string(),
      predictionsUri: fc.string(),
      manifestsUri: fc.string(),
    }),
    athena: fc.record({ databaseName: fc.string(), tableName: fc.string(), workgroupName: fc.string() }),
    monitors: fc.record({ runFunctionName: fc.string(), outputUri: fc.string() }),
    promotion: fc.record({ functionName: fc.string(), sourceGroupArn: fc.string() }),
  },
  {
    requiredKeys: outputNames.filter(
      (name) => !["rawDataUri", "labelsUri", "promotion", "compareShadowFunctionName", "ciPipelineName"].includes(name),
    ) as never,
  },
) as unknown as fc.Arbitrary<PlatformOutputs>;

const parametersOf = (outputs: PlatformOutputs): Record<string, string> =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [
      `/fraud/prod/${name}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

describe("the outputs' contract", () => {
  const now = outputTypes();

  it("keeps every output that was published, with its type", () => {
    expect(CONTRACT.version).to.equal(OUTPUTS_VERSION);
    const broken = Object.entries(CONTRACT.outputs).filter(([path, type]) => now[path] !== type);
    expect(
      broken.map(([path, type]) => `${path} was ${type} and is ${now[path] ?? "gone"}`),
      `others build on these: raise OUTPUTS_VERSION, and publish the new contract beside ${published}`,
    ).to.deep.equal([]);
  });

  it("publishes every output", () => {
    const unpublished = Object.entries(now).filter(([path]) => !(path in CONTRACT.outputs));
    expect(unpublished, `add these to ${published}: from then on they stay`).to.deep.equal([]);
  });

  it("is described output by output", () => {
    const text = readFileSync(join(ROOT, "docs", "consuming.md"), "utf8");
    expect(Object.keys(now).filter((path) => !text.includes(`\`${path}\``))).to.deep.equal([]);
  });
});

describe("outputs in Systems Manager", () => {
  const [one] = fc.sample(anyOutputs, { numRuns: 1, seed: 7 }) as [PlatformOutputs];

  before(async () => {
    await startRecording();
    new PublishedOutputs("outputs", {
      outputs: { ...one, apiKey: pulumi.secret("hunter2") },
      keyArn: "arn:aws:kms:eu-west-1:123456789012:key/k",
      tags: { stack: "local" },
    });
    await everythingRegistered();
  });

  it("are parameters that read back as the outputs", () => {
    const plain = ofType(PARAMETER).filter(({ inputs }) => inputs.type === "String");
    const parameters = plain.map(({ inputs }) => [String(inputs.name), String(inputs.insecureValue)]);
    expect(outputsFromParameters(Object.fromEntries(parameters) as Record<string, string>)).to.deep.equal(one);
  });

  it("have the API key apart and encrypted, and in no other", () => {
    const key = inputsOf(PARAMETER, "outputs-apiKey");
    expect(key).to.deep.include({
      name: "/fraud/local/secret/apiKey",
      type: "SecureString",
      keyId: "arn:aws:kms:eu-west-1:123456789012:key/k",
      tags: { stack: "local" },
    });
    const others = ofType(PARAMETER).filter(({ name }) => name !== "outputs-apiKey");
    expect(JSON.stringify(others)).not.to.contain("hunter2");
  });

  it("read back whatever they are", () => {
    fc.assert(
      fc.property(anyOutputs, (outputs) => {
        expect(outputsFromParameters(parametersOf(outputs))).to.deep.equal(outputs);
      }),
    );
  });

  it("are refused by name where they are missing, of another type, or of another version", () => {
    const without = Object.entries(parametersOf(one)).filter(([name]) => name !== "/fraud/prod/apiUrl");
    const wrong = { ...Object.fromEntries(without), "/fraud/prod/launcher": '{"clusterArn":7}' };
    expect(() => outputsFromParameters(wrong))
      .to.throw("The outputs of the parameters below /fraud/prod are not a platform's")
      .with.property("message")
      .that.contains("apiUrl is missing")
      .and.contains("launcher.clusterArn is 7, not string");
    expect(() => outputsFromParameters({ ...parametersOf(one), "/fraud/prod/outputsVersion": "2" })).to.throw(
      "are of version 2 and this package reads version 1",
    );
    expect(() => outputsFromParameters({})).to.throw("bucketName is missing");
  });
});
