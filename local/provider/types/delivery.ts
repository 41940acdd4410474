import type * as aws from "@pulumi/aws";
import { between, jsonObject, named } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { retag, tagList, tagMap } from "./shared";

type Tags = Record<string, string> | undefined;

/** Tags as CodePipeline, CodeBuild and others of their age take them. */
function lowerTags(tags: Tags): { key: string; value: string }[] | undefined {
  return tags && Object.entries(tags).map(([key, value]) => ({ key, value }));
}

function fromLowerTags(tags: { key?: string; value?: string }[] | undefined): Record<string, string> {
  return tagMap((tags ?? []).map(({ key: Key, value: Value }) => ({ Key, Value })));
}

type PipelineInputs = Plain<aws.codepipeline.PipelineArgs>;

/** The declaration as CodePipeline has it. */
function declaration(inputs: PipelineInputs): object {
  const { artifactStores, stages, name, executionMode, pipelineType, roleArn, triggers, variables } = inputs;
  const [store] = artifactStores;
  return {
    ...{ name, executionMode, pipelineType, roleArn, variables },
    artifactStore: store,
    stages: stages.map((stage) => ({
      ...stage,
      actions: stage.actions.map(
        ({ category, owner, provider, version, inputArtifacts, outputArtifacts, ...action }) => ({
          ...action,
          actionTypeId: { category, owner, provider, version },
          inputArtifacts: inputArtifacts?.map((name) => ({ name })),
          outputArtifacts: outputArtifacts?.map((name) => ({ name })),
        }),
      ),
    })),
    triggers: triggers?.map(({ providerType, gitConfiguration: { pushes, ...git } }) => ({
      providerType,
      gitConfiguration: { ...git, push: pushes },
    })),
  };
}

interface Declared {
  artifactStore?: object;
  stages?: {
    name?: string;
    actions?: {
      actionTypeId?: object;
      inputArtifacts?: { name?: string }[];
      outputArtifacts?: { name?: string }[];
    }[];
  }[];
  triggers?: { providerType?: string; gitConfiguration?: { push?: object[] } }[];
}

/** The reverse of {@link declaration}. */
function fromDeclaration({ artifactStore, stages = [], triggers, ...rest }: Declared): object {
  const names = (artifacts: { name?: string }[] | undefined) => artifacts?.map(({ name }) => name);
  return {
    ...rest,
    artifactStores: [artifactStore],
    stages: stages.map((stage) => ({
      ...stage,
      actions: stage.actions?.map(({ actionTypeId, inputArtifacts, outputArtifacts, ...action }) => ({
        ...action,
        ...actionTypeId,
        inputArtifacts: names(inputArtifacts),
        outputArtifacts: names(outputArtifacts),
      })),
    })),
    triggers: triggers?.map(({ providerType, gitConfiguration: { push, ...git } = {} }) => ({
      providerType,
      gitConfiguration: { ...git, pushes: push },
    })),
  };
}

