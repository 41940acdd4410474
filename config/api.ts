import type * as t from "io-ts";
import { integer, list, number, oneOf, optional, struct, tagged, text, withDefault } from "./codec";

const HttpsUrl = text("an HTTPS address", /https:\/\/[\w.-]+(?::\d+)?(?:\/[^\s?#]*)?/, "give https://HOST/PATH");

const UserPoolArn = text(
  "the ARN of a user pool",
  /arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool\/[\w-]+_[A-Za-z0-9]+/,
  "give arn:aws:cognito-idp:REGION:ACCOUNT:userpool/ID",
);

/** Who may ask for predictions, in addition to showing an API key. */
export const Authorizer = tagged("Authorizer", "type", {
  none: struct("AuthorizerNone", { type: oneOf("none") }),
  /** Requests signed by a principal of AWS that may `execute-api:Invoke`. */
  iam: struct("AuthorizerIam", { type: oneOf("iam") }),
  /** Tokens of users of these pools. */
  cognito: struct("AuthorizerCognito", { type: oneOf("cognito"), userPoolArns: list(UserPoolArn, 1) }),
  /** JSON web tokens of any issuer, signed with RSA (RS256, RS384, RS512). */
  jwt: struct("AuthorizerJwt", {
    type: oneOf("jwt"),
    /** The claim `iss`. */
    issuer: HttpsUrl,
    /** Any of these must be in the claim `aud`. */
    audience: list(text("an audience", /\S{1,256}/, "use 1 to 256 characters without spaces"), 1),
    /** Where the issuer's keys are. Default `{issuer}/.well-known/jwks.json`. */
    jwksUri: optional(HttpsUrl),
  }),
});
export type Authorizer = t.TypeOf<typeof Authorizer>;

const KeyName = text("a key's name", /[A-Za-z0-9][A-Za-z0-9-]{0,31}/, "use 1 to 32 letters, digits and -");
const MAX_KEYS = 2;

export const Api = struct("Api", {
  /** In addition to the API key. Default none. */
  authorizer: withDefault(Authorizer, { type: "none" }),
  /** Names of the keys that work, the newest last: two while callers change from one to the next. Default one, `client`. */
  keys: withDefault(list(KeyName, 1), ["client"]),
  /** Of each key. Default 50. */
  rateLimitPerSecond: withDefault(number(0.1, 10_000), 50),
  /** Of each key. Default 100. */
  burstLimit: withDefault(integer(1, 5_000), 100),
  /** Requests a day for one key. Default 100000. */
  quotaPerDay: withDefault(integer(1, 1_000_000_000), 100_000),
}).rule(["keys"], ({ keys }) => {
  if (keys.length <= MAX_KEYS && new Set(keys).size === keys.length) return [];
  const problem = keys.length > MAX_KEYS ? `has ${keys.length} keys` : "names a key twice";
  return [{ path: "keys", value: keys, problem, remedy: "give one key, or the old and the new one" }];
});
export type Api = t.TypeOf<typeof Api>;
