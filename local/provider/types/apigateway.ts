import type { RestApi } from "@aws-sdk/client-api-gateway";
import type * as aws from "@pulumi/aws";
import { between, policy } from "../../aws-models";
import { resource, type ResourceTable } from "../resource";
import type { Context } from "../context";
import { omit, pick, type Plain } from "../values";
import { mapPatches, PAGE, patches, pointer, setPatches, type Patch } from "./apigateway-patch";
import { gatewayTags, retagGateway, tagCreated } from "./apigateway-tags";

type Endpoints = Plain<aws.apigateway.RestApiArgs>["endpointConfiguration"];

/** An API has an endpoint always: a program that no longer says which leaves the one there is. */
function endpointPatches(now: Endpoints, before: Endpoints): Patch[] {
  if (!now) return [];
  const { types: type, ipAddressType, vpcEndpointIds = [] } = now;
  const [path, oldIds] = ["/endpointConfiguration", before?.vpcEndpointIds ?? []];
  const replaced = (name: string, value: string): Patch => ({ op: "replace", path: `${path}/${name}`, value });
  const ids = (op: "add" | "remove", values: string[]): Patch[] =>
    values.map((value) => ({ op, path: `${path}/vpcEndpointIds`, value }));
  return [
    ...(type === before?.types ? [] : [replaced(`types/${before?.types ?? "EDGE"}`, type)]),
    ...(ipAddressType === undefined || ipAddressType === before?.ipAddressType
      ? []
      : [replaced("ipAddressType", ipAddressType)]),
    ...ids(
      "remove",
      oldIds.filter((id) => !vpcEndpointIds.includes(id)),
    ),
    ...ids(
      "add",
      vpcEndpointIds.filter((id) => !oldIds.includes(id)),
    ),
  ];
}

function apiOutputs(c: Context, { id = "", rootResourceId }: RestApi) {
  return { id, rootResourceId, arn: c.gatewayArn(`/restapis/${id}`), executionArn: c.arn("execute-api", id) };
}

const restApi = resource<aws.apigateway.RestApiArgs>({
  cloudFormation: { type: "AWS::ApiGateway::RestApi", names: { apiKeySource: "ApiKeySourceType" } },
  inputs: [
    "apiKeySource",
    "binaryMediaTypes",
    "description",
    "disableExecuteApiEndpoint",
    "endpointAccessMode",
    "endpointConfiguration",
    "minimumCompressionSize",
    "name",
    "policy",
    "securityPolicy",
    "tags",
  ],
  autoName: { property: "name", maxLength: 1024 },
  json: ["policy"],
  checks: {
    policy: (text) => policy(text, "resource"),
    securityPolicy: (name, { endpointAccessMode }) =>
      name.startsWith("SecurityPolicy_") && endpointAccessMode === undefined
        ? `${name} needs an endpointAccessMode`
        : undefined,
  },
  async create(c, inputs) {
    return apiOutputs(c, await c.call("apigateway", "CreateRestApi", {}, inputs));
  },
  async find(c, { name }, taken) {
    const { items } = await c.call("apigateway", "GetRestApis", { limit: PAGE });
    const found = items?.find((one) => one.name === name && !taken.has(one.id ?? ""));
    return found && apiOutputs(c, found);
  },
  async read(c, id, state) {
    const found = await c.call("apigateway", "GetRestApi", { restApiId: id });
    return {
      ...c.mirror(omit(state, "tags"), { ...found, policy: unescaped(found.policy) }),
      tags: await gatewayTags(c, c.gatewayArn(`/restapis/${id}`)),
      rootResourceId: found.rootResourceId,
      arn: c.gatewayArn(`/restapis/${id}`),
      executionArn: c.arn("execute-api", id),
    };
  },
  async update(c, id, now, before) {
    const patchOperations = [
      ...patches(now, before, {
        apiKeySource: "/apiKeySource",
        description: "/description",
        disableExecuteApiEndpoint: "/disableExecuteApiEndpoint",
        endpointAccessMode: "/endpointAccessMode",
        minimumCompressionSize: "/minimumCompressionSize",
        name: "/name",
        policy: "/policy",
        securityPolicy: "/securityPolicy",
      }),
      ...setPatches(now.binaryMediaTypes, before.binaryMediaTypes, "/binaryMediaTypes"),
    ];
    patchOperations.push(...endpointPatches(now.endpointConfiguration, before.endpointConfiguration));
    if (patchOperations.length > 0) await c.call("apigateway", "UpdateRestApi", { restApiId: id, patchOperations });
    await retagGateway(c, c.gatewayArn(`/restapis/${id}`), now.tags, before.tags);
  },
  delete: (c, id) => c.call("apigateway", "DeleteRestApi", { restApiId: id }),
});

