import type * as aws from "@pulumi/aws";
import { named } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { lowerTagList, lowerTagMap, retag } from "./shared";

const cluster = resource<aws.ecs.ClusterArgs>({
  cloudFormation: { type: "AWS::ECS::Cluster", names: { name: "ClusterName", settings: "ClusterSettings" } },
  inputs: ["name", "configuration", "settings", "tags"],
  autoName: { property: "name", maxLength: 255 },
  checks: { name: (name) => named(name, /^[\w-]*$/, ", - and _") },
  async create(c, { name = "", configuration, settings, tags }) {
    await c.call("ecs", "CreateCluster", { clusterName: name, tags: lowerTagList(tags) }, { configuration, settings });
    const arn = c.arn("ecs", `cluster/${name}`);
    return { id: arn, arn };
  },
  async read(c, id, state) {
    const include = ["CONFIGURATIONS", "SETTINGS", "TAGS"];
    const { clusters } = await c.call("ecs", "DescribeClusters", { clusters: [id], include });
    const found = clusters?.find(({ status }) => status !== "INACTIVE");
    if (!found) return undefined;
    const { configuration, settings, tags } = found;
    const current = c.mirror(
      { configuration: state.configuration, settings: state.settings },
      { configuration, settings },
    );
    return { ...current, name: found.clusterName, arn: id, tags: lowerTagMap(tags) };
  },
  async update(c, id, now, before) {
    const { configuration, settings } = now;
    await c.call("ecs", "UpdateCluster", { cluster: id }, { configuration, settings });
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("ecs", "TagResource", { resourceArn: id, tags: lowerTagList(tags) }),
      (tagKeys) => c.call("ecs", "UntagResource", { resourceArn: id, tagKeys }),
    );
  },
  delete: (c, id) => c.call("ecs", "DeleteCluster", { cluster: id }),
});

interface TaskOutputs {
  arn: string;
  arnWithoutRevision: string;
  revision: number;
}

function containersProblem(text: string): string | undefined {
  try {
    return Array.isArray(JSON.parse(text)) ? undefined : "is not a JSON list of containers";
  } catch (error) {
    if (error instanceof SyntaxError) return "is not a JSON list of containers";
    throw error;
  }
}

function revisionOutputs(c: Context, family: string, revision: number) {
  const arnWithoutRevision = c.arn("ecs", `task-definition/${family}`);
  return { id: family, arn: `${arnWithoutRevision}:${revision}`, arnWithoutRevision, revision };
}

/** Revisions are immutable: whatever changes makes a new one. */
const taskDefinition = resource<aws.ecs.TaskDefinitionArgs, TaskOutputs>({
  cloudFormation: { type: "AWS::ECS::TaskDefinition", own: ["skipDestroy", "trackLatest"] },
  inputs: [
    "containerDefinitions",
    "cpu",
    "ephemeralStorage",
    "executionRoleArn",
    "family",
    "ipcMode",
    "memory",
    "networkMode",
    "pidMode",
    "placementConstraints",
    "requiresCompatibilities",
    "runtimePlatform",
    "taskRoleArn",
    "volumes",
    "skipDestroy",
    "tags",
    "trackLatest",
  ],
  required: ["containerDefinitions"],
  checks: { containerDefinitions: containersProblem },
  async create(c, { containerDefinitions, tags, ...inputs }) {
    const definitions: unknown = JSON.parse(containerDefinitions);
    const { taskDefinition: registered } = await c.call(
      "ecs",
      "RegisterTaskDefinition",
      { tags: lowerTagList(tags) },
      { ...inputs, containerDefinitions: definitions },
    );
    return revisionOutputs(c, inputs.family, registered?.revision ?? 0);
  },
  async find(c, { family }, taken) {
    const { taskDefinitionArns: arns = [] } = await c.call("ecs", "ListTaskDefinitions", {
      familyPrefix: family,
      status: "ACTIVE",
      sort: "DESC",
    });
    const ofFamily = arns.find((arn) => arn.split("/")[1]?.split(":")[0] === family && !taken.has(arn));
    return ofFamily === undefined ? undefined : revisionOutputs(c, family, Number(ofFamily.split(":").at(-1)));
  },
  async read(c, _id, { arn }) {
    const { taskDefinition: found, tags } = await c.call("ecs", "DescribeTaskDefinition", {
      taskDefinition: arn,
      include: ["TAGS"],
    });
    return found?.status === "ACTIVE" ? { revision: found.revision, tags: lowerTagMap(tags) } : undefined;
  },
  async update(c, _id, now, before) {
    const resourceArn = before.arn ?? "";
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("ecs", "TagResource", { resourceArn, tags: lowerTagList(tags) }),
      (tagKeys) => c.call("ecs", "UntagResource", { resourceArn, tagKeys }),
    );
  },
  async delete(c, _id, { arn, skipDestroy }) {
    if (!skipDestroy) await c.call("ecs", "DeregisterTaskDefinition", { taskDefinition: arn });
  },
});

export const ECS: ResourceTable = {
  "aws:ecs/cluster:Cluster": cluster,
  "aws:ecs/taskDefinition:TaskDefinition": taskDefinition,
};
