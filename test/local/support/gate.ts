import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands before an emulator, refuses requests, and does not let answers through. */
export class Gate {
  /** Which requests are answered with an error, and not passed on. */
  refuses: ((method: string, url: string) => boolean) | undefined;
  /** Called when the emulator has answered a request; the client never hears of it where this returns true. */
  swallows: ((method: string, url: string, headers: Record<string, unknown>) => boolean) | undefined;
  private readonly server: Server;

  constructor(endpoint: string) {
    const { hostname, port } = new URL(endpoint);
    this.server = createServer((incoming, outgoing) => {
      const { method = "", url = "", headers } = incoming;
      if (this.refuses?.(method, url)) {
        outgoing.writeHead(400, { "content-type": "application/xml" });
        outgoing.end("<Error><Code>InvalidTag</Code><Message>not today</Message></Error>");
        return;
      }
      const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
        if (this.swallows?.(method, url, headers)) {
          outgoing.destroy();
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      // The client may be killed while it speaks.
      onward.on("error", () => outgoing.destroy());
      incoming.on("error", () => onward.destroy());
      incoming.pipe(onward);
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}
