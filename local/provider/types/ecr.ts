import type * as aws from "@pulumi/aws";
import { jsonObject } from "../../aws-models";
import type { Context } from "../context";
import { resource, type AnyResource, type ResourceTable } from "../resource";
import { omit } from "../values";
import { retag, tagList, tagMap } from "./shared";

const repository = resource<aws.ecr.RepositoryArgs, { arn: string; repositoryUrl: string; registryId: string }>({
  cloudFormation: {
    type: "AWS::ECR::Repository",
    names: {
      name: "RepositoryName",
      encryptionConfigurations: "EncryptionConfiguration",
    },
    own: ["forceDelete"],
  },
  inputs: [
    "name",
    "encryptionConfigurations",
    "forceDelete",
    "imageScanningConfiguration",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "tags",
  ],
  autoName: { property: "name", maxLength: 256 },
  checks: {
    name: (name) =>
      /^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/.test(name)
        ? undefined
        : `"${name}" is not lower-case letters, digits, and . _ / - between`,
    encryptionConfigurations: ({ length }) => (length <= 1 ? undefined : "has more than one configuration"),
  },
  async create(c, inputs) {
    const { name = "", encryptionConfigurations = [], tags } = inputs;
    const { imageScanningConfiguration, imageTagMutability, imageTagMutabilityExclusionFilters } = inputs;
    await c.call(
      "ecr",
      "CreateRepository",
      { repositoryName: name, tags: tagList(tags) },
      {
        encryptionConfiguration: encryptionConfigurations[0],
        imageScanningConfiguration,
        imageTagMutability,
        imageTagMutabilityExclusionFilters,
      },
    );
    return repositoryOutputs(c, name);
  },
  async read(c, id, state) {
    const { repositories } = await c.call("ecr", "DescribeRepositories", { repositoryNames: [id] });
    const [found] = repositories ?? [];
    if (!found) return undefined;
    const { tags } = await c.call("ecr", "ListTagsForResource", { resourceArn: found.repositoryArn });
    const current = {
      ...found,
      name: found.repositoryName,
      encryptionConfigurations: found.encryptionConfiguration && [found.encryptionConfiguration],
    };
    return {
      ...c.mirror(omit(state, "tags", "forceDelete"), current),
      ...omit(repositoryOutputs(c, id), "id"),
      tags: tagMap(tags),
    };
  },
  async update(c, id, now, before) {
    const { imageScanningConfiguration, imageTagMutability = "MUTABLE" } = now;
    await c.call(
      "ecr",
      "PutImageTagMutability",
      { repositoryName: id, imageTagMutability },
      { imageTagMutabilityExclusionFilters: now.imageTagMutabilityExclusionFilters },
    );
    await c.call(
      "ecr",
      "PutImageScanningConfiguration",
      { repositoryName: id },
      { imageScanningConfiguration: imageScanningConfiguration ?? { scanOnPush: false } },
    );
    const resourceArn = c.arn("ecr", `repository/${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("ecr", "TagResource", { resourceArn, tags: tagList(tags) }),
      (tagKeys) => c.call("ecr", "UntagResource", { resourceArn, tagKeys }),
    );
  },
  delete: (c, id, { forceDelete }) => c.call("ecr", "DeleteRepository", { repositoryName: id, force: forceDelete }),
});

function repositoryOutputs(c: Context, name: string) {
  return {
    id: name,
    arn: c.arn("ecr", `repository/${name}`),
    repositoryUrl: `${c.account}.dkr.ecr.${c.region}.amazonaws.com/${name}`,
    registryId: c.account,
  };
}

/** JSON as it is once the engine's inputs were checked: documents are text by then. */
const textOf = (document: string | object): string =>
  typeof document === "string" ? document : JSON.stringify(document);

interface RepositoryDocument {
  /** Where CloudFormation has it within the repository. */
  part: string;
  property: string;
  put: (c: Context, repositoryName: string, text: string) => Promise<unknown>;
  get: (c: Context, repositoryName: string) => Promise<string | undefined>;
  remove: (c: Context, repositoryName: string) => Promise<unknown>;
}

/** What a repository has one JSON document of, which says how it is to be treated. */
function repositoryDocument({ part, property, put, get, remove }: RepositoryDocument): AnyResource {
  return resource<aws.ecr.LifecyclePolicyArgs | aws.ecr.RepositoryPolicyArgs>({
    cloudFormation: { type: "AWS::ECR::Repository", part, address: ["repository"], names: { policy: property } },
    inputs: ["repository", "policy"],
    required: ["policy", "repository"],
    json: ["policy"],
    oneInPlace: true,
    checks: { policy: (document: string | object) => jsonObject(textOf(document)) },
    async create(c, { repository, policy }) {
      await put(c, repository, textOf(policy));
      return { id: repository, registryId: c.account };
    },
    read: async (c, id, { policy }) => c.mirror({ policy }, { policy: await get(c, id) }),
    async update(c, id, { policy }) {
      await put(c, id, textOf(policy));
    },
    delete: remove,
  });
}

const lifecyclePolicy = repositoryDocument({
  part: "LifecyclePolicy",
  property: "LifecyclePolicy/LifecyclePolicyText",
  put: (c, repositoryName, lifecyclePolicyText) =>
    c.call("ecr", "PutLifecyclePolicy", { repositoryName, lifecyclePolicyText }),
  get: async (c, repositoryName) => (await c.call("ecr", "GetLifecyclePolicy", { repositoryName })).lifecyclePolicyText,
  remove: (c, repositoryName) => c.call("ecr", "DeleteLifecyclePolicy", { repositoryName }),
});

const repositoryPolicy = repositoryDocument({
  part: "RepositoryPolicyText",
  property: "RepositoryPolicyText",
  put: (c, repositoryName, policyText) => c.call("ecr", "SetRepositoryPolicy", { repositoryName, policyText }),
  get: async (c, repositoryName) => (await c.call("ecr", "GetRepositoryPolicy", { repositoryName })).policyText,
  remove: (c, repositoryName) => c.call("ecr", "DeleteRepositoryPolicy", { repositoryName }),
});

export const ECR: ResourceTable = {
  "aws:ecr/repository:Repository": repository,
  "aws:ecr/repositoryPolicy:RepositoryPolicy": repositoryPolicy,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": lifecyclePolicy,
};
