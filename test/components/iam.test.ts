import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import {
  allowPolicy,
  granteeFor,
  literally,
  pullingImages,
  ServiceRole,
  statementProblems,
} from "../../components/iam";
import { everythingRegistered, inputsOf, ofType, permissionsOf, startRecording, valueOf } from "./support/mocks";

const ROLE = "aws:iam/role:Role";
const POLICY = "aws:iam/rolePolicy:RolePolicy";
const reading = { actions: ["s3:GetObject"], resources: ["arn:aws:s3:::bucket/key"] };

describe("a policy", () => {
  it("allows what its statements say, and nothing else", async () => {
    const conditions = { StringEquals: { "iam:PassedToService": "sagemaker.amazonaws.com" } };
    const policy = await valueOf(
      allowPolicy([
        { ...reading, conditions },
        { actions: ["sagemaker:ListModels"], anyResourceBecause: "lists have no resource" },
      ]),
    );
    expect(JSON.parse(policy)).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::bucket/key"], Condition: conditions },
        { Effect: "Allow", Action: ["sagemaker:ListModels"], Resource: "*" },
      ],
    });
  });

  it("has one statement for each key, whoever brings what is done with it; all others stay as they are", async () => {
    const [key, other] = [pulumi.output("arn:aws:kms:::key/1"), pulumi.output("arn:aws:kms:::key/2")];
    const conditions = { Bool: { "kms:GrantIsForAWSResource": "true" } };
    const policy = await valueOf(
      allowPolicy([
        { actions: ["kms:Decrypt"], resources: [key] },
        reading,
        { actions: ["kms:GenerateDataKey", "kms:Decrypt"], resources: [key] },
        reading,
        { actions: ["kms:Decrypt"], resources: [other] },
        { actions: ["kms:CreateGrant"], resources: [key], conditions },
      ]),
    );
    const { Statement } = JSON.parse(policy) as { Statement: { Action: string[]; Resource: string[] }[] };
    expect(Statement.map(({ Action, Resource }) => [Resource[0], ...Action])).to.deep.equal([
      ["arn:aws:kms:::key/1", "kms:Decrypt", "kms:GenerateDataKey"],
      ["arn:aws:s3:::bucket/key", "s3:GetObject"],
      ["arn:aws:s3:::bucket/key", "s3:GetObject"],
      ["arn:aws:kms:::key/2", "kms:Decrypt"],
      ["arn:aws:kms:::key/1", "kms:CreateGrant"],
    ]);
    expect(Statement[4]).to.deep.include({ Condition: conditions });
  });

  it("never has a wildcard in an action, wherever it stands", () => {
    const part = fc.stringMatching(/^[A-Za-z]{0,6}$/);
    fc.assert(
      fc.property(part, part, fc.constantFrom("s3", "kms", "*"), (before, after, service) => {
        const action = service === "*" ? "*" : `${service}:${before}*${after}`;
        const problems = statementProblems([{ ...reading, actions: ["s3:GetObject", action] }]);
        expect(problems).to.have.length(1);
        expect(problems[0]).to.include(`"${action}"`);
      }),
    );
  });

  it("names every problem of every statement at once", () => {
    const statements = [
      { actions: ["s3:*", "GetObject"], resources: ["*"] },
      { actions: [], resources: [] },
    ];
    expect(statementProblems(statements)).to.have.length(5);
    expect(() => allowPolicy(statements))
      .to.throw("a policy gives away too much")
      .with.property("message")
      .that.matches(
        /statement 1 .*"s3:\*"[\s\S]*"GetObject"[\s\S]*resource is "\*"[\s\S]*statement 2 .*no action[\s\S]*no resource/,
      );
  });
});

describe("literal text in a policy", () => {
  it("has no wildcard of its own, and is otherwise as it was", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const written = literally(text);
        expect(written.replaceAll("${*}", "")).not.to.include("*");
        if (!text.includes("${*}")) expect(written.replaceAll("${*}", "*")).to.equal(text);
      }),
    );
  });
});

describe("a service's role", () => {
  beforeEach(startRecording);

  it("trusts its services alone, and carries path, boundary and tags", async () => {
    new ServiceRole("worker", {
      services: ["lambda.amazonaws.com"],
      statements: [reading],
      tags: { team: "risk" },
      iam: { path: "/fraud/", permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary" },
    });
    await everythingRegistered();
    const { assumeRolePolicy, ...rest } = inputsOf(ROLE, "worker");
    expect(rest).to.deep.equal({
      path: "/fraud/",
      permissionsBoundary: "arn:aws:iam::123456789012:policy/boundary",
      tags: { team: "risk" },
    });
    expect(JSON.parse(String(assumeRolePolicy))).to.deep.equal({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: ["lambda.amazonaws.com"] }, Action: "sts:AssumeRole" }],
    });
    expect(permissionsOf("worker")).to.deep.equal(["s3:GetObject arn:aws:s3:::bucket/key"]);
  });

  it("is given more under a name of its own", async () => {
    const role = new ServiceRole("worker", { services: ["lambda.amazonaws.com"], statements: [] });
    role.grant("invoke", [{ actions: ["sagemaker:InvokeEndpoint"], resources: ["arn:endpoint"] }]);
    await everythingRegistered();
    expect(inputsOf(POLICY, "worker-invoke").role).to.equal("worker");
    expect(permissionsOf("worker")).to.deep.equal(["sagemaker:InvokeEndpoint arn:endpoint"]);
  });

  it("that exists already is used as it is: nothing is made, nothing is added", async () => {
    const existingArn = "arn:aws:iam::123456789012:role/team/theirs";
    const role = new ServiceRole("worker", { services: ["lambda.amazonaws.com"], statements: [reading], existingArn });
    role.grant("invoke", [reading]);
    await everythingRegistered();
    expect(await valueOf(role.arn)).to.equal(existingArn);
    expect(await valueOf(role.name)).to.equal("theirs");
    expect([...ofType(ROLE), ...ofType(POLICY)]).to.deep.equal([]);
  });
});

describe("a role that the platform did not make", () => {
  beforeEach(startRecording);

  it("can be given permissions too", async () => {
    const role = new aws.iam.Role("theirs", { assumeRolePolicy: "{}" });
    granteeFor(role).grant("theirs-read", [reading]);
    await everythingRegistered();
    expect(permissionsOf("theirs")).to.deep.equal(["s3:GetObject arn:aws:s3:::bucket/key"]);
  });
});

describe("pulling images", () => {
  it("takes a token for the registry, and the named repository alone", () => {
    const arn = "arn:aws:ecr:eu-west-1:123456789012:repository/launcher";
    const scoped = pullingImages(arn).filter((statement) => "resources" in statement);
    expect(scoped.map((statement) => statement.resources)).to.deep.equal([[arn]]);
  });
});
