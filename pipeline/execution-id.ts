import { randomBytes } from "node:crypto";

/** Crockford's alphabet, in small letters: no digit is mistaken for a letter. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * The name of one run: UTC time to the millisecond, then 80 random bits, as `20261121013000123-0123456789abcdef`.
 * Later runs sort after earlier ones. It is short enough for a tag and long enough for a ClientRequestToken.
 */
export function executionId(now: Date, random: (bytes: number) => Uint8Array = randomBytes): string {
  const time = now.toISOString().replace(/\D/g, "");
  const letters = Array.from(random(16), (byte) => alphabet.charAt(byte & 31)).join("");
  return `${time}-${letters}`;
}
