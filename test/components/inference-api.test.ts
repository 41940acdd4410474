import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { InferenceApi, type InferenceApiArgs } from "../../components/inference-api";
import { endpointOn, foundations } from "./support/foundations";
import {
  everythingRegistered,
  inputsOf,
  ofType,
  permissionsOf,
  startRecording,
  valueOf,
  variablesOf,
} from "./support/mocks";

const API: InferenceApiArgs["api"] = {
  authorizer: "none",
  rateLimitPerSecond: 20,
  burstLimit: 40,
  quotaPerDay: 1000,
};
const EXECUTION_ARN = "arn:aws:apigateway:eu-west-1:123456789012:fraud-local-api";
const method = (name: string) => inputsOf("aws:apigateway/method:Method", name);

describe("the inference API", () => {
  beforeEach(startRecording);

  async function api(args: Partial<InferenceApiArgs> = {}): Promise<InferenceApi> {
    const base = foundations();
    const made = new InferenceApi("api", { endpoint: endpointOn(base), registry: base.registry, api: API, ...args });
    await everythingRegistered();
    return made;
  }

  it("asks for a key on POST /predict, and for none on GET /health", async () => {
    await api();
    expect(method("api-predict")).to.deep.include({ httpMethod: "POST", apiKeyRequired: true, authorization: "NONE" });
    expect(method("api-health")).to.deep.include({ httpMethod: "GET", apiKeyRequired: false });
    expect(ofType("aws:apigateway/method:Method")).to.have.length(2);
    expect(inputsOf("aws:apigateway/resource:Resource", "api-predict").pathPart).to.equal("predict");
    expect(inputsOf("aws:apigateway/resource:Resource", "api-health").pathPart).to.equal("health");
  });

  it("hands each route to its own function, which that route alone may call", async () => {
    await api();
    for (const [route, verb] of [
      ["predict", "POST"],
      ["health", "GET"],
    ] as const) {
      expect(inputsOf("aws:apigateway/integration:Integration", `api-${route}`)).to.deep.include({
        type: "AWS_PROXY",
        integrationHttpMethod: "POST",
        uri: `arn:aws:lambda:eu-west-1:123456789012:function:api-${route}-function/invocations`,
      });
      expect(inputsOf("aws:lambda/permission:Permission", `api-${route}`)).to.deep.equal({
        function: `api-${route}-function`,
        action: "lambda:InvokeFunction",
        principal: "apigateway.amazonaws.com",
        sourceArn: `${EXECUTION_ARN}/*/${verb}/${route}`,
      });
      expect(variablesOf(`api-${route}-function`)).to.deep.equal({
        ENDPOINT_NAME: "Fraud-Scores",
        MODEL_NAME: "fraud-model",
      });
    }
  });

  it("lets prediction invoke the endpoint and nothing else, and health look and nothing else", async () => {
    await api();
    const beyondLogs = (role: string) => permissionsOf(role).filter((each) => !each.startsWith("logs:"));
    const arn = (resource: string) => `arn:aws:sagemaker:eu-west-1:123456789012:${resource}`;
    expect(beyondLogs("api-predict")).to.deep.equal([`sagemaker:InvokeEndpoint ${arn("endpoint/fraud-scores")}`]);
    expect(beyondLogs("api-health")).to.deep.equal([
      `sagemaker:DescribeEndpoint ${arn("endpoint/fraud-scores")}`,
      `sagemaker:DescribeEndpointConfig ${arn("endpoint-config/*")}`,
      `sagemaker:DescribeEndpointConfig ${arn("model/*")}`,
      `sagemaker:DescribeModel ${arn("endpoint-config/*")}`,
      `sagemaker:DescribeModel ${arn("model/*")}`,
    ]);
  });

  it("limits each key, whose name other stacks do not share", async () => {
    await api();
    expect(inputsOf("aws:apigateway/usagePlan:UsagePlan", "api-client")).to.deep.include({
      apiStages: [{ apiId: "api-api-id", stage: "v1" }],
      throttleSettings: { rateLimit: 20, burstLimit: 40 },
      quotaSettings: { limit: 1000, period: "DAY" },
    });
    expect(inputsOf("aws:apigateway/apiKey:ApiKey", "api-client").name).to.equal("fraud-local-api-client");
    expect(inputsOf("aws:apigateway/usagePlanKey:UsagePlanKey", "api-client")).to.deep.equal({
      usagePlanId: "api-client-id",
      keyId: "api-client-id",
      keyType: "API_KEY",
    });
  });

  it("keeps the key secret", async () => {
    const { apiKey, url } = await api();
    expect(await pulumi.isSecret(apiKey)).to.equal(true);
    expect(await valueOf(apiKey)).to.equal("key-of-a-client");
    expect(await valueOf(url)).to.equal("https://api-api.example/v1");
  });

  it("logs who asked and how it ended, never what was sent", async () => {
    await api();
    const { accessLogSettings } = inputsOf("aws:apigateway/stage:Stage", "api-api") as {
      accessLogSettings: { destinationArn: string; format: string };
    };
    expect(accessLogSettings.destinationArn).to.match(/log-group:api-access$/);
    const fields = Object.values(JSON.parse(accessLogSettings.format) as Record<string, string>);
    expect(fields).to.include.members(["$context.requestId", "$context.status", "$context.identity.apiKeyId"]);
    for (const field of fields) {
      expect(field).to.match(/^\$context\.[\w.]+$/);
      // The id of a key may be known; the key itself, the body and the parameters may not.
      expect(field).not.to.match(/identity\.apiKey$|body|input|querystring|header/i);
    }
    expect(inputsOf("aws:apigateway/methodSettings:MethodSettings", "api-api")).to.deep.equal({
      restApi: "api-api-id",
      stageName: "v1",
      methodPath: "*/*",
      settings: { metricsEnabled: true, loggingLevel: "OFF", dataTraceEnabled: false },
    });
  });

  it("answers by itself in the functions' form of a problem", async () => {
    await api();
    const answers = ofType("aws:apigateway/response:Response").map(({ inputs }) => inputs);
    const byType = new Map(answers.map((inputs) => [inputs.responseType, inputs]));
    expect(byType.get("INVALID_API_KEY")?.statusCode).to.equal("403");
    expect(byType.get("THROTTLED")?.statusCode).to.equal("429");
    expect(byType.get("QUOTA_EXCEEDED")?.statusCode).to.equal("429");
    expect(byType.get("DEFAULT_4XX")).not.to.have.property("statusCode");
    for (const { responseParameters, responseTemplates, statusCode } of answers) {
      expect(responseParameters).to.deep.equal({
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
      });
      const template = (responseTemplates as Record<string, string>)["application/json"] ?? "";
      const problem = JSON.parse(template) as Record<string, unknown>;
      expect(problem).to.include.all.keys("type", "title", "detail", "code", "requestId");
      expect(problem.type).to.equal(`urn:fraud-platform:problem:${String(problem.code)}`);
      expect(problem.status).to.equal(statusCode === undefined ? undefined : Number(statusCode));
    }
  });

  describe("deploys anew", () => {
    const surfaceOf = async (args: Partial<InferenceApiArgs> = {}) => {
      await startRecording();
      await api(args);
      const { triggers } = inputsOf("aws:apigateway/deployment:Deployment", "api-api") as {
        triggers: { surface: string };
      };
      return triggers.surface;
    };

    it("for a change of what callers see, the function behind a route included", async () => {
      const before = await surfaceOf();
      expect(before).to.match(/^[0-9a-f]{64}$/);
      expect(await surfaceOf({ functions: { inference: { physicalName: "another" } } })).not.to.equal(before);
    });

    it("not for anything else", async () => {
      expect(await surfaceOf({ api: { ...API, quotaPerDay: 5 } })).to.equal(await surfaceOf());
    });
  });

  it("refuses an authorizer that is not built, and names it", () => {
    const base = foundations();
    const args = { endpoint: endpointOn(base), registry: base.registry, api: { ...API, authorizer: "jwt" as const } };
    expect(() => new InferenceApi("api", args)).to.throw(/InferenceApi "api" cannot be made:[\s\S]*"jwt"/);
  });
});
