import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import {
  acceptedVariables,
  functionArchive,
  LambdaFunction,
  type FunctionName,
} from "../../components/lambda-function";
import { GateModelEnvironment } from "../../functions/gate-model/env";
import { ScorerEnvironment } from "../../functions/scorer/env";
import {
  ACCOUNT,
  everythingRegistered,
  inputsOf,
  ofType,
  permissionsOf,
  REGION,
  startRecording,
} from "./support/mocks";

const FUNCTION = "aws:lambda/function:Function";
const TOPIC = `arn:aws:sns:${REGION}:${ACCOUNT}:alerts`;
const MLFLOW = {
  MLFLOW_ARN: `arn:aws:sagemaker:${REGION}:${ACCOUNT}:mlflow-app/app-TEST`,
  MLFLOW_EXPERIMENT_NAME: "fraud",
};

function gate(overrides: { roleArn?: string; physicalName?: string; deadLetterQueueArn?: string } = {}) {
  return new LambdaFunction("gate", {
    tags: { team: "risk" },
    logRetentionDays: 7,
    functionName: "gate-model",
    description: "Decides",
    environment: GateModelEnvironment,
    variables: { ...MLFLOW, ALERTS_TOPIC_ARN: pulumi.output(TOPIC) },
    statements: [{ actions: ["sns:Publish"], resources: [TOPIC] }],
    timeoutSeconds: 60,
    memoryMib: 256,
    ...overrides,
  });
}

describe("a function", () => {
  beforeEach(startRecording);

  it("runs its bundle under its own role, with its own log and its variables", async () => {
    gate();
    await everythingRegistered();
    const { code, ...inputs } = inputsOf(FUNCTION, "gate-function");
    expect(inputs).to.deep.equal({
      description: "Decides",
      role: `arn:aws:iam::${ACCOUNT}:role/gate`,
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      handler: "index.handler",
      timeout: 60,
      memorySize: 256,
      environment: { variables: { ...MLFLOW, ALERTS_TOPIC_ARN: TOPIC } },
      loggingConfig: { logFormat: "JSON", logGroup: "gate-logs" },
      tags: { team: "risk" },
    });
    const assets = (await (code as pulumi.asset.AssetArchive).assets) as Record<string, pulumi.asset.FileAsset>;
    expect(Object.keys(assets)).to.deep.equal(["index.js"]);
    expect(await assets["index.js"]?.path).to.match(/dist[/\\]functions[/\\]gate-model[/\\]index\.js$/);
    expect(inputsOf("aws:cloudwatch/logGroup:LogGroup", "gate-logs")).to.deep.equal({
      retentionInDays: 7,
      tags: { team: "risk" },
    });
  });

  it("may write its own log, do what it was given, and nothing else", async () => {
    gate();
    await everythingRegistered();
    const log = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:gate-logs:*`;
    expect(permissionsOf("gate")).to.deep.equal([
      `logs:CreateLogStream ${log}`,
      `logs:PutLogEvents ${log}`,
      `sns:Publish ${TOPIC}`,
    ]);
  });

  it("sends what failed for good to the dead letters, and may", async () => {
    const deadLetterQueueArn = `arn:aws:sqs:${REGION}:${ACCOUNT}:dead`;
    gate({ deadLetterQueueArn });
    await everythingRegistered();
    expect(inputsOf(FUNCTION, "gate-function").deadLetterConfig).to.deep.equal({ targetArn: deadLetterQueueArn });
    expect(permissionsOf("gate")).to.include(`sqs:SendMessage ${deadLetterQueueArn}`);
  });

  it("takes a role and a name that it is given", async () => {
    gate({ roleArn: `arn:aws:iam::${ACCOUNT}:role/theirs`, physicalName: "gate-of-theirs" });
    await everythingRegistered();
    expect(inputsOf(FUNCTION, "gate-function")).to.deep.include({
      role: `arn:aws:iam::${ACCOUNT}:role/theirs`,
      name: "gate-of-theirs",
    });
    expect(ofType("aws:iam/role:Role")).to.deep.equal([]);
  });

  it("is refused without its bundle, with the remedy", () => {
    expect(() => functionArchive("nobody" as FunctionName)).to.throw(
      /"nobody" has no bundle: dist\/functions\/nobody\/index\.js does not exist.*npm run build/,
    );
  });
});

describe("a function's variables", () => {
  it("are what the function accepts at its start; those that are not set are left out", () => {
    const wanted = { ...MLFLOW, ALERTS_TOPIC_ARN: TOPIC };
    const given = { ...wanted, NOTHING: undefined };
    expect(acceptedVariables("gate-model", GateModelEnvironment, given)).to.deep.equal(wanted);
  });

  it("are refused with names and values of all that it would not accept", () => {
    const variables = {
      ENDPOINT_NAME: "fraud",
      DYNAMODB_TABLE_NAME: "",
      STREAM_SCHEMA: '{"idColumns":[]}',
      STREAM_PREFIX: "fraud/stream_data",
      QUARANTINE_PREFIX: "fraud/quarantine",
      PREDICTIONS_PREFIX: "fraud/predictions",
      BATCH_ROWS: "500",
      QUEUE_URL: "https://queue",
      NO_MODEL_RETRY_SECONDS: "901",
    };
    expect(() => acceptedVariables("scorer", ScorerEnvironment, variables))
      .to.throw('The function "scorer" would not start')
      .with.property("message")
      .that.includes('DYNAMODB_TABLE_NAME = ""')
      .and.includes("STREAM_SCHEMA = ")
      .and.includes("FILES_TABLE_NAME = undefined")
      .and.includes('NO_MODEL_RETRY_SECONDS = "901": must be a whole number from 0 to 900')
      .and.not.includes("BATCH_ROWS");
  });
});
