import type * as aws from "@pulumi/aws";
import { between, jsonObject, oneOf } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { mapPatches, PAGE, patches, setPatches, type Patch } from "./apigateway-patch";

/** What a method, and all that hangs on it, is addressed by. */
interface Address {
  restApi: string;
  resourceId: string;
  httpMethod: string;
}

const ADDRESS = ["restApi", "resourceId", "httpMethod"] as const;
const METHODS = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

function addressed({ restApi: restApiId, resourceId, httpMethod }: Address) {
  return { restApiId, resourceId, httpMethod };
}

function idOf(prefix: string, { restApi, resourceId, httpMethod }: Address, ...rest: string[]): string {
  return [prefix, restApi, resourceId, httpMethod, ...rest].join("-");
}

const method = resource<aws.apigateway.MethodArgs>({
  cloudFormation: {
    type: "AWS::ApiGateway::Method",
    names: { restApi: "RestApiId", authorization: "AuthorizationType" },
  },
  inputs: [
    ...ADDRESS,
    "apiKeyRequired",
    "authorization",
    "authorizationScopes",
    "authorizerId",
    "operationName",
    "requestModels",
    "requestParameters",
    "requestValidatorId",
  ],
  defaults: { apiKeyRequired: false },
  oneInPlace: true,
  checks: {
    authorization: (type) => oneOf(type, ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"]),
    httpMethod: (verb) => oneOf(verb, METHODS),
  },
  async create(c, inputs) {
    await c.call(
      "apigateway",
      "PutMethod",
      { restApiId: inputs.restApi, authorizationType: inputs.authorization },
      inputs,
    );
    return { id: idOf("agm", inputs) };
  },
  async read(c, _id, state) {
    const found = await c.call("apigateway", "GetMethod", addressed(state));
    return c.mirror(omit(state, ...ADDRESS), { ...found, authorization: found.authorizationType });
  },
  async update(c, _id, now, before) {
    const patchOperations = [
      ...patches(now, before, {
        apiKeyRequired: "/apiKeyRequired",
        authorization: "/authorizationType",
        authorizerId: "/authorizerId",
        operationName: "/operationName",
        requestValidatorId: "/requestValidatorId",
      }),
      ...mapPatches(now.requestModels, before.requestModels, "/requestModels"),
      ...mapPatches(now.requestParameters, before.requestParameters, "/requestParameters"),
      ...setPatches(now.authorizationScopes, before.authorizationScopes, "/authorizationScopes"),
    ];
    await c.call("apigateway", "UpdateMethod", { ...addressed(now), patchOperations });
  },
  delete: (c, _id, state) => c.call("apigateway", "DeleteMethod", addressed(state)),
});

async function putIntegration(c: Context, { timeoutMilliseconds, ...inputs }: Plain<aws.apigateway.IntegrationArgs>) {
  await c.call(
    "apigateway",
    "PutIntegration",
    { restApiId: inputs.restApi, timeoutInMillis: timeoutMilliseconds },
    inputs,
  );
}

const integration = resource<aws.apigateway.IntegrationArgs>({
  cloudFormation: {
    type: "AWS::ApiGateway::Method",
    part: "Integration",
    address: ADDRESS,
    names: { timeoutMilliseconds: "Integration/TimeoutInMillis" },
  },
  inputs: [
    ...ADDRESS,
    "type",
    "integrationHttpMethod",
    "cacheKeyParameters",
    "cacheNamespace",
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "passthroughBehavior",
    "requestParameters",
    "requestTemplates",
    "timeoutMilliseconds",
    "uri",
  ],
  required: ADDRESS,
  oneInPlace: true,
  checks: {
    httpMethod: (verb) => oneOf(verb, METHODS),
    integrationHttpMethod: (verb) => oneOf(verb, METHODS),
    timeoutMilliseconds: (milliseconds) => between(milliseconds, 50, 300_000),
    type: (type, { uri }) => (type !== "MOCK" && uri === undefined ? `${type} needs a uri` : undefined),
  },
  async create(c, inputs) {
    await putIntegration(c, inputs);
    return { id: idOf("agi", inputs) };
  },
  async read(c, _id, state) {
    const found = await c.call("apigateway", "GetIntegration", addressed(state));
    const current = { ...found, integrationHttpMethod: found.httpMethod, timeoutMilliseconds: found.timeoutInMillis };
    return c.mirror(omit(state, ...ADDRESS), current);
  },
  // Putting an integration replaces the one that is there.
  update: (c, _id, now) => putIntegration(c, now),
  delete: (c, _id, state) => c.call("apigateway", "DeleteIntegration", addressed(state)),
});

const methodResponse = resource<aws.apigateway.MethodResponseArgs>({
  cloudFormation: { type: "AWS::ApiGateway::Method", part: "MethodResponses", address: [...ADDRESS, "statusCode"] },
  required: ADDRESS,
  inputs: [...ADDRESS, "statusCode", "responseModels", "responseParameters"],
  oneInPlace: true,
  async create(c, inputs) {
    await c.call("apigateway", "PutMethodResponse", { restApiId: inputs.restApi }, inputs);
    return { id: idOf("agmr", inputs, inputs.statusCode) };
  },
  async read(c, _id, state) {
    const { statusCode, responseModels, responseParameters } = state;
    const found = await c.call("apigateway", "GetMethodResponse", { ...addressed(state), statusCode });
    return c.mirror({ responseModels, responseParameters }, found);
  },
  async update(c, _id, now) {
    // The service puts no response over another one.
    await c.call("apigateway", "DeleteMethodResponse", { ...addressed(now), statusCode: now.statusCode });
    await c.call("apigateway", "PutMethodResponse", { restApiId: now.restApi }, now);
  },
  delete: (c, _id, state) =>
    c.call("apigateway", "DeleteMethodResponse", { ...addressed(state), statusCode: state.statusCode }),
});

const integrationResponse = resource<aws.apigateway.IntegrationResponseArgs>({
  cloudFormation: {
    type: "AWS::ApiGateway::Method",
    part: "Integration/IntegrationResponses",
    address: [...ADDRESS, "statusCode"],
  },
  required: ADDRESS,
  inputs: [...ADDRESS, "statusCode", "contentHandling", "responseParameters", "responseTemplates", "selectionPattern"],
  oneInPlace: true,
  async create(c, inputs) {
    await c.call("apigateway", "PutIntegrationResponse", { restApiId: inputs.restApi }, inputs);
    return { id: idOf("agir", inputs, inputs.statusCode) };
  },
  async read(c, _id, state) {
    const { statusCode, ...written } = omit(state, ...ADDRESS);
    const found = await c.call("apigateway", "GetIntegrationResponse", { ...addressed(state), statusCode });
    return c.mirror(written, found);
  },
  async update(c, _id, now) {
    await c.call("apigateway", "PutIntegrationResponse", { restApiId: now.restApi }, now);
  },
  delete: (c, _id, state) =>
    c.call("apigateway", "DeleteIntegrationResponse", { ...addressed(state), statusCode: state.statusCode }),
});

const gatewayResponse = resource<aws.apigateway.ResponseArgs>({
  cloudFormation: { type: "AWS::ApiGateway::GatewayResponse" },
  inputs: ["restApiId", "responseType", "responseParameters", "responseTemplates", "statusCode"],
  oneInPlace: true,
  async create(c, inputs) {
    await c.call("apigateway", "PutGatewayResponse", {}, inputs);
    return { id: `aggr-${inputs.restApiId}-${inputs.responseType}` };
  },
  async read(c, _id, { restApiId, responseType, ...written }) {
    const found = await c.call("apigateway", "GetGatewayResponse", { restApiId, responseType });
    return found.defaultResponse ? undefined : c.mirror(written, found);
  },
  async update(c, _id, now) {
    await c.call("apigateway", "PutGatewayResponse", {}, now);
  },
  delete: (c, _id, { restApiId, responseType }) =>
    c.call("apigateway", "DeleteGatewayResponse", { restApiId, responseType }),
});

const requestValidator = resource<aws.apigateway.RequestValidatorArgs>({
  cloudFormation: { type: "AWS::ApiGateway::RequestValidator", names: { restApi: "RestApiId" } },
  inputs: ["restApi", "name", "validateRequestBody", "validateRequestParameters"],
  autoName: { property: "name", maxLength: 128 },
  async create(c, inputs) {
    const { id = "" } = await c.call("apigateway", "CreateRequestValidator", { restApiId: inputs.restApi }, inputs);
    return { id };
  },
  async find(c, { restApi: restApiId, name }, taken) {
    const { items } = await c.call("apigateway", "GetRequestValidators", { restApiId, limit: PAGE });
    const found = items?.find((one) => one.name === name && !taken.has(one.id ?? ""));
    return found && { id: found.id ?? "" };
  },
  async read(c, id, { restApi: restApiId, ...written }) {
    return c.mirror(written, await c.call("apigateway", "GetRequestValidator", { restApiId, requestValidatorId: id }));
  },
  async update(c, id, now, before) {
    const patchOperations = patches(now, before, {
      name: "/name",
      validateRequestBody: "/validateRequestBody",
      validateRequestParameters: "/validateRequestParameters",
    });
    await c.call("apigateway", "UpdateRequestValidator", {
      restApiId: now.restApi,
      requestValidatorId: id,
      patchOperations,
    });
  },
  delete: (c, id, { restApi: restApiId }) =>
    c.call("apigateway", "DeleteRequestValidator", { restApiId, requestValidatorId: id }),
});

const authorizer = resource<aws.apigateway.AuthorizerArgs>({
  cloudFormation: { type: "AWS::ApiGateway::Authorizer", names: { restApi: "RestApiId" } },
  inputs: [
    "restApi",
    "name",
    "authorizerCredentials",
    "authorizerResultTtlInSeconds",
    "authorizerUri",
    "identitySource",
    "identityValidationExpression",
    "providerArns",
    "type",
  ],
  defaults: { authorizerResultTtlInSeconds: 300, identitySource: "method.request.header.Authorization", type: "TOKEN" },
  autoName: { property: "name", maxLength: 128 },
  checks: {
    authorizerResultTtlInSeconds: (seconds) => between(seconds, 0, 3600),
    type: (type, { authorizerUri, providerArns }) => {
      if (type === "COGNITO_USER_POOLS") return providerArns === undefined ? `${type} needs providerArns` : undefined;
      return authorizerUri === undefined ? `${type} needs an authorizerUri` : undefined;
    },
  },
  async create(c, inputs) {
    const { id = "" } = await c.call("apigateway", "CreateAuthorizer", { restApiId: inputs.restApi }, inputs);
    return authorizerOutputs(c, inputs.restApi, id);
  },
  async find(c, { restApi: restApiId, name }, taken) {
    const { items } = await c.call("apigateway", "GetAuthorizers", { restApiId, limit: PAGE });
    const found = items?.find((one) => one.name === name && !taken.has(one.id ?? ""));
    return found && authorizerOutputs(c, restApiId, found.id ?? "");
  },
  async read(c, id, { restApi: restApiId, ...written }) {
    const found = await c.call("apigateway", "GetAuthorizer", { restApiId, authorizerId: id });
    return { ...c.mirror(written, found), ...authorizerOutputs(c, restApiId, id) };
  },
  async update(c, id, now, before) {
    const patchOperations = [
      ...patches(now, before, {
        name: "/name",
        authorizerCredentials: "/authorizerCredentials",
        authorizerResultTtlInSeconds: "/authorizerResultTtlInSeconds",
        authorizerUri: "/authorizerUri",
        identitySource: "/identitySource",
        identityValidationExpression: "/identityValidationExpression",
        type: "/type",
      }),
      ...arnPatches("remove", before.providerArns, now.providerArns),
      ...arnPatches("add", now.providerArns, before.providerArns),
    ];
    await c.call("apigateway", "UpdateAuthorizer", { restApiId: now.restApi, authorizerId: id, patchOperations });
  },
  delete: (c, id, { restApi: restApiId }) => c.call("apigateway", "DeleteAuthorizer", { restApiId, authorizerId: id }),
});

/** Of the pools' ARNs that are in one list and not in the other: a pool is named by the patch's value. */
function arnPatches(op: "add" | "remove", list: string[] = [], other: string[] = []): Patch[] {
  return list.filter((arn) => !other.includes(arn)).map((value) => ({ op, path: "/providerARNs", value }));
}

function authorizerOutputs(c: Context, restApi: string, id: string) {
  return { id, arn: c.gatewayArn(`/restapis/${restApi}/authorizers/${id}`) };
}

const model = resource<aws.apigateway.ModelArgs>({
  cloudFormation: { type: "AWS::ApiGateway::Model", names: { restApi: "RestApiId" } },
  inputs: ["restApi", "name", "contentType", "description", "schema"],
  autoName: { property: "name", maxLength: 128 },
  json: ["schema"],
  checks: {
    name: (name) =>
      /^[A-Za-z0-9]+$/.test(name) ? undefined : `"${name}" has other characters than letters and digits`,
    schema: jsonObject,
  },
  async create(c, inputs) {
    const { id = "" } = await c.call("apigateway", "CreateModel", { restApiId: inputs.restApi }, inputs);
    return { id };
  },
  async find(c, { restApi: restApiId, name: modelName }) {
    const { id } = await c.call("apigateway", "GetModel", { restApiId, modelName });
    return id === undefined ? undefined : { id };
  },
  async read(c, _id, { restApi: restApiId, name: modelName, description, schema }) {
    return c.mirror({ description, schema }, await c.call("apigateway", "GetModel", { restApiId, modelName }));
  },
  async update(c, _id, now, before) {
    const patchOperations = patches(now, before, { description: "/description", schema: "/schema" });
    await c.call("apigateway", "UpdateModel", { restApiId: now.restApi, modelName: now.name, patchOperations });
  },
  delete: (c, _id, { restApi: restApiId, name: modelName }) =>
    c.call("apigateway", "DeleteModel", { restApiId, modelName }),
});

export const APIGATEWAY_METHOD: ResourceTable = {
  "aws:apigateway/method:Method": method,
  "aws:apigateway/integration:Integration": integration,
  "aws:apigateway/methodResponse:MethodResponse": methodResponse,
  "aws:apigateway/integrationResponse:IntegrationResponse": integrationResponse,
  "aws:apigateway/response:Response": gatewayResponse,
  "aws:apigateway/requestValidator:RequestValidator": requestValidator,
  "aws:apigateway/authorizer:Authorizer": authorizer,
  "aws:apigateway/model:Model": model,
};