/** The service answers a policy as the inside of a JSON string. */
function unescaped(document: string | undefined): string | undefined {
  return document?.startsWith('{\\"') ? (JSON.parse(`"${document}"`) as string) : document;
}

const gatewayResource = resource<aws.apigateway.ResourceArgs>({
  cloudFormation: { type: "AWS::ApiGateway::Resource", names: { restApi: "RestApiId" } },
  inputs: ["restApi", "parentId", "pathPart"],
  async create(c, { restApi: restApiId, parentId, pathPart }) {
    const { id = "", path } = await c.call("apigateway", "CreateResource", { restApiId, parentId, pathPart });
    return { id, path };
  },
  async find(c, { restApi: restApiId, parentId, pathPart }) {
    const { items } = await c.call("apigateway", "GetResources", { restApiId, limit: PAGE });
    const found = items?.find((one) => one.parentId === parentId && one.pathPart === pathPart);
    return found?.id === undefined ? undefined : { id: found.id, path: found.path };
  },
  async read(c, id, { restApi: restApiId, parentId, pathPart }) {
    const found = await c.call("apigateway", "GetResource", { restApiId, resourceId: id });
    return { ...c.mirror({ parentId, pathPart }, found), path: found.path };
  },
  async update(c, id, now, before) {
    const patchOperations = patches(now, before, { parentId: "/parentId", pathPart: "/pathPart" });
    const { path } = await c.call("apigateway", "UpdateResource", {
      restApiId: now.restApi,
      resourceId: id,
      patchOperations,
    });
    return { path };
  },
  delete: (c, id, { restApi: restApiId }) => c.call("apigateway", "DeleteResource", { restApiId, resourceId: id }),
});

const deployment = resource<aws.apigateway.DeploymentArgs>({
  cloudFormation: {
    type: "AWS::ApiGateway::Deployment",
    names: { restApi: "RestApiId", variables: "StageDescription/Variables" },
    own: ["triggers"],
  },
  inputs: ["restApi", "triggers", "variables", "description"],
  async create(c, { restApi: restApiId, description, variables }) {
    const { id = "" } = await c.call("apigateway", "CreateDeployment", { restApiId, description, variables });
    return { id };
  },
  async find(c, { restApi: restApiId, description }, taken) {
    const { items } = await c.call("apigateway", "GetDeployments", { restApiId, limit: PAGE });
    const same = items?.filter((one) => (one.description || undefined) === description && !taken.has(one.id ?? ""));
    const [latest] = same?.sort((one, other) => Number(other.createdDate) - Number(one.createdDate)) ?? [];
    return latest?.id === undefined ? undefined : { id: latest.id };
  },
  async read(c, id, { restApi: restApiId, description }) {
    return c.mirror({ description }, await c.call("apigateway", "GetDeployment", { restApiId, deploymentId: id }));
  },
  async update(c, id, now, before) {
    const patchOperations = patches(now, before, { description: "/description" });
    await c.call("apigateway", "UpdateDeployment", { restApiId: now.restApi, deploymentId: id, patchOperations });
  },
  delete: (c, id, { restApi: restApiId }) => c.call("apigateway", "DeleteDeployment", { restApiId, deploymentId: id }),
});

/** Where a stage answers: the emulator's address when there is one, for it can't own names in AWS's domain. */
function invokeUrl(api: string, region: string, stage: string): string {
  const endpoint = process.env["AWS_ENDPOINT_URL_API_GATEWAY"] ?? process.env["AWS_ENDPOINT_URL"];
  if (endpoint) return `${endpoint.replace(/\/$/, "")}/_aws/execute-api/${api}/${stage}`;
  return `https://${api}.execute-api.${region}.amazonaws.com/${stage}`;
}

