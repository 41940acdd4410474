import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { rdsRoots } from "../../pipeline/rds-roots";

function certificates(now: Date): X509Certificate[] {
  const pems = rdsRoots(now)
    .content.toString()
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (pems ?? []).map((pem) => new X509Certificate(pem));
}

describe("the roots that vouch for RDS", () => {
  const now = new Date("2026-11-21");

  it("are roots of RDS, each once, of three kinds of keys in each region", () => {
    const found = certificates(now);
    const kinds = new Map<string, string[]>();
    for (const certificate of found) {
      expect(certificate.verify(certificate.publicKey), certificate.subject).to.equal(true);
      const [, region = "", kind = ""] = /CN=Amazon RDS (\S+) Root CA (\S+) G1/.exec(certificate.subject) ?? [];
      kinds.set(region, [...(kinds.get(region) ?? []), kind].sort());
    }
    expect(new Set(found.map(({ fingerprint256 }) => fingerprint256)).size).to.equal(found.length);
    for (const region of ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-southeast-2"]) {
      expect(kinds.get(region), region).to.deep.equal(["ECC384", "RSA2048", "RSA4096"]);
    }
  });

  it("are without those that have ended", () => {
    expect(certificates(new Date("2200-01-01"))).to.deep.equal([]);
  });
});
