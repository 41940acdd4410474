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
  authorizer: { type: "none" },
  keys: ["client"],
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

  it("checks bodies of JSON by the document's outline before the function is called, and no others", async () => {
    await api();
    expect(method("api-predict")).to.deep.include({
      requestModels: { "application/json": "PredictRequest" },
      requestValidatorId: "api-predict-id",
      requestParameters: { "method.request.querystring.reasons": false },
    });
    expect(method("api-health")).not.to.have.any.keys("requestModels", "requestValidatorId");
    expect(inputsOf("aws:apigateway/requestValidator:RequestValidator", "api-predict")).to.deep.include({
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    const { schema, contentType } = inputsOf("aws:apigateway/model:Model", "api-predict") as Record<string, string>;
    expect(contentType).to.equal("application/json");
    expect(JSON.parse(schema ?? "")).to.include({ type: "object", additionalProperties: false });
  });

  it("speaks TLS 1.2 or newer", async () => {
    await api();
    expect(inputsOf("aws:apigateway/restApi:RestApi", "api-api")).to.deep.include({
      securityPolicy: "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
      endpointAccessMode: "STRICT",
    });
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
        ...(route === "health" ? { DEPLOYMENTS_TABLE_NAME: "endpoint-deployments" } : {}),
      });
    }
  });

  it("lets prediction invoke the endpoint and nothing else, and health look and nothing else", async () => {
    await api();
    const beyondLogs = (role: string) => permissionsOf(role).filter((each) => !each.startsWith("logs:"));
    const arn = (resource: string) => `arn:aws:sagemaker:eu-west-1:123456789012:${resource}`;
    expect(beyondLogs("api-predict")).to.deep.equal([`sagemaker:InvokeEndpoint ${arn("endpoint/fraud-scores")}`]);
    const key = "arn:aws:kms:eu-west-1:123456789012:key/storage-key";
    expect(beyondLogs("api-health")).to.deep.equal([
      "dynamodb:GetItem arn:aws:dynamodb:eu-west-1:123456789012:table/endpoint-deployments",
      ...["Decrypt", "DescribeKey", "GenerateDataKey"].map((action) => `kms:${action} ${key}`),
      `sagemaker:DescribeEndpoint ${arn("endpoint/fraud-scores")}`,
      `sagemaker:DescribeEndpointConfig ${arn("endpoint-config/*")}`,
      `sagemaker:DescribeEndpointConfig ${arn("model/*")}`,
      `sagemaker:DescribeModel ${arn("endpoint-config/*")}`,
      `sagemaker:DescribeModel ${arn("model/*")}`,
    ]);
  });

  it("limits each key, whose name other stacks do not share", async () => {
    await api();
    expect(inputsOf("aws:apigateway/usagePlan:UsagePlan", "api-clients")).to.deep.include({
      apiStages: [{ apiId: "api-api-id", stage: "v1" }],
      throttleSettings: { rateLimit: 20, burstLimit: 40 },
      quotaSettings: { limit: 1000, period: "DAY" },
    });
    expect(inputsOf("aws:apigateway/apiKey:ApiKey", "api-key-client").name).to.equal("fraud-local-api-key-client");
    expect(inputsOf("aws:apigateway/usagePlanKey:UsagePlanKey", "api-key-client")).to.deep.equal({
      usagePlanId: "api-clients-id",
      keyId: "api-key-client-id",
      keyType: "API_KEY",
    });
  });

  it("lets callers change from one key to the next: both work, and the newest is the output", async () => {
    const { apiKey } = await api({ api: { ...API, keys: ["spring", "autumn"] } });
    const plans = ofType("aws:apigateway/usagePlanKey:UsagePlanKey").map(({ inputs }) => inputs);
    expect(plans.map(({ keyId }) => keyId)).to.have.members(["api-key-spring-id", "api-key-autumn-id"]);
    expect(new Set(plans.map(({ usagePlanId }) => usagePlanId))).to.have.length(1);
    expect(await valueOf(apiKey)).to.equal("key-of-api-key-autumn");
  });

  it("keeps the key secret", async () => {
    const { apiKey, url } = await api();
    expect(await pulumi.isSecret(apiKey)).to.equal(true);
    expect(await valueOf(apiKey)).to.equal("key-of-api-key-client");
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
    expect(byType.get("BAD_REQUEST_BODY")?.statusCode).to.equal("400");
    expect(byType.get("UNAUTHORIZED")?.statusCode).to.equal("401");
    expect(byType.get("MISSING_AUTHENTICATION_TOKEN")?.statusCode).to.equal("404");
    for (const failure of ["AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR", "INTEGRATION_TIMEOUT"]) {
      expect(byType.get(failure)?.statusCode, failure).to.equal("503");
    }
    for (const { responseParameters, responseTemplates, statusCode } of answers) {
      expect(responseParameters).to.include({ "gatewayresponse.header.Content-Type": "'application/problem+json'" });
      const again = "gatewayresponse.header.Retry-After" in (responseParameters as object);
      expect(again, "Retry-After").to.equal(statusCode === "429" || statusCode === "503");
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

  describe("asks who calls, beside the key,", () => {
    const authorizerOf = (name: string) => inputsOf("aws:apigateway/authorizer:Authorizer", `api-authorizer-${name}`);

    it("by AWS's signature", async () => {
      await api({ api: { ...API, authorizer: { type: "iam" } } });
      expect(method("api-predict")).to.deep.include({ authorization: "AWS_IAM", apiKeyRequired: true });
      expect(method("api-health")).to.deep.include({ authorization: "NONE" });
      // It says the same of a request without a signature as of one without a route.
      const missing = inputsOf("aws:apigateway/response:Response", "api-answers-missing-authentication-token");
      expect(missing).to.include({ statusCode: "403" });
    });

    it("by the tokens of Cognito's pools", async () => {
      const userPoolArns = ["arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_One"];
      await api({ api: { ...API, authorizer: { type: "cognito", userPoolArns } } });
      expect(method("api-predict")).to.deep.include({
        authorization: "COGNITO_USER_POOLS",
        authorizerId: "api-authorizer-pools-id",
      });
      expect(authorizerOf("pools")).to.deep.include({ type: "COGNITO_USER_POOLS", providerArns: userPoolArns });
    });

    it("by tokens of any issuer, which a function of its own verifies", async () => {
      const authorizer = { type: "jwt", issuer: "https://id.example/", audience: ["fraud"] } as const;
      await api({ api: { ...API, authorizer } });
      expect(method("api-predict")).to.deep.include({
        authorization: "CUSTOM",
        authorizerId: "api-authorizer-tokens-id",
      });
      expect(authorizerOf("tokens")).to.deep.include({
        type: "REQUEST",
        identitySource: "method.request.header.Authorization",
      });
      expect(variablesOf("api-authorizer-authorize-function")).to.deep.equal({
        JWT_ISSUER: "https://id.example/",
        JWT_AUDIENCE: '["fraud"]',
        JWKS_URI: "https://id.example/.well-known/jwks.json",
      });
      expect(inputsOf("aws:lambda/permission:Permission", "api-authorizer-tokens")).to.deep.equal({
        function: "api-authorizer-authorize-function",
        action: "lambda:InvokeFunction",
        principal: "apigateway.amazonaws.com",
        sourceArn: `${EXECUTION_ARN}/authorizers/api-authorizer-tokens-id`,
      });
    });

    it("and deploys anew when that changes", async () => {
      const triggersOf = async (authorizer: InferenceApiArgs["api"]["authorizer"]) => {
        await startRecording();
        await api({ api: { ...API, authorizer } });
        return inputsOf("aws:apigateway/deployment:Deployment", "api-api").triggers;
      };
      const pool = (id: string) => `arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_${id}`;
      const pools = (...ids: string[]) => triggersOf({ type: "cognito", userPoolArns: ids.map(pool) });
      expect(await triggersOf({ type: "iam" })).not.to.deep.equal(await triggersOf({ type: "none" }));
      expect(await pools("One")).not.to.deep.equal(await pools("One", "Two"));
    });
  });
});
