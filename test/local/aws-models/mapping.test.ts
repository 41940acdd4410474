import { expect } from "chai";
import fc from "fast-check";
import { answer, mirror, sameJson, toInput } from "../../../local/aws-models";

describe("mapping of a resource's properties to an operation's input", () => {
  it("matches names whatever their letter case, and leaves the keys of maps alone", () => {
    const { input, violations } = toInput("lambda", "CreateFunction", {
      memorySize: "256",
      kmsKeyArn: "arn",
      environment: { variables: { camelCase: "1" } },
      tags: { Project: "x" },
      notAMember: 1,
    });
    expect(violations).to.deep.equal([]);
    expect(input).to.deep.equal({
      MemorySize: 256,
      KMSKeyArn: "arn",
      Environment: { Variables: { camelCase: "1" } },
      Tags: { Project: "x" },
    });
  });

  it("makes a list of a single block", () => {
    const { input } = toInput("apigateway", "CreateRestApi", {
      name: "a",
      endpointConfiguration: { types: "REGIONAL" },
    });
    expect(input).to.deep.equal({ name: "a", endpointConfiguration: { types: ["REGIONAL"] } });
  });

  it("names every nested property that it can't match", () => {
    const { violations } = toInput("scheduler", "CreateSchedule", {
      target: { arn: "a", retryPolicy: { attempts: 1 }, sqsParameters: { group: "g" } },
    });
    expect(violations.map(({ path }) => path)).to.deep.equal([
      "target.retryPolicy.attempts",
      "target.sqsParameters.group",
    ]);
  });

  it("reads times", () => {
    const { input } = toInput("scheduler", "CreateSchedule", { startDate: "2026-01-01T00:00:00Z" });
    expect(input).to.deep.equal({ StartDate: new Date("2026-01-01T00:00:00Z") });
  });
});

describe("mirroring of a service's answer", () => {
  it("keeps the program's names, order and formatting", () => {
    const written = { names: ["b", "a"], policy: '{ "A": 1, "B": 2 }', count: 3, nested: { innerName: "x" } };
    const current = { Names: ["a", "b"], Policy: '{"B":2,"A":1}', Count: "3", Nested: [{ InnerName: "x", More: 1 }] };
    expect(mirror(written, current)).to.deep.equal(written);
  });

  it("shows what differs", () => {
    expect(mirror({ names: ["a"], count: 3, gone: 1 }, { Names: ["a", "c"], Count: 4 })).to.deep.equal({
      names: ["a", "c"],
      count: 4,
    });
  });

  it("gives back what was written when the service has just that", () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()));
    const properties = fc.dictionary(fc.stringMatching(/^[a-z][a-z]{0,8}$/), leaf);
    fc.assert(
      fc.property(properties, (written) => {
        const capital = Object.fromEntries(Object.entries(written).map(([key, value]) => [key.toUpperCase(), value]));
        expect(mirror(written, capital)).to.deep.equal(written);
      }),
    );
  });

  it("compares JSON by what it says", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => sameJson(JSON.stringify(value), JSON.stringify(value, undefined, 2))),
    );
    expect(sameJson('{"a":1}', '{"a":2}')).to.equal(false);
    expect(sameJson("{", "{")).to.equal(false);
  });
});

describe("stand-in answers", () => {
  it("have the shape of the operation's answer", () => {
    const role = answer("iam", "CreateRole", (path) => `<${path}>`)["Role"];
    expect(role).to.deep.include({ RoleId: "<Role.RoleId>", Tags: [] });
    expect(answer("kms", "CreateKey", () => "?")["KeyMetadata"]).to.deep.include({
      Enabled: false,
      KeyUsage: "SIGN_VERIFY",
    });
    expect(answer("s3", "DeleteBucket", () => "?")).to.deep.equal({});
  });
});