const pipeline = resource<aws.codepipeline.PipelineArgs>({
  cloudFormation: {
    type: "AWS::CodePipeline::Pipeline",
    names: { artifactStores: "ArtifactStore" },
  },
  inputs: [
    "name",
    "artifactStores",
    "executionMode",
    "pipelineType",
    "roleArn",
    "stages",
    "tags",
    "triggers",
    "variables",
  ],
  autoName: { property: "name", maxLength: 100 },
  required: ["artifactStores", "stages"],
  blocks: {
    artifactStores: ["encryptionKey", "location", "type"],
    stages: ["actions", "name"],
    "stages.actions": [
      ...["category", "configuration", "inputArtifacts", "name", "namespace", "outputArtifacts", "owner"],
      ...["provider", "region", "roleArn", "runOrder", "timeoutInMinutes", "version"],
    ],
    triggers: ["gitConfiguration", "providerType"],
  },
  checks: {
    artifactStores: ({ length }) => (length === 1 ? undefined : `has ${length} stores, where one is supported`),
    stages: (stages) => (stages.length >= 2 ? undefined : "has fewer than two stages"),
  },
  async create(c, inputs) {
    const name = inputs.name ?? "";
    await c.call("codepipeline", "CreatePipeline", { tags: lowerTags(inputs.tags) }, { pipeline: declaration(inputs) });
    return { id: name, arn: c.arn("codepipeline", name) };
  },
  async read(c, id, state) {
    const { pipeline: found } = await c.call("codepipeline", "GetPipeline", { name: id });
    const arn = c.arn("codepipeline", id);
    const { tags } = await c.call("codepipeline", "ListTagsForResource", { resourceArn: arn });
    const current = fromDeclaration(found ?? {});
    return { ...c.mirror(omit(state, "tags"), current), arn, tags: fromLowerTags(tags) };
  },
  async update(c, id, now, before) {
    await c.call("codepipeline", "UpdatePipeline", {}, { pipeline: declaration(now) });
    const resourceArn = c.arn("codepipeline", id);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("codepipeline", "TagResource", { resourceArn, tags: lowerTags(tags) }),
      (tagKeys) => c.call("codepipeline", "UntagResource", { resourceArn, tagKeys }),
    );
  },
  delete: (c, id) => c.call("codepipeline", "DeletePipeline", { name: id }),
});

type ProjectInputs = Plain<aws.codebuild.ProjectArgs>;

function projectRequest({ buildTimeout, queuedTimeout, logsConfig, ...rest }: ProjectInputs): object {
  return {
    ...omit(rest, "tags"),
    timeoutInMinutes: buildTimeout,
    queuedTimeoutInMinutes: queuedTimeout,
    logsConfig: logsConfig && { cloudWatchLogs: logsConfig.cloudwatchLogs, s3Logs: logsConfig.s3Logs },
  };
}

const minutes = (from: number) => (value: number) => between(value, from, 2160);

const project = resource<aws.codebuild.ProjectArgs>({
  cloudFormation: {
    type: "AWS::CodeBuild::Project",
    names: { buildTimeout: "TimeoutInMinutes", queuedTimeout: "QueuedTimeoutInMinutes" },
  },
  inputs: [
    "name",
    "artifacts",
    "autoRetryLimit",
    "buildTimeout",
    "concurrentBuildLimit",
    "description",
    "encryptionKey",
    "environment",
    "logsConfig",
    "queuedTimeout",
    "serviceRole",
    "source",
    "sourceVersion",
    "tags",
  ],
  autoName: { property: "name", maxLength: 255 },
  blocks: { logsConfig: ["cloudwatchLogs", "s3Logs"] },
  checks: {
    name: (name) => named(name, /^[A-Za-z0-9][\w-]*$/, ", - and _"),
    buildTimeout: minutes(5),
    queuedTimeout: (value) => between(value, 5, 480),
  },
  async create(c, inputs) {
    const name = inputs.name ?? "";
    await c.call("codebuild", "CreateProject", { tags: lowerTags(inputs.tags) }, projectRequest(inputs));
    const arn = c.arn("codebuild", `project/${name}`);
    return { id: arn, arn };
  },
  async read(c, id, state) {
    const { projects } = await c.call("codebuild", "BatchGetProjects", { names: [id] });
    const [found] = projects ?? [];
    if (!found) return undefined;
    const { timeoutInMinutes, queuedTimeoutInMinutes, logsConfig, tags } = found;
    const current = {
      ...found,
      buildTimeout: timeoutInMinutes,
      queuedTimeout: queuedTimeoutInMinutes,
      logsConfig: logsConfig && { cloudwatchLogs: logsConfig.cloudWatchLogs, s3Logs: logsConfig.s3Logs },
    };
    return { ...c.mirror(omit(state, "tags"), current), arn: id, tags: fromLowerTags(tags) };
  },
  async update(c, _id, now) {
    await c.call("codebuild", "UpdateProject", { tags: lowerTags(now.tags) ?? [] }, projectRequest(now));
  },
  delete: (c, id) => c.call("codebuild", "DeleteProject", { name: id }),
});