const LOG_PATHS = { destinationArn: "/accessLogSettings/destinationArn", format: "/accessLogSettings/format" } as const;

const stage = resource<aws.apigateway.StageArgs>({
  cloudFormation: {
    type: "AWS::ApiGateway::Stage",
    names: {
      restApi: "RestApiId",
      deployment: "DeploymentId",
      accessLogSettings: "AccessLogSetting",
      xrayTracingEnabled: "TracingEnabled",
    },
  },
  inputs: [
    "restApi",
    "stageName",
    "accessLogSettings",
    "deployment",
    "description",
    "tags",
    "variables",
    "xrayTracingEnabled",
  ],
  blocks: { accessLogSettings: Object.keys(LOG_PATHS) },
  async create(c, inputs) {
    const {
      restApi: api,
      stageName: name,
      accessLogSettings: logs,
      deployment: deploymentId,
      xrayTracingEnabled,
    } = inputs;
    const { description, variables, tags } = inputs;
    const request = {
      restApiId: api,
      stageName: name,
      deploymentId,
      description,
      variables,
      tags,
      tracingEnabled: xrayTracingEnabled,
    };
    await c.call("apigateway", "CreateStage", request);
    const arn = c.gatewayArn(`/restapis/${api}/stages/${name}`);
    const executionArn = c.arn("execute-api", `${api}/${name}`);
    const created = c.exists({
      id: `ags-${api}-${name}`,
      arn,
      executionArn,
      invokeUrl: invokeUrl(api, c.region, name),
    });
    await tagCreated(c, arn, tags);
    if (logs) {
      const patchOperations = patches(logs, {}, LOG_PATHS);
      await c.call("apigateway", "UpdateStage", { restApiId: api, stageName: name, patchOperations });
    }
    return created;
  },
  async read(c, _id, { restApi: restApiId, stageName, ...state }) {
    const found = await c.call("apigateway", "GetStage", { restApiId, stageName });
    const current = { ...found, deployment: found.deploymentId, xrayTracingEnabled: found.tracingEnabled };
    const tags = await gatewayTags(c, c.gatewayArn(`/restapis/${restApiId}/stages/${stageName}`));
    return { ...c.mirror(omit(state, "tags"), current), tags };
  },
  async update(c, _id, now, before) {
    const { restApi: restApiId, stageName } = now;
    const plain = {
      deployment: "/deploymentId",
      description: "/description",
      xrayTracingEnabled: "/tracingEnabled",
    } as const;
    const patchOperations: Patch[] = [
      ...patches(now, before, plain),
      ...mapPatches(now.variables, before.variables, "/variables"),
      ...(now.accessLogSettings
        ? patches(now.accessLogSettings, before.accessLogSettings ?? {}, LOG_PATHS)
        : before.accessLogSettings
          ? [{ op: "remove", path: "/accessLogSettings" } as const]
          : []),
    ];
    if (patchOperations.length > 0)
      await c.call("apigateway", "UpdateStage", { restApiId, stageName, patchOperations });
    await retagGateway(c, c.gatewayArn(`/restapis/${restApiId}/stages/${stageName}`), now.tags, before.tags);
  },
  delete: (c, _id, { restApi: restApiId, stageName }) => c.call("apigateway", "DeleteStage", { restApiId, stageName }),
});

const SETTINGS = {
  cacheDataEncrypted: "caching/dataEncrypted",
  cacheTtlInSeconds: "caching/ttlInSeconds",
  cachingEnabled: "caching/enabled",
  dataTraceEnabled: "logging/dataTrace",
  loggingLevel: "logging/loglevel",
  metricsEnabled: "metrics/enabled",
  requireAuthorizationForCacheControl: "caching/requireAuthorizationForCacheControl",
  throttlingBurstLimit: "throttling/burstLimit",
  throttlingRateLimit: "throttling/rateLimit",
  unauthorizedCacheControlHeaderStrategy: "caching/unauthorizedCacheControlHeaderStrategy",
} as const;

