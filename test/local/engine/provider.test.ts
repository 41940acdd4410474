// A provider that is not the program's default one, in another region than the stack's: all that every component makes,
// asks and names has to be that provider's.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as aws from "@pulumi/aws";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { platform } from "../../../components/platform";
import { readStackConfig } from "../../../config";
import { run } from "../../../local/engine";
import { buildFunctions } from "../../components/support/mocks";
import { Workbench } from "../support/stack";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

interface Resource {
  urn: string;
  type: string;
  provider?: string;
  inputs?: object;
  outputs?: object;
}

/** With each optional part of the platform. */
function configuration(): string {
  const { config } = parse(readFileSync(join(PROJECT_ROOT, "Pulumi.prod.yaml"), "utf8")) as {
    config: Record<string, Record<string, unknown>>;
  };
  const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:123456789012:${rest}`;
  Object.assign(config, {
    "fraud:ci": { connectionArn: arn("codeconnections", "connection/0a"), repository: "me/fraud" },
    "fraud:ecs": { schedule: "cron(0 3 * * ? *)" },
    "fraud:source": {
      type: "rds",
      host: "db.internal",
      secretArn: arn("secretsmanager", "secret:reader-a1b2c3"),
      securityGroupId: "sg-0123456789abcdef0",
    },
  });
  (config["fraud:network"] as { create: object }).create = {
    cidrBlock: "10.0.0.0/16",
    availabilityZones: 2,
    natGateways: 2,
  };
  return stringify({ config });
}

describe("a provider of another region than the stack's", function () {
  const bench = new Workbench({ AWS_ENDPOINT_URL: "http://127.0.0.1:9" });
  before(async () => {
    await buildFunctions();
    await bench.prepare();
  });
  after(() => bench.clean());

  it("makes all that the platform's components make, those of awsx too, and is in all of their names", async () => {
    const program = () => {
      const elsewhere = new aws.Provider("elsewhere", { region: "us-east-1" });
      return Promise.resolve(platform(readStackConfig(), { options: { providers: [elsewhere] } }));
    };
    const stack = await bench.open("prod", program, { configuration: configuration(), planOnly: true });
    await run(stack, "up");
    const { resources } = (await stack.exportStack()).deployment as { resources: Resource[] };
    const made = resources.filter(({ type }) => type.startsWith("aws:"));
    expect(new Set(made.map(({ type }) => type))).to.include.members([
      ...["aws:ec2/natGateway:NatGateway", "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:codepipeline/pipeline:Pipeline"],
      ...["aws:budgets/budget:Budget", "aws:cloudwatch/dashboard:Dashboard", "aws:scheduler/schedule:Schedule"],
      ...["aws:apigateway/restApi:RestApi", "aws:sagemaker/modelPackageGroup:ModelPackageGroup"],
    ]);
    const strangers = made.filter(({ provider = "" }) => !provider.includes("::elsewhere::"));
    expect(strangers.map(({ urn }) => urn)).to.deep.equal([]);
    const misplaced = made.filter(({ inputs, outputs }) => JSON.stringify([inputs, outputs]).includes("eu-west-1"));
    expect(misplaced.map(({ urn }) => urn)).to.deep.equal([]);
  });
});
