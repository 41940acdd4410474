import { createHash } from "node:crypto";
import { isBlob, isObject, type Properties } from "./values";

/**
 * A hash that stays the same while a resource does: of its URN and of what its inputs say, wherever the files that they
 * name lie. What takes a resource's place, made of something else, has another.
 *
 * @returns 64 hexadecimal digits
 */
export function identityHash(urn: string, inputs: Properties, part = ""): string {
  return createHash("sha256")
    .update(JSON.stringify([urn, part, canonical(inputs)]))
    .digest("hex");
}

function canonical(value: unknown): unknown {
  if (isBlob(value)) return value.hash ?? null;
  if (Array.isArray(value)) return value.map(canonical);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return keys.map((key) => [key, canonical(value[key])]);
}
