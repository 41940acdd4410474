import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Access } from "../../../local/iam/access";
import { Guard } from "../../../local/iam/guard";
import { JsonProtocol } from "../../../local/server/json-protocol";
import { AwsError, type JsonService } from "../../../local/server/json-service";
import { readSettings } from "../../../local/server/settings";

const service: JsonService = {
  targetPrefix: "SageMaker",
  serviceName: "sagemaker",
  operations: {
    DescribeModel: (input: { ModelName: string }) => {
      if (input.ModelName === "bug") throw new TypeError("unforeseen");
      if (input.ModelName === "gone") throw new AwsError("ResourceNotFound", "it is gone");
      return Promise.resolve({ ModelName: input.ModelName, CreationTime: 1.5 });
    },
  },
};

describe("AWS JSON over HTTP", () => {
  let server: Server;
  let url: string;

  before(async () => {
    const protocol = new JsonProtocol(
      [service],
      new Guard(new Access(undefined, []), { region: "eu-west-1", accountId: "1" }),
    );
    server = createServer((request, response) => void protocol.handle(request, response));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => server.close());

  async function call(target: string, body: string) {
    const response = await fetch(url, { method: "POST", headers: { "x-amz-target": target }, body });
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, answer };
  }

  it("answers with the operation's output and a request id", async () => {
    const { status, headers, answer } = await call("SageMaker.DescribeModel", '{"ModelName":"m"}');
    expect(status).to.equal(200);
    expect(headers.get("content-type")).to.equal("application/x-amz-json-1.1");
    expect(headers.get("x-amzn-requestid")).to.match(/^[0-9a-f-]{36}$/);
    expect(answer).to.deep.equal({ ModelName: "m", CreationTime: 1.5 });
  });

  it("renders errors as AWS does", async () => {
    const { status, headers, answer } = await call("SageMaker.DescribeModel", '{"ModelName":"gone"}');
    expect([status, headers.get("x-amzn-errortype")]).to.deep.equal([400, "ResourceNotFound"]);
    expect(answer).to.deep.equal({ __type: "ResourceNotFound", message: "it is gone" });
  });

  it("refuses what the service's model refuses, all of it at once", async () => {
    const { status, answer } = await call("SageMaker.DescribeModel", '{"Modelname":"m"}');
    expect(status).to.equal(400);
    expect(answer["__type"]).to.equal("ValidationException");
    expect(answer["message"]).to.match(/^2 validation errors detected: .*'modelName' failed to satisfy constraint/);
  });

  it("names an operation that nobody has, and what is not JSON", async () => {
    const unknown = await call("SageMaker.CreateWorld", "{}");
    expect(unknown.answer["__type"]).to.equal("UnknownOperationException");
    expect(unknown.answer["message"]).to.contain("SageMaker.CreateWorld");
    expect((await call("SageMaker.toString", "{}")).answer["__type"]).to.equal("UnknownOperationException");
    expect((await call("SageMaker.DescribeModel", "{")).answer["__type"]).to.equal("SerializationException");
  });

  it("answers 500 to what nobody foresaw", async () => {
    const log = console.error;
    console.error = () => undefined;
    try {
      const { status, answer } = await call("SageMaker.DescribeModel", '{"ModelName":"bug"}');
      expect([status, answer["__type"]]).to.deep.equal([500, "InternalFailure"]);
    } finally {
      console.error = log;
    }
  });
});

describe("the server's settings", () => {
  it("name every variable that is wrong", () => {
    const environment = { LOCAL_SERVER_PORT: "99999", AWS_REGION: "eu-west-1", AWS_ACCOUNT_ID: "12" };
    expect(() => readSettings(environment)).to.throw(
      /LOCAL_SERVER_PORT = "99999" is not a port.*LOCAL_SERVER_STATE_DIR is not set.*AWS_ACCOUNT_ID = "12" is not an account id/,
    );
  });

  it("collect the endpoints to pass on", () => {
    const settings = readSettings({
      LOCAL_SERVER_PORT: "0",
      LOCAL_SERVER_STATE_DIR: "/s",
      LOCAL_SERVER_PYTHON: "/p",
      AWS_ENDPOINT_URL: "http://a",
      AWS_ENDPOINT_URL_ECS: "http://b",
      AWS_REGION: "eu-west-1",
      AWS_ACCOUNT_ID: "123456789012",
      OTHER: "x",
    });
    expect(settings.upstream).to.equal("http://a");
    expect(settings.endpoints).to.deep.equal({ AWS_ENDPOINT_URL_ECS: "http://b" });
  });
});
