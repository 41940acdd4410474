import { createHash, randomBytes } from "node:crypto";

/** Length of the random part of a name. */
const SUFFIX_LENGTH = 7;

/**
 * A physical name for a resource that the program gave none: its logical name, shortened to fit, and a suffix.
 *
 * @param seed the engine's seed for this resource; the same seed gives the same name
 */
export function autoName(logicalName: string, maxLength: number, seed: Uint8Array): string {
  const source = seed.length > 0 ? seed : randomBytes(16);
  const suffix = createHash("sha256").update(source).digest("hex").slice(0, SUFFIX_LENGTH);
  return `${logicalName.slice(0, maxLength - SUFFIX_LENGTH - 1)}-${suffix}`;
}

/** Type token of a URN: `urn:pulumi:stack::project::parent$type::name`. */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

/** Logical name of a URN. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
