import { parsedJson } from "./json";
import { sameName } from "./mapping";
import { isObject } from "./validate";

type Properties = Record<string, unknown>;

/**
 * The current values of the properties that a program wrote, in the form in which it wrote them: names in the
 * program's letter case, lists in its order where only the order differs, JSON documents in its formatting.
 * Properties that the answer says nothing of are absent from the result.
 *
 * @param written properties as the program wrote them
 * @param current the service's answer
 */
export function mirror(written: Properties, current: unknown): Properties {
  if (!isObject(current)) return {};
  const names = Object.keys(current);
  const result: Properties = {};
  for (const [key, value] of Object.entries(written)) {
    const name = names.find((candidate) => sameName(candidate, key));
    if (value === undefined || name === undefined) continue;
    const now = current[name];
    if (now !== undefined && now !== null) result[key] = mirrorValue(value, now);
  }
  return result;
}

function mirrorValue(written: unknown, current: unknown): unknown {
  if (Array.isArray(written)) return Array.isArray(current) ? mirrorList(written, current) : written;
  // A block of which there can be only one is a list at the service and an object in the program.
  if (isObject(written)) return mirror(written, Array.isArray(current) ? (current as unknown[])[0] : current);
  if (typeof written === "string" && typeof current === "string") return sameText(written, current) ? written : current;
  return String(written) === String(current) ? written : current;
}

function mirrorList(written: unknown[], current: unknown[]): unknown[] {
  if (written.length !== current.length) return current;
  if (written.some(isObject)) return written.map((value, index) => mirrorValue(value, current[index]));
  const sorted = (list: unknown[]) => canonical([...list].map(canonical).sort());
  return sorted(written) === sorted(current) ? written : current;
}

function sameText(one: string, other: string): boolean {
  return one === other || (/^\s*[[{]/.test(one) && sameJson(one, other));
}

/** Whether two texts are the same JSON value, whatever their spacing and the order of their keys. */
export function sameJson(one: string, other: string): boolean {
  const values = [one, other].map(parsedJson);
  return values.every((value) => value !== undefined) && canonical(values[0]) === canonical(values[1]);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
