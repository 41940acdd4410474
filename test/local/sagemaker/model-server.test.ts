import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { expect } from "chai";
import { ModelServer, NoAnswerError, type ModelServerPlan } from "../../../local/sagemaker/endpoints/model-server";
import type { ServerContext } from "../../../local/server/context";
import { LogStream } from "../../../local/server/log-stream";
import { ProcessTable } from "../../../local/server/processes";

// A model server in a line: answers every path after the milliseconds that the body names; `hang` answers nothing more.
const SERVER = `
const { createServer } = require("node:http");
let hung = false;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    if (body === "die") process.exit(1);
    hung ||= body === "hang";
    if (!hung) setTimeout(() => response.end(body), Number(body) || 0);
  });
});
server.listen(0, "127.0.0.1", () => console.log("serving on 127.0.0.1:" + server.address().port));
`;

describe("a model server", () => {
  const processes = new ProcessTable("test");
  const log = new LogStream({ send: () => Promise.resolve({}) } as unknown as CloudWatchLogsClient, "group", "stream");
  const plan: ModelServerPlan = {
    command: [process.execPath, "-e", SERVER],
    environment: {},
    workingDirectory: process.cwd(),
    startupSeconds: 20,
    healthCheck: { intervalMs: 20, timeoutMs: 100, failures: 3 },
  };
  const start = () =>
    ModelServer.start({ processes } as unknown as ServerContext, plan, log, new AbortController().signal);

  after(() => processes.close());

  /** The reason for which there is no answer. */
  async function noAnswer(asked: Promise<unknown>): Promise<string> {
    try {
      await asked;
    } catch (error) {
      if (error instanceof NoAnswerError) return error.message;
      throw error;
    }
    throw new Error("it answered");
  }

  it("answers, and gives up on an answer that takes too long", async () => {
    const server = await start();
    expect((await server.invoke({}, Buffer.from("1"), 5_000)).body.toString()).to.equal("1");
    expect(await noAnswer(server.invoke({}, Buffer.from("60000"), 100))).to.contain("Your invocation timed out");
    expect(server.load).to.equal(0);
    await server.stop(0);
  });

  it("fails the requests of a server that dies", async () => {
    const server = await start();
    const others = [server.invoke({}, Buffer.from("5000"), 60_000), server.invoke({}, Buffer.from("5000"), 60_000)];
    const reasons = Promise.all([...others, server.invoke({}, Buffer.from("die"), 60_000)].map(noAnswer));
    expect(await reasons).to.have.length(3);
    expect((await server.process.exited).code).to.equal(1);
    expect(await noAnswer(server.invoke({}, Buffer.from("1"), 5_000))).to.contain("ECONNREFUSED");
  });

  it("is ended when it hangs, though not before it was asked several times", async () => {
    const server = await start();
    const hanging = noAnswer(server.invoke({}, Buffer.from("hang"), 60_000));
    const began = performance.now();
    expect((await server.process.exited).signal).to.be.a("string");
    expect(performance.now() - began).to.be.above(250);
    expect(await hanging).to.contain("model server");
  });
});
