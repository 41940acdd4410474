import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  paginateListTaskDefinitions,
  type ECSClient,
} from "@aws-sdk/client-ecs";
import type { Tags } from "../shared/environment";
import { carries } from "./logic";

/**
 * Deregisters the active revisions of a task family that carry the tags: those that were registered beside the stack's
 * own, which is gone by then.
 *
 * @returns their ARNs
 */
export async function deregisterRevisions(ecs: ECSClient, family: string, tags: Tags): Promise<string[]> {
  const removed: string[] = [];
  for (const taskDefinition of await activeRevisions(ecs, family)) {
    const described = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ["TAGS"] }));
    const carried = (described.tags ?? []).map(({ key, value }) => ({ Key: key, Value: value }));
    if (!carries(carried, tags)) continue;
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
    removed.push(taskDefinition);
  }
  return removed;
}

/** All of them before the first goes: a list that shrinks while it is paged through would skip some. */
async function activeRevisions(ecs: ECSClient, family: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { taskDefinitionArns = [] } of paginateListTaskDefinitions(
    { client: ecs },
    { familyPrefix: family, status: "ACTIVE" },
  )) {
    found.push(...taskDefinitionArns);
  }
  return found.filter((arn) => arn.replace(/^.*\//, "").replace(/:\d+$/, "") === family);
}
