import { FetchError } from "aws-jwt-verify/error";
import { expect } from "chai";
import { authorize, makeVerifier, Unauthorized, type TokenVerifier } from "../../functions/authorize/logic";
import { badAuthorizations, JWKS, signedToken } from "./support/tokens";

const ISSUER = "https://id.example";
const METHOD = "arn:aws:execute-api:eu-west-1:123456789012:abc123/v1/POST/predict";
const token = (claims: object = {}) => signedToken({ iss: ISSUER, ...claims });

describe("the API's authorizer", () => {
  let verifier: TokenVerifier;
  beforeEach(() => {
    verifier = makeVerifier({ issuer: ISSUER, audience: ["fraud", "risk"], jwksUri: `${ISSUER}/keys` });
    verifier.cacheJwks(JWKS as unknown as Parameters<TokenVerifier["cacheJwks"]>[0]);
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

  const refused: Record<string, string | undefined> = {
    "no header": undefined,
    "no token": "Bearer ",
    ...badAuthorizations(ISSUER),
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
