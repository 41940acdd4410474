import { JwtRsaVerifier } from "aws-jwt-verify";
import { FetchError, JwksNotAvailableInCacheError } from "aws-jwt-verify/error";
import type { APIGatewayAuthorizerResult } from "aws-lambda";

export interface TokenRules {
  issuer: string;
  audience: string[];
  jwksUri: string;
}

/** Verifies signature, issuer, audience and times of tokens; the issuer's keys are fetched once. */
export const makeVerifier = ({ issuer, audience, jwksUri }: TokenRules) =>
  JwtRsaVerifier.create({ issuer, audience, jwksUri });
export type TokenVerifier = ReturnType<typeof makeVerifier>;

/** API Gateway answers 401 where an authorizer fails with exactly this message; anything else is its own failure. */
export class Unauthorized extends Error {
  constructor(readonly reason: string) {
    super("Unauthorized");
    this.name = "Unauthorized";
  }
}

/**
 * Lets whoever shows a good token call every method of the API's stage: the answer is remembered for the token.
 *
 * @param authorization the header: `Bearer …`
 * @param methodArn of the method that is called
 * @throws Unauthorized where there is no token, or none that is good.
 * @throws FetchError where the issuer's keys cannot be had, so that nobody can tell.
 */
export async function authorize(
  verifier: TokenVerifier,
  authorization: string | undefined,
  methodArn: string,
): Promise<APIGatewayAuthorizerResult> {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new Unauthorized("there is no bearer token");
  const { sub } = await verified(verifier, token);
  return {
    principalId: sub ?? "unnamed",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: `${stageOf(methodArn)}/*` }],
    },
  };
}

async function verified(verifier: TokenVerifier, token: string) {
  try {
    return await verifier.verify(token);
  } catch (error) {
    if (error instanceof FetchError || error instanceof JwksNotAvailableInCacheError) throw error;
    throw new Unauthorized(error instanceof Error ? error.message : String(error));
  }
}

/** `arn:…:API/STAGE/POST/predict` → `arn:…:API/STAGE`. */
const stageOf = (methodArn: string): string => methodArn.split("/").slice(0, 2).join("/");
