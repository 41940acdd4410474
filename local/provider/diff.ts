import { sameJson } from "../aws-models";
import { isBlob, isObject } from "./values";

/** How a value at a property path changed. */
export type Change = "add" | "delete" | "update";

/** Differences between two sets of inputs, leaf by leaf: property path → how it changed. */
export function difference(before: unknown, now: unknown): Map<string, Change> {
  const changes = new Map<string, Change>();
  compare(before, now, "", changes);
  return changes;
}

/** The input that a property path begins with. */
export function topOf(path: string): string {
  return path.split(/[.[]/, 1)[0] ?? path;
}

function compare(before: unknown, now: unknown, path: string, changes: Map<string, Change>): void {
  if (isBlob(before) && isBlob(now)) {
    if (before.hash !== now.hash) changes.set(path, "update");
  } else if (before === undefined || now === undefined) {
    if (before !== now) changes.set(path, before === undefined ? "add" : "delete");
  } else if (Array.isArray(before) && Array.isArray(now)) {
    const length = Math.max(before.length, now.length);
    for (let index = 0; index < length; index++) compare(before[index], now[index], `${path}[${index}]`, changes);
  } else if (isObject(before) && isObject(now) && !isBlob(before) && !isBlob(now)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
    for (const key of keys) compare(before[key], now[key], child(path, key), changes);
  } else if (before !== now && !isSameDocument(before, now)) {
    changes.set(path, "update");
  }
}

function child(path: string, key: string): string {
  if (!/^[A-Za-z_]\w*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path ? `${path}.${key}` : key;
}

/** JSON documents are compared by what they say, not by how they are written. */
function isSameDocument(before: unknown, now: unknown): boolean {
  return typeof before === "string" && typeof now === "string" && before.startsWith("{") && sameJson(before, now);
}
