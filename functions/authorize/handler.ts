import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { readEnvironment } from "../shared/environment";
import { describeError, log } from "../shared/log";
import { AuthorizeEnvironment } from "./env";
import { authorize, makeVerifier, Unauthorized } from "./logic";

const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWKS_URI: jwksUri } = readEnvironment(AuthorizeEnvironment);
const verifier = makeVerifier({ issuer, audience, jwksUri });

/** Says for API Gateway whether the token of a request is good. */
export async function handler(event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> {
  const requestId = event.requestContext.requestId;
  try {
    const found = Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === "authorization");
    return await authorize(verifier, found?.[1], event.methodArn);
  } catch (error) {
    if (error instanceof Unauthorized) log.info("not let in", { requestId, reason: error.reason });
    else log.error("could not tell", { requestId, ...describeError(error) });
    throw error;
  }
}
