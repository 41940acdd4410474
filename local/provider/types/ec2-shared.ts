import type { Filter, ResourceType, Tag } from "@aws-sdk/client-ec2";
import type { Context } from "../context";
import { retag, tagList } from "./shared";

/** What all of EC2's resources have in common: tags, and that they are looked for by filters. */

type Tags = Record<string, string> | undefined;

/** Tags as EC2 takes them with a resource's creation. */
export function tagSpecifications(ResourceType: ResourceType, tags: Tags) {
  return tags && Object.keys(tags).length > 0 ? [{ ResourceType, Tags: tagList(tags) }] : undefined;
}

/** Brings the tags of a resource from one state to another. */
export function retagResource(c: Context, id: string, now: { tags?: Tags }, before: { tags?: Tags }): Promise<void> {
  return retag(
    now.tags,
    before.tags,
    (tags) => c.call("ec2", "CreateTags", { Resources: [id], Tags: tagList(tags) }),
    (keys) => c.call("ec2", "DeleteTags", { Resources: [id], Tags: keys.map((Key) => ({ Key })) }),
  );
}

/** Filters by name; those without a value are left out. */
export function filters(by: Record<string, string | undefined>): Filter[] {
  const given = Object.entries(by).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.map(([Name, value]) => ({ Name, Values: [value] }));
}

/** Of the resources that look the same, the first whose tags are the wanted ones and that nobody knows of. */
export function unknownAmong<Found extends { Tags?: Tag[] | undefined }>(
  found: readonly Found[] | undefined,
  idOf: (found: Found) => string | undefined,
  tags: Tags,
  taken: ReadonlySet<string>,
): Found | undefined {
  const wanted = Object.entries(tags ?? {});
  return (found ?? []).find((each) => {
    const theirs = new Map((each.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    return !taken.has(idOf(each) ?? "") && wanted.every(([key, value]) => theirs.get(key) === value);
  });
}
