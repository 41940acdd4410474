import type { UsagePlan } from "@aws-sdk/client-api-gateway";
import type * as aws from "@pulumi/aws";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { mapPatches, PAGE, patches, type Patch } from "./apigateway-patch";
import { gatewayTags, retagGateway, tagCreated } from "./apigateway-tags";

const apiKey = resource<aws.apigateway.ApiKeyArgs>({
  cloudFormation: { type: "AWS::ApiGateway::ApiKey" },
  inputs: ["value", "customerId", "description", "enabled", "name", "tags"],
  autoName: { property: "name", maxLength: 1024 },
  defaults: { enabled: true },
  checks: {
    value: (value) =>
      value.length >= 20 && value.length <= 128 ? undefined : `is ${value.length} characters long, not 20 to 128`,
  },
  async create(c, inputs) {
    const { id = "", value } = await c.call("apigateway", "CreateApiKey", {}, inputs);
    const arn = c.gatewayArn(`/apikeys/${id}`);
    const created = c.exists({ id, value: inputs.value ?? value, arn });
    await tagCreated(c, arn, inputs.tags);
    return created;
  },
  async find(c, { name }, taken) {
    const { items } = await c.call("apigateway", "GetApiKeys", { nameQuery: name, includeValues: true, limit: PAGE });
    const found = items?.find((one) => one.name === name && !taken.has(one.id ?? ""));
    return found && { id: found.id ?? "", value: found.value, arn: c.gatewayArn(`/apikeys/${found.id}`) };
  },
  async read(c, id, { customerId, description, enabled, name }) {
    const found = await c.call("apigateway", "GetApiKey", { apiKey: id, includeValue: true });
    const current = c.mirror({ customerId, description, enabled, name }, found);
    return { ...current, tags: await gatewayTags(c, c.gatewayArn(`/apikeys/${id}`)), value: found.value };
  },
  async update(c, id, now, before) {
    const paths = {
      customerId: "/customerId",
      description: "/description",
      enabled: "/enabled",
      name: "/name",
    } as const;
    const patchOperations = patches(now, before, paths);
    if (patchOperations.length > 0) await c.call("apigateway", "UpdateApiKey", { apiKey: id, patchOperations });
    await retagGateway(c, c.gatewayArn(`/apikeys/${id}`), now.tags, before.tags);
  },
  delete: (c, id) => c.call("apigateway", "DeleteApiKey", { apiKey: id }),
});

type PlanArgs = aws.apigateway.UsagePlanArgs;
type PlanStage = NonNullable<Plain<PlanArgs>["apiStages"]>[number];

function planStages(stages: PlanStage[] | undefined) {
  return stages?.map(({ apiId, stage, throttles }) => ({
    apiId,
    stage,
    throttle:
      throttles &&
      Object.fromEntries(throttles.map(({ path, burstLimit, rateLimit }) => [path, { burstLimit, rateLimit }])),
  }));
}

/** A plan's stages as a program writes them, those that it wrote first and in its order. */
function stagesOf(found: UsagePlan, written: PlanStage[]): PlanStage[] {
  const name = ({ apiId, stage }: PlanStage) => `${apiId}:${stage}`;
  const place = (stage: PlanStage) => {
    const at = written.findIndex((one) => name(one) === name(stage));
    return at < 0 ? written.length : at;
  };
  // MiniStack has text there once a stage was attached by a patch.
  const attached = Array.isArray(found.apiStages) ? found.apiStages : [];
  const stages = attached.map(({ apiId = "", stage = "", throttle = {} }): PlanStage => {
    const throttles = Object.entries(throttle).map(([path, limits]) => ({ path, ...limits }));
    return { apiId, stage, ...(throttles.length > 0 ? { throttles } : {}) };
  });
  return stages.sort((one, other) => place(one) - place(other));
}

/** A stage whose throttles changed is detached and attached again. */
function stagePatches(now: PlanStage[] = [], before: PlanStage[] = []): Patch[] {
  const text = (stage: PlanStage) => JSON.stringify(stage);
  const name = ({ apiId, stage }: PlanStage) => `${apiId}:${stage}`;
  const gone = before.filter((old) => !now.some((stage) => text(stage) === text(old)));
  const news = now.filter((stage) => !before.some((old) => text(stage) === text(old)));
  const limits = (stage: PlanStage) =>
    (stage.throttles ?? []).flatMap(({ path, burstLimit, rateLimit }) =>
      mapPatches(
        { burstLimit, rateLimit },
        { burstLimit: 0, rateLimit: 0 },
        `/apiStages/${name(stage)}/throttle/${path}`,
      ),
    );
  return [
    ...gone.map((stage): Patch => ({ op: "remove", path: "/apiStages", value: name(stage) })),
    ...news.map((stage): Patch => ({ op: "add", path: "/apiStages", value: name(stage) })),
    ...news.flatMap(limits),
  ];
}

