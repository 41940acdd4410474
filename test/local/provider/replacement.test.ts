import { expect } from "chai";
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { run } from "../../../local/engine";
import type { Counterpart } from "../../../local/provider/cloudformation";
import { Lifecycle } from "../../../local/provider/lifecycle";
import { OVERRIDES } from "../../../local/provider/overrides";
import { TYPES } from "../../../local/provider/types";
import { Workbench } from "../support/stack";

const lifecycle = new Lifecycle(TYPES, {
  account: "123456789012",
  region: "eu-west-1",
  planOnly: false,
  defaultTags: {},
});
const { cloudFormation } = lifecycle;

const urnOf = (type: string) => `urn:pulumi:stack::fraud::${type}::x`;
const of = (type: string, input: string, now: object = {}) =>
  lifecycle.consequence(urnOf(type), input, now as Record<string, unknown>);

/** Inputs that CloudFormation's schemas say nothing of, and no override decides. They must not grow silently. */
const UNKNOWN: Record<string, string> = {
  "aws:apigateway/usagePlan:UsagePlan.productCode": "CloudFormation sells nothing on the AWS Marketplace",
  "aws:sagemaker/mlflowApp:MlflowApp.accountDefaultStatus": "newer than CloudFormation's schema of the type",
  "aws:sagemaker/mlflowApp:MlflowApp.defaultDomainIdLists": "newer than CloudFormation's schema of the type",
  "aws:scheduler/schedule:Schedule.actionAfterCompletion":
    "CloudFormation has no schedules that delete themselves, for they would leave its stack",
};

/** Types that CloudFormation does not have. */
const WITHOUT_COUNTERPART = ["aws:lambda/invocation:Invocation", "aws:s3/bucketObjectv2:BucketObjectv2"];

function counterpartOf(type: string): Counterpart | undefined {
  const counterpart = TYPES[type]?.cloudFormation;
  return counterpart && !("none" in counterpart) ? counterpart : undefined;
}

