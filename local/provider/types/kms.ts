import { isDeepStrictEqual } from "node:util";
import type * as aws from "@pulumi/aws";
import { between, policy } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { changed } from "../values";
import { retag, tagMap } from "./shared";

const DEFAULT_WINDOW_DAYS = 30;

async function tagsOf(c: Context, id: string): Promise<Record<string, string>> {
  const { Tags } = await c.call("kms", "ListResourceTags", { KeyId: id });
  return tagMap(Tags?.map(({ TagKey: Key, TagValue: Value }) => ({ Key, Value })));
}

const key = resource<aws.kms.KeyArgs>({
  cloudFormation: {
    type: "AWS::KMS::Key",
    names: {
      customerMasterKeySpec: "KeySpec",
      deletionWindowInDays: "PendingWindowInDays",
      isEnabled: "Enabled",
      policy: "KeyPolicy",
    },
  },
  inputs: [
    "keyUsage",
    "customerMasterKeySpec",
    "multiRegion",
    "description",
    "policy",
    "enableKeyRotation",
    "rotationPeriodInDays",
    "deletionWindowInDays",
    "isEnabled",
    "tags",
  ],
  json: ["policy"],
  checks: {
    // The service looks at it on deletion only, and then the stack can't be destroyed.
    deletionWindowInDays: (days) => between(days, 7, 30),
    policy: (text) => policy(text, "resource"),
    rotationPeriodInDays: (days) => between(days, 90, 2560),
  },
  async create(c, inputs) {
    const { description, policy: document, keyUsage, customerMasterKeySpec, multiRegion } = inputs;
    const { KeyMetadata: metadata } = await c.call(
      "kms",
      "CreateKey",
      { Tags: kmsTags(inputs.tags), KeySpec: customerMasterKeySpec },
      { description, policy: document, keyUsage, multiRegion },
    );
    const id = metadata?.KeyId ?? "";
    const created = c.exists({ id, keyId: id, arn: c.arn("kms", `key/${id}`) });
    if (inputs.enableKeyRotation) {
      await c.call("kms", "EnableKeyRotation", { KeyId: id, RotationPeriodInDays: inputs.rotationPeriodInDays });
    }
    if (inputs.isEnabled === false) await c.call("kms", "DisableKey", { KeyId: id });
    return created;
  },
  // Keys have no names: one that nobody knows, and that says of itself what the inputs say, is the one.
  async find(c, { description, tags }, taken) {
    let Marker: string | undefined;
    do {
      const page = await c.call("kms", "ListKeys", { Marker });
      for (const { KeyId: id = "" } of page.Keys ?? []) {
        if (taken.has(id)) continue;
        const { KeyMetadata: metadata } = await c.call("kms", "DescribeKey", { KeyId: id });
        if (metadata?.KeyManager === "AWS" || metadata?.KeyState === "PendingDeletion") continue;
        if ((metadata?.Description ?? "") !== (description ?? "")) continue;
        if (isDeepStrictEqual(await tagsOf(c, id), { ...tags }))
          return { id, keyId: id, arn: c.arn("kms", `key/${id}`) };
      }
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    return undefined;
  },
  async read(c, id, state) {
    const { KeyMetadata: metadata } = await c.call("kms", "DescribeKey", { KeyId: id });
    if (metadata?.KeyState === "PendingDeletion") return undefined;
    const rotation = await c.call("kms", "GetKeyRotationStatus", { KeyId: id });
    const { Policy: document } = await c.call("kms", "GetKeyPolicy", { KeyId: id, PolicyName: "default" });
    const { description, enableKeyRotation, isEnabled, policy: policyOf, rotationPeriodInDays } = state;
    const current = {
      description: metadata?.Description,
      enableKeyRotation: rotation.KeyRotationEnabled,
      isEnabled: metadata?.Enabled,
      policy: document,
      rotationPeriodInDays: rotation.RotationPeriodInDays,
    };
    return {
      ...c.mirror({ description, enableKeyRotation, isEnabled, policy: policyOf, rotationPeriodInDays }, current),
      tags: await tagsOf(c, id),
      keyId: id,
      arn: c.arn("kms", `key/${id}`),
    };
  },
  async update(c, id, now, before) {
    const { description, policy: document, enableKeyRotation, isEnabled, rotationPeriodInDays } = now;
    if (changed(now, before, "description")) {
      await c.call("kms", "UpdateKeyDescription", { KeyId: id, Description: description ?? "" });
    }
    if (changed(now, before, "policy") && document) {
      await c.call("kms", "PutKeyPolicy", { KeyId: id, PolicyName: "default", Policy: document });
    }
    if (changed(now, before, "isEnabled")) {
      await (isEnabled === false
        ? c.call("kms", "DisableKey", { KeyId: id })
        : c.call("kms", "EnableKey", { KeyId: id }));
    }
    if (changed(now, before, "enableKeyRotation", "rotationPeriodInDays")) {
      await (enableKeyRotation
        ? c.call("kms", "EnableKeyRotation", { KeyId: id, RotationPeriodInDays: rotationPeriodInDays })
        : c.call("kms", "DisableKeyRotation", { KeyId: id }));
    }
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("kms", "TagResource", { KeyId: id, Tags: kmsTags(tags) }),
      (keys) => c.call("kms", "UntagResource", { KeyId: id, TagKeys: keys }),
    );
  },
  delete: (c, id, { deletionWindowInDays }) =>
    c.call("kms", "ScheduleKeyDeletion", {
      KeyId: id,
      PendingWindowInDays: deletionWindowInDays ?? DEFAULT_WINDOW_DAYS,
    }),
});

function kmsTags(tags: Record<string, string> | undefined) {
  return tags && Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}

const alias = resource<aws.kms.AliasArgs>({
  cloudFormation: { type: "AWS::KMS::Alias", names: { name: "AliasName" } },
  inputs: ["name", "targetKeyId"],
  autoName: { property: "name", maxLength: 250 },
  checks: {
    name: (name) => (/^(alias\/)?aws\//.test(name) ? `"${name}" begins with what AWS keeps for itself` : undefined),
  },
  async create(c, { name, targetKeyId }) {
    const full = name?.startsWith("alias/") ? name : `alias/${name}`;
    await c.call("kms", "CreateAlias", { AliasName: full, TargetKeyId: targetKeyId });
    return { id: full, name: full, arn: c.arn("kms", full), targetKeyArn: c.arn("kms", `key/${targetKeyId}`) };
  },
  async read(c, id, { targetKeyId }) {
    const { Aliases: aliases } = await c.call("kms", "ListAliases", {});
    const found = aliases?.find(({ AliasName: name }) => name === id);
    if (!found) return undefined;
    // A program may give the key's ARN, the service answers with its id.
    const same = targetKeyId.endsWith(`/${found.TargetKeyId}`);
    return { arn: c.arn("kms", id), ...(same ? {} : c.mirror({ targetKeyId }, found)) };
  },
  async update(c, id, { targetKeyId }) {
    await c.call("kms", "UpdateAlias", { AliasName: id, TargetKeyId: targetKeyId });
    return { targetKeyArn: c.arn("kms", `key/${targetKeyId}`) };
  },
  delete: (c, id) => c.call("kms", "DeleteAlias", { AliasName: id }),
});

export const KMS: ResourceTable = { "aws:kms/key:Key": key, "aws:kms/alias:Alias": alias };
