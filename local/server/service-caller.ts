import type { IncomingMessage } from "node:http";
import { AwsError } from "./json-service";

/**
 * Who AWS's own services are when they call one another here. On AWS that is told by service principals; here by an
 * access key that no user of the cloud is given. CloudWatch takes metrics in `AWS/` namespaces from this caller alone.
 */
export const SERVICE_ACCESS_KEY_ID = "local-aws-service";

export const SERVICE_CREDENTIALS = { accessKeyId: SERVICE_ACCESS_KEY_ID, secretAccessKey: "local" };

/** The account's own user, who may do everything. */
export const ROOT_CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };

/**
 * `Authorization` of a request that the account's own user makes of a service without an SDK, to measure the service and
 * not the signing: nothing here checks the signature itself.
 */
export const rootAuthorization = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=${ROOT_CREDENTIALS.accessKeyId}/20260101/local/${service}/aws4_request, SignedHeaders=host, Signature=none`;

/** What a request's signature says of itself: whose access key, and which service it is signed for. */
export function signedBy(authorization: string | undefined): { accessKeyId?: string; service?: string } {
  const scope = /Credential=([^/,\s]+)\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization ?? "");
  return scope ? { accessKeyId: scope[1], service: scope[2] } : {};
}

/**
 * Who signed a request.
 *
 * @throws AwsError where it is not signed
 */
export function callerOf({ headers }: IncomingMessage): { accessKeyId: string; sessionToken?: string } {
  const { accessKeyId } = signedBy(headers.authorization);
  if (accessKeyId === undefined) {
    throw new AwsError("MissingAuthenticationToken", "The request is not signed: give the client credentials.", 403);
  }
  const token = headers["x-amz-security-token"];
  return { accessKeyId, ...(typeof token === "string" ? { sessionToken: token } : {}) };
}