/** What the service takes settings to be that are not given. A setting can't be removed by itself. */
const DEFAULT_SETTINGS = {
  cacheDataEncrypted: false,
  cacheTtlInSeconds: 300,
  cachingEnabled: false,
  dataTraceEnabled: false,
  loggingLevel: "OFF",
  metricsEnabled: false,
  requireAuthorizationForCacheControl: true,
  throttlingBurstLimit: -1,
  throttlingRateLimit: -1,
  unauthorizedCacheControlHeaderStrategy: "SUCCEED_WITH_RESPONSE_HEADER",
} as const;

/** `/~1predict/POST`: where settings of the method path `predict/POST` are; `*` followed by `/*` is all. */
function settingsPath(methodPath: string): string {
  const at = methodPath.lastIndexOf("/");
  const [path, method] = [methodPath.slice(0, at), methodPath.slice(at + 1)];
  return `/${path === "*" ? path : pointer(`/${path}`)}/${method}`;
}

function settingPatches(methodPath: string, now: Settings, before: Settings): Patch[] {
  const prefix = settingsPath(methodPath);
  const paths: Record<string, string> = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [name, `${prefix}/${setting}`]),
  );
  return patches({ ...pick(DEFAULT_SETTINGS, (name) => name in before), ...now }, before, paths);
}

type Settings = Plain<aws.apigateway.MethodSettingsArgs>["settings"];

const methodSettings = resource<aws.apigateway.MethodSettingsArgs>({
  cloudFormation: {
    type: "AWS::ApiGateway::Stage",
    part: "MethodSettings",
    address: ["restApi", "stageName", "methodPath"],
    names: { settings: "MethodSettings" },
  },
  inputs: ["restApi", "stageName", "methodPath", "settings"],
  required: ["restApi", "stageName", "methodPath", "settings"],
  oneInPlace: true,
  blocks: { settings: Object.keys(SETTINGS) },
  checks: {
    methodPath: (path) =>
      path.includes("/") ? undefined : `"${path}" is not {path}/{method}, such as "predict/POST" or "*/*"`,
    settings: ({ throttlingRateLimit: rate, throttlingBurstLimit: burst }) =>
      (rate === undefined ? undefined : between(rate, -1, 1e6)) ??
      (burst === undefined ? undefined : between(burst, -1, 1e6)),
  },
  async create(c, { restApi: restApiId, stageName, methodPath, settings }) {
    const patchOperations = settingPatches(methodPath, settings, {});
    await c.call("apigateway", "UpdateStage", { restApiId, stageName, patchOperations });
    return { id: `${restApiId}-${stageName}-${methodPath}` };
  },
  async read(c, _id, { restApi: restApiId, stageName, methodPath, settings }) {
    const { methodSettings: all } = await c.call("apigateway", "GetStage", { restApiId, stageName });
    const key =
      methodPath === "*/*" ? methodPath : pointer(methodPath.replace(/\/([^/]+)$/, "\n$1")).replace("\n", "/");
    const found = all?.[methodPath] ?? all?.[key] ?? all?.[`~1${key}`] ?? all?.[`/${methodPath}`];
    return found && c.mirror({ settings }, { settings: found });
  },
  async update(c, _id, now, before) {
    const { restApi: restApiId, stageName, methodPath, settings } = now;
    const patchOperations = settingPatches(methodPath, settings, before.settings);
    await c.call("apigateway", "UpdateStage", { restApiId, stageName, patchOperations });
  },
  async delete(c, _id, { restApi: restApiId, stageName, methodPath }) {
    const patchOperations: Patch[] = [{ op: "remove", path: settingsPath(methodPath) }];
    await c.call("apigateway", "UpdateStage", { restApiId, stageName, patchOperations });
  },
});

export const APIGATEWAY: ResourceTable = {
  "aws:apigateway/restApi:RestApi": restApi,
  "aws:apigateway/resource:Resource": gatewayResource,
  "aws:apigateway/deployment:Deployment": deployment,
  "aws:apigateway/stage:Stage": stage,
  "aws:apigateway/methodSettings:MethodSettings": methodSettings,
};
