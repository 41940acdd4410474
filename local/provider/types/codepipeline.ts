import type * as aws from "@pulumi/aws";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { lowerTagList, lowerTagMap, retag } from "./shared";

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
    await c.call(
      "codepipeline",
      "CreatePipeline",
      { tags: lowerTagList(inputs.tags) },
      { pipeline: declaration(inputs) },
    );
    return { id: name, arn: c.arn("codepipeline", name) };
  },
  async read(c, id, state) {
    const { pipeline: found } = await c.call("codepipeline", "GetPipeline", { name: id });
    const arn = c.arn("codepipeline", id);
    const { tags } = await c.call("codepipeline", "ListTagsForResource", { resourceArn: arn });
    const current = fromDeclaration(found ?? {});
    return { ...c.mirror(omit(state, "tags"), current), arn, tags: lowerTagMap(tags) };
  },
  async update(c, id, now, before) {
    await c.call("codepipeline", "UpdatePipeline", {}, { pipeline: declaration(now) });
    const resourceArn = c.arn("codepipeline", id);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("codepipeline", "TagResource", { resourceArn, tags: lowerTagList(tags) }),
      (tagKeys) => c.call("codepipeline", "UntagResource", { resourceArn, tagKeys }),
    );
  },
  delete: (c, id) => c.call("codepipeline", "DeletePipeline", { name: id }),
});

export const CODEPIPELINE: ResourceTable = { "aws:codepipeline/pipeline:Pipeline": pipeline };