describe("what a change makes of a resource", () => {
  it("is known of every input of every type but those that are listed", () => {
    const unknown = Object.entries(TYPES).flatMap(([type, { inputs }]) =>
      inputs.filter((input) => of(type, input) === "unknown").map((input) => `${type}.${input}`),
    );
    expect(unknown).to.have.members(Object.keys(UNKNOWN));
  });

  it("is CloudFormation's word for every type but those that are listed", () => {
    expect(Object.keys(TYPES).filter((type) => !counterpartOf(type))).to.have.members(WITHOUT_COUNTERPART);
  });

  it("is told by names that types and CloudFormation's schemas have", () => {
    for (const [type, { inputs }] of Object.entries(TYPES)) {
      const counterpart = counterpartOf(type);
      if (!counterpart) continue;
      const { address = [], own = [], names = {}, part } = counterpart;
      expect(inputs, type).to.include.members([...address, ...own, ...Object.keys(names)]);
      const found = Object.keys(names).map((input) => cloudFormation.propertyOf(counterpart, input));
      if (part) found.push({ type: counterpart.type, path: part });
      for (const property of found) {
        expect(cloudFormation.schema(property?.type ?? "").properties, type).to.include(property?.path);
      }
    }
  });

  it("is told by no name that the types could do without", () => {
    const needless = Object.keys(TYPES).flatMap((type) => {
      const counterpart = counterpartOf(type);
      if (!counterpart) return [];
      const { names = {}, ...plain } = counterpart;
      const found = (which: Counterpart, input: string) => JSON.stringify(cloudFormation.propertyOf(which, input));
      return Object.keys(names).filter((input) => found(plain, input) === found(counterpart, input));
    });
    expect(needless).to.deep.equal([]);
  });

  it("has a handler in the types where something is updated, and only there", () => {
    const updated = Object.entries(TYPES).filter(([type, { inputs }]) =>
      inputs.some((input) => of(type, input, { lifecycleScope: "CRUD" }) !== "replace"),
    );
    const able = Object.entries(TYPES).filter(([, definition]) => "update" in definition);
    expect(updated.map(([type]) => type)).to.deep.equal(able.map(([type]) => type));
  });

  it("is overridden only where CloudFormation says something else", () => {
    const needless = Object.entries(OVERRIDES).flatMap(([type, inputs]) =>
      Object.entries(inputs)
        .filter(([input, { consequence }]) => {
          const counterpart = TYPES[type]?.cloudFormation ?? { none: "" };
          return cloudFormation.consequence(counterpart, input) === consequence;
        })
        .map(([input]) => `${type}.${input}`),
    );
    expect(needless).to.deep.equal([]);
    const inputs = Object.entries(OVERRIDES).map(([type, overridden]) => [type, Object.keys(overridden)] as const);
    for (const [type, names] of inputs) expect(TYPES[type]?.inputs, type).to.include.members(names);
  });

  it("is what AWS documents, for examples of each way to tell it", () => {
    const examples: Record<string, string> = {
      // Create-only, the names apart in letter case.
      "aws:kms/alias:Alias.targetKeyId": "update",
      "aws:sqs/queue:Queue.fifoQueue": "replace",
      "aws:sqs/queue:Queue.visibilityTimeoutSeconds": "update",
      // Renamed; two inputs that are one property; create-only under conditions.
      "aws:dynamodb/table:Table.name": "replace",
      "aws:dynamodb/table:Table.hashKey": "replace",
      "aws:dynamodb/table:Table.rangeKey": "replace",
      "aws:dynamodb/table:Table.billingMode": "update",
      "aws:cloudwatch/eventRule:EventRule.eventBusName": "replace",
      // Nested, on another type, part of a type.
      "aws:lambda/function:Function.s3Key": "update",
      "aws:lambda/function:Function.packageType": "replace",
      "aws:lambda/function:Function.environment": "update",
      "aws:sqs/queue:Queue.policy": "update",
      "aws:cloudwatch/eventTarget:EventTarget.targetId": "replace",
      "aws:cloudwatch/eventTarget:EventTarget.arn": "update",
      "aws:s3/bucketVersioning:BucketVersioning.bucket": "replace",
      "aws:ecs/taskDefinition:TaskDefinition.containerDefinitions": "replace",
      // The provider's own; overridden.
      "aws:s3/bucket:Bucket.forceDestroy": "update",
      "aws:kms/key:Key.keyUsage": "replace",
      // Every type's.
      "aws:sns/topic:Topic.region": "replace",
      "aws:sns/topic:Topic.tagsAll": "update",
    };
    const found = Object.keys(examples).map((path) => {
      const at = path.lastIndexOf(".");
      return [path, of(path.slice(0, at), path.slice(at + 1))];
    });
    expect(Object.fromEntries(found)).to.deep.equal(examples);
  });

  it("depends on what else is there, where an override says so", () => {
    const invocation = "aws:lambda/invocation:Invocation";
    expect(of(invocation, "input", { lifecycleScope: "CRUD" })).to.equal("update");
    expect(of(invocation, "input", { lifecycleScope: "CREATE_ONLY" })).to.equal("replace");
  });

  describe("on the real engine", function () {
    const bench = new Workbench({ AWS_ENDPOINT_URL: "http://127.0.0.1:9" });
    const program = (variant: { key: string; after?: string; days?: number }): pulumi.automation.PulumiFn => {
      const { key, after = "NONE", days = 60 } = variant;
      return () => {
        new aws.dynamodb.Table("rows", { hashKey: key, attributes: [{ name: key, type: "S" }] });
        new aws.sqs.Queue("work", { messageRetentionSeconds: days });
        new aws.scheduler.Schedule("nightly", {
          scheduleExpression: "rate(1 day)",
          flexibleTimeWindow: { mode: "OFF" },
          actionAfterCompletion: after,
          target: {
            arn: "arn:aws:lambda:eu-west-1:123456789012:function:f",
            roleArn: "arn:aws:iam::123456789012:role/r",
          },
        });
        return Promise.resolve();
      };
    };
    const open = (variant: Parameters<typeof program>[0]) => bench.open("change", program(variant), { planOnly: true });
    before(async () => {
      await bench.prepare();
      await run(await open({ key: "id" }), "up");
    });
    after(() => bench.clean());

    it("is planned: a table with another key is another table, a queue that keeps longer the same queue", async () => {
      const { steps, warnings } = await run(await open({ key: "card", days: 120 }), "preview");
      const made = steps.filter(({ op }) => op === "replace" || op === "update").map(({ op, name }) => [name, op]);
      expect(made).to.have.deep.members([
        ["rows", "replace"],
        ["work", "update"],
      ]);
      expect(warnings).to.deep.equal([]);
    });

    it("is shown as unknown where it is: a warning beside the planned update", async () => {
      const { steps, warnings } = await run(await open({ key: "id", after: "DELETE" }), "preview");
      expect(steps.map(({ op, name }) => [name, op])).to.deep.equal([["nightly", "update"]]);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(/^nightly: actionAfterCompletion: unknown whether AWS changes it in place/);
    });
  });
});
