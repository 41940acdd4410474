import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import { wrongArtifact } from "../../functions/deploy-model/artifact";
import { copyObjects } from "../../functions/promote-model/copy";
import { PromotionError, type Promotable } from "../../functions/promote-model/logic";
import { isMissingObject, readText } from "../../functions/shared/objects";

const ARTIFACT = "s3://models/run-1/model.tar.gz";

describe("an object that is not there", () => {
  let server: Server;
  let clients: { s3: S3Client; sagemaker: SageMakerClient };
  /** What S3 says to all that it is asked. */
  let says: { status: number; code: string };

  before(async () => {
    server = createServer((request, response) => {
      if (request.headers["x-amz-target"] === "SageMaker.DescribeModel") {
        response.end(JSON.stringify({ ModelName: "m", PrimaryContainer: { ModelDataUrl: ARTIFACT } }));
        return;
      }
      response.writeHead(says.status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${says.code}</Code><Message>of S3</Message></Error>`);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const options = {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: "eu-west-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      maxAttempts: 1,
    };
    clients = { s3: new S3Client({ ...options, forcePathStyle: true }), sagemaker: new SageMakerClient(options) };
  });
  after(() => server.close());

  for (const [status, code] of [
    [404, "NoSuchKey"],
    [403, "AccessDenied"],
  ] as const) {
    it(`is missing to a function, whether or not its role may list the bucket: ${code}`, async () => {
      says = { status, code };
      expect(isMissingObject(await readText(clients.s3, ARTIFACT).catch((error: unknown) => error))).to.equal(true);
      expect(await wrongArtifact(clients, "m", { registered: "0" })).to.equal(
        `The artifact ${ARTIFACT} can't be read: of S3`,
      );
      const document = { InferenceSpecification: { Containers: [{ ModelDataUrl: ARTIFACT }] } };
      const source = { document, artifactUri: ARTIFACT } as Promotable;
      const copied = copyObjects(clients.s3, source, (uri) => uri.replace("models", "promoted"));
      expect(await copied.catch((error: unknown) => error)).to.be.instanceOf(PromotionError);
    });
  }

  it("is another thing than a service that is busy", async () => {
    says = { status: 503, code: "SlowDown" };
    expect(await wrongArtifact(clients, "m", { registered: "0" }).catch(String)).to.contain("SlowDown");
  });
});
