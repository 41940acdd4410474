import type * as aws from "@pulumi/aws";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { mapPatches, patches, type Patch } from "./apigateway-patch";
import { retag } from "./shared";

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
    return { id, value: inputs.value ?? value, arn: c.gatewayArn(`/apikeys/${id}`) };
  },
  async read(c, id, { description, enabled, name }) {
    const found = await c.call("apigateway", "GetApiKey", { apiKey: id, includeValue: true });
    return { ...c.mirror({ description, enabled, name }, found), value: found.value };
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
    const resourceArn = c.gatewayArn(`/apikeys/${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("apigateway", "TagResource", { resourceArn, tags }),
      (tagKeys) => c.call("apigateway", "UntagResource", { resourceArn, tagKeys }),
    );
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

/** A stage whose throttles changed is detached and attached again. */
function stagePatches(now: PlanStage[] = [], before: PlanStage[] = []): Patch[] {
  const text = (stage: PlanStage) => JSON.stringify(stage);
  const name = ({ apiId, stage }: PlanStage) => `${apiId}:${stage}`;
  const gone = before.filter((old) => !now.some((stage) => text(stage) === text(old)));
  const news = now.filter((stage) => !before.some((old) => text(stage) === text(old)));
  const limits = (stage: PlanStage) =>
    (stage.throttles ?? []).flatMap(({ path, burstLimit, rateLimit }) =>
      mapPatches({ burstLimit, rateLimit }, {}, `/apiStages/${name(stage)}/throttle/${path}`),
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
  async create(c, inputs) {
    const { apiStages, quotaSettings: quota, throttleSettings: throttle, ...rest } = omit(inputs, "productCode");
    const { id = "" } = await c.call(
      "apigateway",
      "CreateUsagePlan",
      { apiStages: planStages(apiStages) },
      { ...rest, quota, throttle },
    );
    const created = c.exists({ id, arn: c.gatewayArn(`/usageplans/${id}`) });
    if (inputs.productCode !== undefined) {
      const patchOperations = patches(inputs, {}, { productCode: "/productCode" });
      await c.call("apigateway", "UpdateUsagePlan", { usagePlanId: id, patchOperations });
    }
    return created;
  },
  async read(c, id, { name, description, quotaSettings, throttleSettings, apiStages }) {
    const found = await c.call("apigateway", "GetUsagePlan", { usagePlanId: id });
    const stages = apiStages?.map(({ apiId, stage }) => ({ apiId, stage }));
    const current = { ...found, quotaSettings: found.quota, throttleSettings: found.throttle };
    const { apiStages: attached, ...rest } = c.mirror(
      { name, description, quotaSettings, throttleSettings, apiStages: stages },
      current,
    );
    const same = JSON.stringify(attached) === JSON.stringify(stages);
    return { ...rest, ...(same ? {} : { apiStages: attached }) };
  },
  async update(c, id, now, before) {
    const patchOperations = [
      ...patches(now, before, { description: "/description", name: "/name", productCode: "/productCode" }),
      ...blockPatches(now.quotaSettings, before.quotaSettings, "/quota"),
      ...blockPatches(now.throttleSettings, before.throttleSettings, "/throttle"),
      ...stagePatches(now.apiStages, before.apiStages),
    ];
    if (patchOperations.length > 0) await c.call("apigateway", "UpdateUsagePlan", { usagePlanId: id, patchOperations });
    const resourceArn = c.gatewayArn(`/usageplans/${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("apigateway", "TagResource", { resourceArn, tags }),
      (tagKeys) => c.call("apigateway", "UntagResource", { resourceArn, tagKeys }),
    );
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
    await c.call("apigateway", "GetUsagePlanKey", { usagePlanId, keyId: id });
    return {};
  },
  delete: (c, id, { usagePlanId }) => c.call("apigateway", "DeleteUsagePlanKey", { usagePlanId, keyId: id }),
});

export const APIGATEWAY_KEYS: ResourceTable = {
  "aws:apigateway/apiKey:ApiKey": apiKey,
  "aws:apigateway/usagePlan:UsagePlan": usagePlan,
  "aws:apigateway/usagePlanKey:UsagePlanKey": usagePlanKey,
};
