import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { FetchError } from "aws-jwt-verify/error";
import { expect } from "chai";
import { authorize, makeVerifier, Unauthorized, type TokenVerifier } from "../../functions/authorize/logic";

const ISSUER = "https://id.example";
const METHOD = "arn:aws:execute-api:eu-west-1:123456789012:abc123/v1/POST/predict";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }] };

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

function token(claims: object = {}, key: KeyObject = privateKey, header: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const signed = [
    encoded({ alg: "RS256", kid: "one", typ: "JWT", ...header }),
    encoded({ iss: ISSUER, aud: "fraud", sub: "checkout", exp: now + 600, ...claims }),
  ].join(".");
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key).toString("base64url")}`;
}

describe("the API's authorizer", () => {
  let verifier: TokenVerifier;
  beforeEach(() => {
    verifier = makeVerifier({ issuer: ISSUER, audience: ["fraud", "risk"], jwksUri: `${ISSUER}/keys` });
    verifier.cacheJwks(jwks as unknown as Parameters<TokenVerifier["cacheJwks"]>[0]);
  });

  it("lets a good token call the whole stage, since the answer is remembered for the token", async () => {
    expect(await authorize(verifier, `Bearer ${token({ aud: ["risk", "other"] })}`, METHOD)).to.deep.equal({
      principalId: "checkout",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: "execute-api:Invoke",
            Resource: "arn:aws:execute-api:eu-west-1:123456789012:abc123/v1/*",
          },
        ],
      },
    });
  });

  const [head, body] = token().split(".");
  const refused: Record<string, string | undefined> = {
    "no header": undefined,
    "another scheme": "Basic Zm9vOmJhcg==",
    "no token": "Bearer ",
    "text that is no token": "Bearer nonsense",
    "a token of another issuer": `Bearer ${token({ iss: "https://other.example" })}`,
    "a token for somebody else": `Bearer ${token({ aud: "other" })}`,
    "an expired token": `Bearer ${token({ exp: 1_600_000_000 })}`,
    "a token that is not valid yet": `Bearer ${token({ nbf: 4_000_000_000 })}`,
    "a token signed by a stranger": `Bearer ${token({}, stranger)}`,
    "a token without a signature": `Bearer ${head}.${body}.`,
    "a token that claims to need no signature": `Bearer ${encoded({ alg: "none", kid: "one" })}.${body}.`,
  };
  for (const [what, header] of Object.entries(refused)) {
    it(`does not let in ${what}`, async () => {
      const error = await authorize(verifier, header, METHOD).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(Unauthorized);
      // The very word for which API Gateway answers 401.
      expect((error as Unauthorized).message).to.equal("Unauthorized");
    });
  }

  it("does not call a token bad that it cannot check", async () => {
    const alone = makeVerifier({ issuer: ISSUER, audience: ["fraud"], jwksUri: "https://127.0.0.1:1/keys" });
    const error = await authorize(alone, `Bearer ${token()}`, METHOD).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(FetchError);
  });
});
