import type * as aws from "@pulumi/aws";
import { policy } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { changed } from "../values";
import { restored, retag, tagList, tagMap } from "./shared";

/** IAM returns documents URL-encoded. */
function decoded(document: string | undefined): string | undefined {
  return document?.startsWith("%7B") ? decodeURIComponent(document) : document;
}

function roleArn(c: Context, name: string, path = "/"): string {
  return `arn:aws:iam::${c.account}:role${path}${name}`;
}

async function detachAll(c: Context, role: string): Promise<void> {
  const { AttachedPolicies: attached } = await c.call("iam", "ListAttachedRolePolicies", { RoleName: role });
  for (const { PolicyArn } of attached ?? []) await c.call("iam", "DetachRolePolicy", { RoleName: role, PolicyArn });
  const { PolicyNames: names } = await c.call("iam", "ListRolePolicies", { RoleName: role });
  for (const PolicyName of names ?? []) await c.call("iam", "DeleteRolePolicy", { RoleName: role, PolicyName });
}

const role = resource<aws.iam.RoleArgs>({
  cloudFormation: {
    type: "AWS::IAM::Role",
    names: { name: "RoleName", assumeRolePolicy: "AssumeRolePolicyDocument" },
    own: ["forceDetachPolicies"],
  },
  inputs: [
    "name",
    "path",
    "assumeRolePolicy",
    "description",
    "forceDetachPolicies",
    "maxSessionDuration",
    "permissionsBoundary",
    "tags",
  ],
  autoName: { property: "name", maxLength: 64 },
  json: ["assumeRolePolicy"],
  checks: { assumeRolePolicy: (text) => policy(text, "trust") },
  async create(c, inputs) {
    const { name = "", assumeRolePolicy, description, maxSessionDuration, path, permissionsBoundary } = inputs;
    const { Role: made } = await c.call(
      "iam",
      "CreateRole",
      { RoleName: name, AssumeRolePolicyDocument: assumeRolePolicy, Tags: tagList(inputs.tags) },
      { description, maxSessionDuration, path, permissionsBoundary },
    );
    return { id: name, name, arn: roleArn(c, name, path), uniqueId: made?.RoleId };
  },
  async read(c, id, { assumeRolePolicy, description, maxSessionDuration, permissionsBoundary }) {
    const { Role: found } = await c.call("iam", "GetRole", { RoleName: id });
    const current = {
      assumeRolePolicy: decoded(found?.AssumeRolePolicyDocument),
      description: found?.Description,
      maxSessionDuration: found?.MaxSessionDuration,
      permissionsBoundary: found?.PermissionsBoundary?.PermissionsBoundaryArn,
    };
    const written = { assumeRolePolicy, description, maxSessionDuration, permissionsBoundary };
    return {
      ...c.mirror(written, current),
      name: id,
      arn: roleArn(c, id, found?.Path),
      uniqueId: found?.RoleId,
      tags: tagMap(found?.Tags),
    };
  },
  async update(c, id, now, before) {
    if (changed(now, before, "assumeRolePolicy")) {
      await c.call("iam", "UpdateAssumeRolePolicy", { RoleName: id, PolicyDocument: now.assumeRolePolicy });
    }
    if (changed(now, before, "description", "maxSessionDuration")) {
      const { description, maxSessionDuration } = now;
      const defaults = restored(now, before, { description: "", maxSessionDuration: 3600 });
      await c.call("iam", "UpdateRole", { RoleName: id }, { description, maxSessionDuration, ...defaults });
    }
    if (changed(now, before, "permissionsBoundary")) {
      const { permissionsBoundary } = now;
      await (permissionsBoundary
        ? c.call("iam", "PutRolePermissionsBoundary", { RoleName: id, PermissionsBoundary: permissionsBoundary })
        : c.call("iam", "DeleteRolePermissionsBoundary", { RoleName: id }));
    }
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("iam", "TagRole", { RoleName: id, Tags: tagList(tags) }),
      (keys) => c.call("iam", "UntagRole", { RoleName: id, TagKeys: keys }),
    );
  },
  async delete(c, id, { forceDetachPolicies }) {
    if (forceDetachPolicies) await detachAll(c, id);
    await c.call("iam", "DeleteRole", { RoleName: id });
  },
});

const rolePolicy = resource<aws.iam.RolePolicyArgs>({
  cloudFormation: {
    type: "AWS::IAM::RolePolicy",
    names: { name: "PolicyName", role: "RoleName", policy: "PolicyDocument" },
  },
  inputs: ["name", "role", "policy"],
  autoName: { property: "name", maxLength: 128 },
  json: ["policy"],
  checks: { policy: (text) => policy(text, "identity") },
  async create(c, { name, role: roleName, policy: document }) {
    await c.call("iam", "PutRolePolicy", { RoleName: roleName, PolicyName: name, PolicyDocument: document });
    return { id: `${roleName}:${name}` };
  },
  async read(c, _id, { name, role: roleName, policy: document }) {
    const found = await c.call("iam", "GetRolePolicy", { RoleName: roleName, PolicyName: name });
    return c.mirror({ policy: document }, { policy: decoded(found.PolicyDocument) });
  },
  async update(c, _id, { name, role: roleName, policy: document }) {
    await c.call("iam", "PutRolePolicy", { RoleName: roleName, PolicyName: name, PolicyDocument: document });
  },
  delete: (c, _id, { name, role: roleName }) =>
    c.call("iam", "DeleteRolePolicy", { RoleName: roleName, PolicyName: name }),
});

const rolePolicyAttachment = resource<aws.iam.RolePolicyAttachmentArgs>({
  cloudFormation: { type: "AWS::IAM::Role", part: "ManagedPolicyArns", address: ["role", "policyArn"] },
  inputs: ["role", "policyArn"],
  required: ["role"],
  async create(c, { role: roleName, policyArn }) {
    await c.call("iam", "AttachRolePolicy", { RoleName: roleName, PolicyArn: policyArn });
    return { id: `${roleName}/${policyArn}` };
  },
  async read(c, _id, { role: roleName, policyArn }) {
    const { AttachedPolicies: attached } = await c.call("iam", "ListAttachedRolePolicies", { RoleName: roleName });
    return attached?.some(({ PolicyArn }) => PolicyArn === policyArn) ? {} : undefined;
  },
  delete: (c, _id, { role: roleName, policyArn }) =>
    c.call("iam", "DetachRolePolicy", { RoleName: roleName, PolicyArn: policyArn }),
});

export const IAM: ResourceTable = {
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": rolePolicyAttachment,
};