const reportGroup = resource<aws.codebuild.ReportGroupArgs>({
  cloudFormation: { type: "AWS::CodeBuild::ReportGroup", own: ["deleteReports"] },
  inputs: ["name", "deleteReports", "exportConfig", "tags", "type"],
  autoName: { property: "name", maxLength: 128 },
  required: ["exportConfig"],
  async create(c, { name = "", exportConfig, type, tags }) {
    await c.call(
      "codebuild",
      "CreateReportGroup",
      { name, type, tags: lowerTags(tags) },
      { exportConfig: exportDestination(exportConfig) },
    );
    const arn = c.arn("codebuild", `report-group/${name}`);
    return { id: arn, arn };
  },
  async read(c, id, state) {
    const { reportGroups } = await c.call("codebuild", "BatchGetReportGroups", { reportGroupArns: [id] });
    const [found] = reportGroups ?? [];
    if (!found) return undefined;
    const { exportConfigType: type, s3Destination } = found.exportConfig ?? {};
    const current = { name: found.name, type: found.type, exportConfig: { type, s3Destination } };
    return { ...c.mirror(omit(state, "tags", "deleteReports"), current), arn: id, tags: fromLowerTags(found.tags) };
  },
  async update(c, id, { exportConfig, tags }) {
    await c.call(
      "codebuild",
      "UpdateReportGroup",
      { arn: id, tags: lowerTags(tags) ?? [] },
      { exportConfig: exportDestination(exportConfig) },
    );
  },
  delete: (c, id, { deleteReports }) => c.call("codebuild", "DeleteReportGroup", { arn: id, deleteReports }),
});

function exportDestination({ type, ...rest }: Plain<aws.codebuild.ReportGroupArgs>["exportConfig"]): object {
  return { ...rest, exportConfigType: type };
}

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

const lifecyclePolicy = resource<aws.ecr.LifecyclePolicyArgs>({
  cloudFormation: {
    type: "AWS::ECR::Repository",
    part: "LifecyclePolicy",
    address: ["repository"],
    names: { policy: "LifecyclePolicy/LifecyclePolicyText" },
  },
  inputs: ["repository", "policy"],
  required: ["policy", "repository"],
  json: ["policy"],
  oneInPlace: true,
  checks: { policy: (document) => jsonObject(textOf(document)) },
  async create(c, { repository: repositoryName, policy }) {
    await c.call("ecr", "PutLifecyclePolicy", { repositoryName, lifecyclePolicyText: textOf(policy) });
    return { id: repositoryName, registryId: c.account };
  },
  async read(c, id, { policy }) {
    const { lifecyclePolicyText } = await c.call("ecr", "GetLifecyclePolicy", { repositoryName: id });
    return c.mirror({ policy }, { policy: lifecyclePolicyText });
  },
  async update(c, id, { policy }) {
    await c.call("ecr", "PutLifecyclePolicy", { repositoryName: id, lifecyclePolicyText: textOf(policy) });
  },
  delete: (c, id) => c.call("ecr", "DeleteLifecyclePolicy", { repositoryName: id }),
});

const repositoryPolicy = resource<aws.ecr.RepositoryPolicyArgs>({
  cloudFormation: {
    type: "AWS::ECR::Repository",
    part: "RepositoryPolicyText",
    address: ["repository"],
    names: { policy: "RepositoryPolicyText" },
  },
  inputs: ["repository", "policy"],
  required: ["policy", "repository"],
  json: ["policy"],
  oneInPlace: true,
  checks: { policy: (document) => jsonObject(textOf(document)) },
  async create(c, { repository: repositoryName, policy }) {
    await c.call("ecr", "SetRepositoryPolicy", { repositoryName, policyText: textOf(policy) });
    return { id: repositoryName, registryId: c.account };
  },
  async read(c, id, { policy }) {
    const { policyText } = await c.call("ecr", "GetRepositoryPolicy", { repositoryName: id });
    return c.mirror({ policy }, { policy: policyText });
  },
  async update(c, id, { policy }) {
    await c.call("ecr", "SetRepositoryPolicy", { repositoryName: id, policyText: textOf(policy) });
  },
  delete: (c, id) => c.call("ecr", "DeleteRepositoryPolicy", { repositoryName: id }),
});

