// Asking an endpoint, over HTTP and the SDK's own retries.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { expect } from "chai";
import { score, ScoringError } from "../../../functions/shared/scoring";

/** For an endpoint that never answers, and for one that does at last. */
const SHORT_MILLISECONDS = 500;
const LONG_MILLISECONDS = 60_000;
const model = { packageArn: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/1", threshold: 0.5 };
const GOOD = JSON.stringify({ predictions: [{ score: 0.25 }], model: { ...model, algorithm: "xgboost" } });

type Reply = (response: ServerResponse) => void;
const good: Reply = (response) => response.writeHead(200, { "content-type": "application/json" }).end(GOOD);
const refusing =
  (status: number, name: string): Reply =>
  (response) =>
    response.writeHead(status, { "x-amzn-errortype": name }).end(JSON.stringify({ message: "not now" }));
const silent: Reply = () => undefined;
const half: Reply = (response) =>
  void response
    .writeHead(200, { "content-type": "application/json", "content-length": GOOD.length })
    .write(GOOD.slice(0, 10));

describe("asking the endpoint", () => {
  let server: Server;
  let runtime: SageMakerRuntimeClient;
  let replies: Reply[];
  let asked: number;
  before(async () => {
    server = createServer((request, response) => {
      request.resume();
      const reply = replies[Math.min(asked++, replies.length - 1)];
      request.once("end", () => reply?.(response));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    runtime = new SageMakerRuntimeClient({ endpoint: `http://127.0.0.1:${port}`, region: "eu-west-1", credentials });
  });
  beforeEach(() => {
    asked = 0;
  });
  after(() => {
    runtime.destroy();
    server.closeAllConnections();
    server.close();
  });

  const ask = (given: Reply[], timeoutMilliseconds = LONG_MILLISECONDS) => {
    replies = given;
    return score(runtime, "fraud", ["1,2"], { timeoutMilliseconds });
  };
  const failureOf = async (answer: Promise<unknown>) => {
    const error = await answer.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ScoringError);
    return (error as ScoringError).failure;
  };

  it("is tried again where it is busy, twice at most", async () => {
    const busy = refusing(503, "ServiceUnavailable");
    expect((await ask([busy, refusing(429, "ThrottlingException"), good])).predictions).to.deep.equal([
      { score: 0.25 },
    ]);
    expect(asked).to.equal(3);
    asked = 0;
    expect(await failureOf(ask([busy]))).to.equal("busy");
    expect(asked).to.equal(3);
  });

  it("is not tried again where the model says no", async () => {
    expect(await failureOf(ask([refusing(424, "ModelError")]))).to.equal("failed");
    expect(asked).to.equal(1);
  });

  for (const [what, reply] of Object.entries({ "says nothing": silent, "stops in the middle": half })) {
    it(`ends in time where it ${what}`, async () => {
      expect(await failureOf(ask([reply], SHORT_MILLISECONDS))).to.equal("busy");
      expect(asked).to.equal(1);
    });
  }
});
