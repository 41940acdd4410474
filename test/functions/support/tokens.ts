// JSON web tokens, and the keys that they are signed with.
import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";

const KEY_ID = "one";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** What an issuer publishes of its keys. */
export const JWKS = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "RS256", use: "sig" }] };

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** A token of ten minutes for `fraud`, but for the claims, the key and the header that are given. */
export function signedToken(claims: object, key: KeyObject = privateKey, header: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const signed = [
    encoded({ alg: "RS256", kid: KEY_ID, typ: "JWT", ...header }),
    encoded({ aud: "fraud", sub: "checkout", exp: now + 600, ...claims }),
  ].join(".");
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key).toString("base64url")}`;
}

/** Headers `Authorization` that nobody may be let in with, by what is wrong with them. */
export function badAuthorizations(issuer: string): Record<string, string> {
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const token = (claims: object = {}, key?: KeyObject) => signedToken({ iss: issuer, ...claims }, key);
  const [head, body] = token().split(".");
  return {
    "another scheme": "Basic Zm9vOmJhcg==",
    "text that is no token": "Bearer nonsense",
    "a token of another issuer": `Bearer ${token({ iss: "https://other.example" })}`,
    "a token for somebody else": `Bearer ${token({ aud: "other" })}`,
    "an expired token": `Bearer ${token({ exp: 1_600_000_000 })}`,
    "a token that is not valid yet": `Bearer ${token({ nbf: 4_000_000_000 })}`,
    "a token signed by a stranger": `Bearer ${token({}, stranger)}`,
    "a token without a signature": `Bearer ${head}.${body}.`,
    "a token that claims to need no signature": `Bearer ${encoded({ alg: "none", kid: KEY_ID })}.${body}.`,
  };
}