const usagePlan = resource<PlanArgs>({
  cloudFormation: {
    type: "AWS::ApiGateway::UsagePlan",
    names: { name: "UsagePlanName", quotaSettings: "Quota", throttleSettings: "Throttle" },
  },
  inputs: ["apiStages", "description", "name", "productCode", "quotaSettings", "tags", "throttleSettings"],
  autoName: { property: "name", maxLength: 1024 },
  blocks: { apiStages: ["apiId", "stage", "throttles"], "apiStages.throttles": ["burstLimit", "path", "rateLimit"] },
  async create(c, inputs) {
    const { apiStages, quotaSettings: quota, throttleSettings: throttle, ...rest } = omit(inputs, "productCode");
    const { id = "" } = await c.call(
      "apigateway",
      "CreateUsagePlan",
      { apiStages: planStages(apiStages) },
      { ...rest, quota, throttle },
    );
    const arn = c.gatewayArn(`/usageplans/${id}`);
    const created = c.exists({ id, arn });
    await tagCreated(c, arn, inputs.tags);
    if (inputs.productCode !== undefined) {
      const patchOperations = patches(inputs, {}, { productCode: "/productCode" });
      await c.call("apigateway", "UpdateUsagePlan", { usagePlanId: id, patchOperations });
    }
    return created;
  },
  async find(c, { name }, taken) {
    const { items } = await c.call("apigateway", "GetUsagePlans", { limit: PAGE });
    const found = items?.find((one) => one.name === name && !taken.has(one.id ?? ""));
    return found && { id: found.id ?? "", arn: c.gatewayArn(`/usageplans/${found.id}`) };
  },
  async read(c, id, state) {
    const found = await c.call("apigateway", "GetUsagePlan", { usagePlanId: id });
    const apiStages = stagesOf(found, state.apiStages ?? []);
    const current = { ...found, apiStages, quotaSettings: found.quota, throttleSettings: found.throttle };
    return { ...c.mirror(omit(state, "tags"), current), tags: await gatewayTags(c, c.gatewayArn(`/usageplans/${id}`)) };
  },
  async update(c, id, now, before) {
    const patchOperations = [
      ...patches(now, before, { description: "/description", name: "/name", productCode: "/productCode" }),
      ...blockPatches(now.quotaSettings, before.quotaSettings, "/quota"),
      ...blockPatches(now.throttleSettings, before.throttleSettings, "/throttle"),
      ...stagePatches(now.apiStages, before.apiStages),
    ];
    if (patchOperations.length > 0) await c.call("apigateway", "UpdateUsagePlan", { usagePlanId: id, patchOperations });
    await retagGateway(c, c.gatewayArn(`/usageplans/${id}`), now.tags, before.tags);
  },
  async delete(c, id, { apiStages }) {
    // A plan with stages can't be deleted.
    const patchOperations = stagePatches([], apiStages);
    if (patchOperations.length > 0) await c.call("apigateway", "UpdateUsagePlan", { usagePlanId: id, patchOperations });
    await c.call("apigateway", "DeleteUsagePlan", { usagePlanId: id });
  },
});

/** A block that goes is removed whole. */
function blockPatches(now: object | undefined, before: object | undefined, path: string): Patch[] {
  if (!now) return before ? [{ op: "remove", path }] : [];
  return mapPatches({ ...now }, { ...before }, path).map((patch) =>
    patch.op === "add" ? { ...patch, op: "replace" } : patch,
  );
}

const usagePlanKey = resource<aws.apigateway.UsagePlanKeyArgs>({
  cloudFormation: { type: "AWS::ApiGateway::UsagePlanKey" },
  inputs: ["usagePlanId", "keyId", "keyType"],
  async create(c, inputs) {
    const { name, value } = await c.call("apigateway", "CreateUsagePlanKey", {}, inputs);
    return { id: inputs.keyId, name, value };
  },
  async read(c, id, { usagePlanId }) {
    const { name, value } = await c.call("apigateway", "GetUsagePlanKey", { usagePlanId, keyId: id });
    return { name, value };
  },
  delete: (c, id, { usagePlanId }) => c.call("apigateway", "DeleteUsagePlanKey", { usagePlanId, keyId: id }),
});

export const APIGATEWAY_KEYS: ResourceTable = {
  "aws:apigateway/apiKey:ApiKey": apiKey,
  "aws:apigateway/usagePlan:UsagePlan": usagePlan,
  "aws:apigateway/usagePlanKey:UsagePlanKey": usagePlanKey,
};
