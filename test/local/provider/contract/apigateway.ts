import type * as aws from "@pulumi/aws";
import { examples, OTHER_TAGS, policy, TAGS, type Examples } from "./examples";

const ANYBODY = { Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*" };

/** Examples of API Gateway's types. */
export const APIGATEWAY: Record<string, Examples> = {
  "aws:apigateway/restApi:RestApi": examples<aws.apigateway.RestApiArgs>((w) => [
    {
      inputs: {
        name: w.name(),
        apiKeySource: "HEADER",
        binaryMediaTypes: ["image/png"],
        description: "one",
        disableExecuteApiEndpoint: false,
        endpointAccessMode: "BASIC",
        endpointConfiguration: { types: "REGIONAL" },
        minimumCompressionSize: "1024",
        policy: policy(ANYBODY),
        securityPolicy: "SecurityPolicy_TLS13_1_2_2021_06",
        tags: TAGS,
      },
      others: {
        apiKeySource: "AUTHORIZER",
        binaryMediaTypes: ["image/jpeg", "image/png"],
        description: "other",
        disableExecuteApiEndpoint: true,
        endpointAccessMode: "STRICT",
        endpointConfiguration: { types: "EDGE" },
        minimumCompressionSize: "2048",
        name: w.name(),
        policy: policy({ ...ANYBODY, Action: "execute-api:*" }),
        securityPolicy: "SecurityPolicy_TLS13_1_3_2025_09",
        tags: OTHER_TAGS,
      },
    },
    {
      inputs: { name: w.name(), endpointConfiguration: { types: "PRIVATE", vpcEndpointIds: ["vpce-1", "vpce-2"] } },
      others: { endpointConfiguration: { types: "PRIVATE", vpcEndpointIds: ["vpce-2", "vpce-3"] } },
    },
  ]),
  "aws:apigateway/resource:Resource": examples<aws.apigateway.ResourceArgs>(async (w) => {
    const api = await w.api();
    return [
      {
        inputs: { restApi: api.id, parentId: String(api.properties["rootResourceId"]), pathPart: "one" },
        others: { parentId: (await w.path("parent")).id, pathPart: "other", restApi: (await w.api("other-api")).id },
      },
    ];
  }),
  "aws:apigateway/deployment:Deployment": examples<aws.apigateway.DeploymentArgs>(async (w) => {
    await w.deployment();
    return [
      {
        inputs: {
          restApi: (await w.api()).id,
          description: "one",
          triggers: { body: "one" },
          variables: { version: "one" },
        },
        others: {
          description: "other",
          restApi: (await w.api("other-api")).id,
          triggers: { body: "other" },
          variables: { version: "other" },
        },
      },
    ];
  }),
  "aws:apigateway/stage:Stage": examples<aws.apigateway.StageArgs>(async (w) => [
    {
      inputs: {
        restApi: (await w.api()).id,
        stageName: "one",
        accessLogSettings: { destinationArn: (await w.logGroup()).arn, format: "$context.requestId" },
        deployment: (await w.deployment()).id,
        description: "one",
        tags: TAGS,
        variables: { version: "one", gone: "1" },
        xrayTracingEnabled: false,
      },
      others: {
        accessLogSettings: { destinationArn: (await w.logGroup("other-logs")).arn, format: "$context.status" },
        deployment: (await w.deployment("other-deployment")).id,
        description: "other",
        restApi: (await w.api("other-api")).id,
        stageName: "other",
        tags: OTHER_TAGS,
        variables: { version: "other", more: "2" },
        xrayTracingEnabled: true,
      },
    },
  ]),
  "aws:apigateway/methodSettings:MethodSettings": examples<aws.apigateway.MethodSettingsArgs>(async (w) => {
    const restApi = (await w.api()).id;
    await w.method("deployed");
    const stageName = String((await w.stage()).properties["stageName"]);
    const settings = { metricsEnabled: true, throttlingBurstLimit: 20, throttlingRateLimit: 50 };
    const others = {
      methodPath: "deployed/GET",
      restApi: (await w.api("other-api")).id,
      settings: { metricsEnabled: false, throttlingBurstLimit: 10, throttlingRateLimit: 5, loggingLevel: "ERROR" },
      stageName: "other",
    };
    return ["*/*", "deployed/POST"].map((methodPath) => ({
      inputs: { restApi, stageName, methodPath, settings },
      others,
    }));
  }),
  "aws:apigateway/apiKey:ApiKey": examples<aws.apigateway.ApiKeyArgs>((w) => [
    {
      inputs: {
        name: w.name(),
        customerId: "one",
        description: "one",
        enabled: true,
        tags: TAGS,
        value: "one-one-one-one-one-one",
      },
      others: {
        customerId: "other",
        description: "other",
        enabled: false,
        name: w.name(),
        tags: OTHER_TAGS,
        value: "other-other-other-other",
      },
    },
  ]),
  "aws:apigateway/usagePlan:UsagePlan": examples<aws.apigateway.UsagePlanArgs>(async (w) => {
    const apiId = (await w.api()).id;
    const stage = String((await w.stage()).properties["stageName"]);
    return [
      {
        inputs: {
          name: w.name(),
          apiStages: [{ apiId, stage, throttles: [{ path: "/deployed/POST", burstLimit: 1, rateLimit: 2 }] }],
          description: "one",
          productCode: "one",
          quotaSettings: { limit: 100, period: "DAY" },
          tags: TAGS,
          throttleSettings: { burstLimit: 20, rateLimit: 50 },
        },
        others: {
          apiStages: [{ apiId, stage, throttles: [{ path: "/deployed/POST", burstLimit: 3, rateLimit: 4 }] }],
          description: "other",
          name: w.name(),
          productCode: "other",
          quotaSettings: { limit: 200, period: "WEEK", offset: 1 },
          tags: OTHER_TAGS,
          throttleSettings: { burstLimit: 10, rateLimit: 5 },
        },
      },
    ];
  }),
  "aws:apigateway/usagePlanKey:UsagePlanKey": examples<aws.apigateway.UsagePlanKeyArgs>(async (w) => {
    const plan = await w.make<aws.apigateway.UsagePlanArgs>("aws:apigateway/usagePlan:UsagePlan", { name: w.name() });
    const key = await w.make<aws.apigateway.ApiKeyArgs>("aws:apigateway/apiKey:ApiKey", { name: w.name() });
    return [
      {
        inputs: { usagePlanId: plan.id, keyId: key.id, keyType: "API_KEY" },
        others: { usagePlanId: "other", keyId: "other", keyType: "OTHER" },
      },
    ];
  }),
  "aws:apigateway/method:Method": examples<aws.apigateway.MethodArgs>(async (w) => {
    const restApi = (await w.api()).id;
    const validator = async (name: string) =>
      (
        await w.make<aws.apigateway.RequestValidatorArgs>("aws:apigateway/requestValidator:RequestValidator", {
          restApi,
          name,
          validateRequestBody: true,
        })
      ).id;
    return [
      {
        inputs: {
          restApi,
          resourceId: (await w.path("method")).id,
          httpMethod: "POST",
          apiKeyRequired: true,
          authorization: "CUSTOM",
          authorizationScopes: ["read"],
          authorizerId: "abc123",
          operationName: "one",
          requestModels: { "application/json": "Empty" },
          requestParameters: { "method.request.header.one": true },
          requestValidatorId: await validator("one"),
        },
        others: {
          apiKeyRequired: false,
          authorization: "COGNITO_USER_POOLS",
          authorizationScopes: ["write", "read"],
          authorizerId: "def456",
          httpMethod: "PUT",
          operationName: "other",
          requestModels: { "application/json": "Error" },
          requestParameters: { "method.request.header.other": false },
          requestValidatorId: await validator("other"),
          resourceId: (await w.path("other")).id,
          restApi: (await w.api("other-api")).id,
        },
      },
    ];
  }),
  "aws:apigateway/integration:Integration": examples<aws.apigateway.IntegrationArgs>(async (w) => {
    const other = { restApi: (await w.api("other-api")).id, resourceId: "other", httpMethod: "GET" };
    return [
      {
        inputs: {
          ...(await w.method("integrated")),
          type: "HTTP",
          integrationHttpMethod: "POST",
          cacheKeyParameters: ["method.request.path.one"],
          cacheNamespace: "one",
          connectionId: "one",
          connectionType: "VPC_LINK",
          contentHandling: "CONVERT_TO_TEXT",
          credentials: (await w.role()).arn,
          passthroughBehavior: "NEVER",
          requestParameters: { "integration.request.header.one": "'one'" },
          requestTemplates: { "application/json": "one" },
          timeoutMilliseconds: 10_000,
          uri: "https://one.example.com/",
        },
        others: {
          ...other,
          cacheKeyParameters: ["method.request.path.other"],
          cacheNamespace: "other",
          connectionId: "other",
          connectionType: "INTERNET",
          contentHandling: "CONVERT_TO_BINARY",
          credentials: (await w.role("other-role")).arn,
          integrationHttpMethod: "PUT",
          passthroughBehavior: "WHEN_NO_MATCH",
          requestParameters: { "integration.request.header.other": "'other'" },
          requestTemplates: { "application/json": "other" },
          timeoutMilliseconds: 20_000,
          type: "HTTP_PROXY",
          uri: "https://other.example.com/",
        },
      },
    ];
  }),
  "aws:apigateway/methodResponse:MethodResponse": examples<aws.apigateway.MethodResponseArgs>(async (w) => [
    {
      inputs: {
        ...(await w.method("responding")),
        statusCode: "201",
        responseModels: { "application/json": "Empty" },
        responseParameters: { "method.response.header.one": true },
      },
      others: {
        httpMethod: "GET",
        resourceId: "other",
        responseModels: { "application/json": "Error" },
        responseParameters: { "method.response.header.other": false },
        restApi: (await w.api("other-api")).id,
        statusCode: "202",
      },
    },
  ]),
  "aws:apigateway/integrationResponse:IntegrationResponse": examples<aws.apigateway.IntegrationResponseArgs>(
    async (w) => {
      await w.deployment();
      const on = await w.method("deployed");
      await w.make<aws.apigateway.MethodResponseArgs>("aws:apigateway/methodResponse:MethodResponse", {
        ...on,
        statusCode: "200",
        responseParameters: { "method.response.header.one": true, "method.response.header.other": true },
      });
      return [
        {
          inputs: {
            ...on,
            statusCode: "200",
            contentHandling: "CONVERT_TO_TEXT",
            responseParameters: { "method.response.header.one": "'one'" },
            responseTemplates: { "application/json": "one" },
            selectionPattern: "one.*",
          },
          others: {
            contentHandling: "CONVERT_TO_BINARY",
            httpMethod: "GET",
            resourceId: "other",
            responseParameters: { "method.response.header.other": "'other'" },
            responseTemplates: { "application/json": "other" },
            restApi: (await w.api("other-api")).id,
            selectionPattern: "other.*",
            statusCode: "202",
          },
        },
      ];
    },
  ),
  "aws:apigateway/response:Response": examples<aws.apigateway.ResponseArgs>(async (w) => [
    {
      inputs: {
        restApiId: (await w.api()).id,
        responseType: "THROTTLED",
        responseParameters: { "gatewayresponse.header.one": "'one'" },
        responseTemplates: { "application/json": "one" },
        statusCode: "429",
      },
      others: {
        responseParameters: { "gatewayresponse.header.other": "'other'" },
        responseTemplates: { "application/json": "other" },
        responseType: "ACCESS_DENIED",
        restApiId: (await w.api("other-api")).id,
        statusCode: "503",
      },
    },
  ]),
  "aws:apigateway/requestValidator:RequestValidator": examples<aws.apigateway.RequestValidatorArgs>(async (w) => [
    {
      inputs: {
        restApi: (await w.api()).id,
        name: "contract",
        validateRequestBody: true,
        validateRequestParameters: false,
      },
      others: {
        name: "renamed",
        restApi: (await w.api("other-api")).id,
        validateRequestBody: false,
        validateRequestParameters: true,
      },
    },
  ]),
  "aws:apigateway/authorizer:Authorizer": examples<aws.apigateway.AuthorizerArgs>(async (w) => {
    const uri = (name: string) =>
      `arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:${name}/invocations`;
    const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
    const pool = (id: string) => `arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_${id}`;
    return [
      {
        inputs: {
          restApi: (await w.api()).id,
          name: w.name(),
          authorizerCredentials: role("one"),
          authorizerResultTtlInSeconds: 60,
          authorizerUri: uri("one"),
          identitySource: "method.request.header.One",
          identityValidationExpression: "one.*",
          type: "TOKEN",
        },
        others: {
          name: w.name(),
          authorizerCredentials: role("other"),
          authorizerResultTtlInSeconds: 0,
          authorizerUri: uri("other"),
          identitySource: "method.request.header.Other",
          identityValidationExpression: "other.*",
          restApi: (await w.api("other-api")).id,
          type: "REQUEST",
        },
      },
      {
        inputs: {
          restApi: (await w.api()).id,
          name: w.name(),
          providerArns: [pool("One")],
          type: "COGNITO_USER_POOLS",
        },
        others: { providerArns: [pool("One"), pool("Other")] },
      },
    ];
  }),
  "aws:apigateway/model:Model": examples<aws.apigateway.ModelArgs>(async (w) => [
    {
      inputs: {
        restApi: (await w.api()).id,
        name: "Contract",
        contentType: "application/json",
        description: "one",
        schema: JSON.stringify({ type: "object" }),
      },
      others: {
        contentType: "application/xml",
        description: "other",
        name: "Other",
        restApi: (await w.api("other-api")).id,
        schema: JSON.stringify({ type: "object", required: ["amount"] }),
      },
    },
  ]),
};
