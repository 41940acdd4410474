/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The same value with every object's keys in order. Lists keep theirs. */
export function sortKeys(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map(sortKeys);
  const entries = Object.entries(value).map(([key, item]): [string, Json] => [key, sortKeys(item)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** One text for one value: keys sorted, no spaces. Two definitions are the same exactly if these texts are. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sortKeys(value));
}
