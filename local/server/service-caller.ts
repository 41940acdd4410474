/**
 * Who AWS's own services are when they call one another here. On AWS that is told by service principals; here by an
 * access key that no user of the cloud is given. CloudWatch takes metrics in `AWS/` namespaces from this caller alone.
 */
export const SERVICE_ACCESS_KEY_ID = "local-aws-service";

export const SERVICE_CREDENTIALS = { accessKeyId: SERVICE_ACCESS_KEY_ID, secretAccessKey: "local" };

/** What a request's signature says of itself: whose access key, and which service it is signed for. */
export function signedBy(authorization: string | undefined): { accessKeyId?: string; service?: string } {
  const scope = /Credential=([^/,\s]+)\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization ?? "");
  return scope ? { accessKeyId: scope[1], service: scope[2] } : {};
}
