// Requests in the name of somebody whom AWS knows.
import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";

interface Caller {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A request as `fetch` takes it, signed for a service of AWS (signature version 4). */
export async function signed(
  credentials: Caller,
  service: string,
  request: { url: string; headers: Record<string, string>; body: string },
): Promise<Request> {
  const { hostname, port, pathname, host } = new URL(request.url);
  const signer = new SignatureV4({ service, region: "eu-west-1", credentials, sha256: Sha256 });
  const { headers } = await signer.sign(
    new HttpRequest({
      method: "POST",
      protocol: "http:",
      hostname,
      port: Number(port),
      path: pathname,
      headers: { ...request.headers, host },
      body: request.body,
    }),
  );
  return new Request(request.url, { method: "POST", headers, body: request.body });
}
