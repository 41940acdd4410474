/** API Gateway's updates are JSON patches, with text for values whatever they mean. */

export interface Patch {
  op: "add" | "remove" | "replace";
  path: string;
  value?: string;
}

type Scalar = string | number | boolean;

/** The most that API Gateway lists at once, which is more than one account may have of anything looked for here. */
export const PAGE = 500;

/** One part of a JSON pointer. */
export function pointer(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Patches of the simple inputs that changed, by the path of each. */
export function patches<T extends object>(now: T, before: Partial<T>, paths: { [Input in keyof T]?: string }): Patch[] {
  return (Object.entries(paths) as [keyof T, string][])
    .filter(([input]) => now[input] !== before[input])
    .map(([input, path]) =>
      now[input] === undefined ? { op: "remove", path } : { op: "replace", path, value: String(now[input]) },
    );
}

/** Patches of a map's entries that changed. */
export function mapPatches(
  now: Record<string, Scalar | undefined> = {},
  before: Record<string, Scalar | undefined> = {},
  path: string,
): Patch[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((key) => now[key] !== before[key]);
  return keys.map((key): Patch => {
    const at = `${path}/${pointer(key)}`;
    if (now[key] === undefined) return { op: "remove", path: at };
    return { op: before[key] === undefined ? "add" : "replace", path: at, value: String(now[key]) };
  });
}

/** Patches of a set of values. */
export function setPatches(now: string[] = [], before: string[] = [], path: string): Patch[] {
  const gone = before.filter((value) => !now.includes(value));
  const news = now.filter((value) => !before.includes(value));
  return [
    ...gone.map((value): Patch => ({ op: "remove", path: `${path}/${pointer(value)}` })),
    ...news.map((value): Patch => ({ op: "add", path: `${path}/${pointer(value)}` })),
  ];
}
