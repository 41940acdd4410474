// An issuer of tokens as others run one: its keys over HTTPS, with a certificate of an authority that only some trust.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { projectRoot, tools } from "../../../local/tools";
import { JWKS, signedToken } from "./tokens";

const HOST = "127.0.0.1";
const AUTHORITY = join(projectRoot, "test", "jobs", "support", "authority.py");

export class TokenIssuer {
  /** The authority's certificate, a file of PEM. */
  readonly rootsFile: string;
  readonly url: string;
  private server: Server | undefined;

  private constructor(
    private readonly directory: string,
    private readonly port: number,
  ) {
    this.rootsFile = join(directory, "roots.pem");
    this.url = `https://${HOST}:${port}`;
  }

  /** One that nobody reaches yet. */
  static async make(): Promise<TokenIssuer> {
    const directory = mkdtempSync(join(tmpdir(), "issuer-"));
    execFileSync(tools().python, [AUTHORITY, directory, HOST]);
    return new TokenIssuer(directory, await getPort({ host: HOST }));
  }

  /** Publishes its keys. */
  async open(): Promise<void> {
    const [key, cert] = ["server-key.pem", "server.pem"].map((name) => readFileSync(join(this.directory, name)));
    this.server = createServer({ key, cert }, ({ url }, response) => {
      const found = url === "/.well-known/jwks.json";
      response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
      response.end(found ? JSON.stringify(JWKS) : "{}");
    });
    await new Promise<void>((done) => this.server?.listen(this.port, HOST, done));
  }

  /** The header of a request by somebody whom it knows. */
  authorization(claims: object = {}): string {
    return `Bearer ${signedToken({ iss: this.url, ...claims })}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => (this.server === undefined ? done() : this.server.close(() => done())));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