async function putParameter(
  c: Context,
  { name, insecureValue, ...inputs }: Plain<aws.ssm.ParameterArgs>,
  overwrite: boolean,
): Promise<void> {
  const { allowedPattern, dataType, description, keyId, tier, type, value, tags } = inputs;
  await c.call(
    "ssm",
    "PutParameter",
    {
      Name: name,
      Type: type,
      Value: value ?? insecureValue,
      Overwrite: overwrite,
      // Tags are taken at a parameter's creation only.
      ...(overwrite ? {} : { Tags: tagList(tags) }),
    },
    { allowedPattern, dataType, description, keyId, tier },
  );
}

const parameter = resource<aws.ssm.ParameterArgs>({
  cloudFormation: { type: "AWS::SSM::Parameter", names: { insecureValue: "Value" } },
  inputs: [
    "name",
    "allowedPattern",
    "dataType",
    "description",
    "insecureValue",
    "keyId",
    "tags",
    "tier",
    "type",
    "value",
  ],
  autoName: { property: "name", maxLength: 1011 },
  required: ["type"],
  checks: {
    name: (name, { value, insecureValue }) =>
      (value === undefined) === (insecureValue === undefined)
        ? `needs one of value and insecureValue: "${name}"`
        : undefined,
  },
  async create(c, inputs) {
    await putParameter(c, inputs, false);
    return parameterOutputs(c, inputs.name ?? "");
  },
  async read(c, id, state) {
    const [{ Parameter: found }, { Parameters: described }, { TagList }] = await Promise.all([
      c.call("ssm", "GetParameter", { Name: id, WithDecryption: true }),
      c.call("ssm", "DescribeParameters", { ParameterFilters: [{ Key: "Name", Option: "Equals", Values: [id] }] }),
      c.call("ssm", "ListTagsForResource", { ResourceType: "Parameter", ResourceId: id }),
    ]);
    if (!found) return undefined;
    const { AllowedPattern: allowedPattern, Description: description, KeyId: keyId, Tier: tier } = described?.[0] ?? {};
    const current = {
      name: id,
      type: found.Type,
      value: found.Value,
      insecureValue: found.Value,
      dataType: found.DataType,
      ...{ allowedPattern, description, keyId, tier },
    };
    return { ...c.mirror(omit(state, "tags"), current), ...omit(parameterOutputs(c, id), "id"), tags: tagMap(TagList) };
  },
  async update(c, id, now, before) {
    await putParameter(c, now, true);
    const of = { ResourceType: "Parameter", ResourceId: id };
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("ssm", "AddTagsToResource", { ...of, Tags: tagList(tags) }),
      (TagKeys) => c.call("ssm", "RemoveTagsFromResource", { ...of, TagKeys }),
    );
  },
  delete: (c, id) => c.call("ssm", "DeleteParameter", { Name: id }),
});

function parameterOutputs(c: Context, name: string) {
  return { id: name, arn: c.arn("ssm", `parameter/${name.replace(/^\//, "")}`) };
}

/** What delivers the platform: pipelines, builds, images. */
export const DELIVERY: ResourceTable = {
  "aws:codepipeline/pipeline:Pipeline": pipeline,
  "aws:codebuild/project:Project": project,
  "aws:codebuild/reportGroup:ReportGroup": reportGroup,
  "aws:ecr/repository:Repository": repository,
  "aws:ecr/repositoryPolicy:RepositoryPolicy": repositoryPolicy,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": lifecyclePolicy,
  "aws:ssm/parameter:Parameter": parameter,
};
