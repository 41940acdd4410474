/** What the types of several services need. */

type Tags = Record<string, string> | undefined;

/** Tags as most services take them. */
export function tagList(tags: Tags): { Key: string; Value: string }[] | undefined {
  return tags && Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Tags as most services answer them. Those that AWS itself puts on a resource are not the program's. */
export function tagMap(tags: { Key?: string; Value?: string }[] | undefined): Record<string, string> {
  return ownTags(Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value])));
}

/** Tags as CodePipeline, CodeBuild and ECS take them. */
export function lowerTagList(tags: Tags): { key: string; value: string }[] | undefined {
  return tags && Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** The reverse of {@link lowerTagList}. */
export function lowerTagMap(tags: { key?: string; value?: string }[] | undefined): Record<string, string> {
  return tagMap((tags ?? []).map(({ key: Key, value: Value }) => ({ Key, Value })));
}

/** Tags without those that AWS itself puts on a resource. */
export function ownTags(tags: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(tags ?? {}).filter(([key]) => !key.startsWith("aws:")));
}

/** Brings a resource's tags from one state to another: first what goes, then what comes. */
export async function retag(
  now: Tags,
  before: Tags,
  put: (tags: Record<string, string>) => Promise<unknown>,
  remove: (keys: string[]) => Promise<unknown>,
): Promise<void> {
  const gone = Object.keys(before ?? {}).filter((key) => now?.[key] === undefined);
  const news = Object.fromEntries(Object.entries(now ?? {}).filter(([key, value]) => before?.[key] !== value));
  if (gone.length > 0) await remove(gone);
  if (Object.keys(news).length > 0) await put(news);
}

/**
 * The service's defaults for inputs that the program no longer gives. Updates leave out what they don't name, so a
 * removed input would otherwise keep its old value.
 */
export function restored<T extends object>(now: T, before: T, defaults: Partial<Record<keyof T, unknown>>): object {
  const entries = Object.entries(defaults).filter(
    ([key]) => now[key as keyof T] === undefined && before[key as keyof T] !== undefined,
  );
  return Object.fromEntries(entries);
}

/** A service's attributes are text, whatever they mean. */
export function attributes<T extends object>(inputs: T, names: Record<string, keyof T>): Record<string, string> {
  const given = Object.entries(names).filter(([, input]) => inputs[input] !== undefined);
  return Object.fromEntries(given.map(([attribute, input]) => [attribute, String(inputs[input])]));
}

/** Attributes that changed; the empty text for those that went. */
export function changedAttributes<T extends object>(
  now: T,
  before: T,
  names: Record<string, keyof T>,
): Record<string, string> {
  const [news, olds] = [attributes(now, names), attributes(before, names)];
  const changed = Object.keys({ ...olds, ...news }).filter((name) => news[name] !== olds[name]);
  return Object.fromEntries(changed.map((name) => [name, news[name] ?? ""]));
}

/** The reverse of {@link attributes}. */
export function fromAttributes(
  values: Record<string, string | undefined> | undefined,
  names: Record<string, PropertyKey>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(names).map(([attribute, input]) => [input, values?.[attribute]]));
}

interface Network {
  subnets: string[];
  securityGroups?: string[];
  assignPublicIp?: boolean;
}

/** Members of a network. */
export const NETWORK = ["assignPublicIp", "securityGroups", "subnets"] as const;

/** Network of a task that a rule or schedule starts. */
export function awsvpc(network: Network | undefined) {
  return (
    network && {
      awsvpcConfiguration: {
        Subnets: network.subnets,
        SecurityGroups: network.securityGroups,
        AssignPublicIp: network.assignPublicIp ? "ENABLED" : "DISABLED",
      },
    }
  );
}

/** The reverse of {@link awsvpc}. */
export function fromAwsvpc(
  network: { Subnets?: string[]; SecurityGroups?: string[]; AssignPublicIp?: string } | undefined,
) {
  return (
    network && {
      subnets: network.Subnets,
      securityGroups: network.SecurityGroups,
      assignPublicIp: network.AssignPublicIp === "ENABLED",
    }
  );
}
