import { randomUUID } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import fc from "fast-check";
import { captureKey, captureLine } from "../../../local/sagemaker/endpoints/capture-record";
import { DataCapture } from "../../../local/sagemaker/endpoints/data-capture";

describe("a captured invocation", () => {
  it("comes back byte by byte, whatever the body and its type", () => {
    const types = { CsvContentTypes: ["text/csv"], JsonContentTypes: ["application/json"] };
    const headers = fc.constantFrom("text/csv", "Text/CSV; charset=utf-8", "application/json", "image/png", undefined);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), headers, (bytes, contentType) => {
        const body = Buffer.from(bytes);
        const line = captureLine({ input: { contentType, body } }, new Date(), types);
        expect(line).to.not.include("\n");
        const { captureData } = JSON.parse(line) as { captureData: { endpointInput: Record<string, string> } };
        const { data = "", encoding, observedContentType } = captureData.endpointInput;
        expect(Buffer.from(data, encoding === "BASE64" ? "base64" : "utf8").equals(body)).to.equal(true);
        expect(observedContentType).to.equal(contentType ?? "application/octet-stream");
      }),
    );
  });

  it("lies in the folder of its hour in UTC", () => {
    const time = new Date("2026-01-02T03:04:05.006Z");
    const key = captureKey({ bucket: "b", key: "a prefix/" }, "Endpoint", "Variant", time);
    expect(key).to.match(/^a prefix\/Endpoint\/Variant\/2026\/01\/02\/03\/04-05-006-[0-9a-f-]{36}\.jsonl$/);
    expect(captureKey({ bucket: "b", key: "" }, "E", "V", time)).to.match(/^E\/V\/2026\//);
  });
});

describe("sampling", () => {
  /** How many of 10,000 invocations are captured. */
  async function share(percentage: number): Promise<number> {
    let lines = 0;
    const s3 = {
      send: ({ input }: { input: { Body: string } }) => Promise.resolve((lines += input.Body.split("\n").length - 1)),
    } as unknown as S3Client;
    const config = {
      InitialSamplingPercentage: percentage,
      DestinationS3Uri: "s3://bucket",
      CaptureOptions: [{ CaptureMode: "InputAndOutput" as const }],
    };
    const capture = new DataCapture(s3, config, { endpointName: "e", intervalMs: 10 });
    for (let count = 0; count < 10_000; count++) {
      const invocation = { endpointName: "e", body: Buffer.from(randomUUID()), received: 0 };
      capture.record("v", invocation, { status: 200, headers: {}, body: Buffer.from("1") });
    }
    await capture.close();
    return lines;
  }

  it("captures all at 100 %, none at 0 %, and its share between", async () => {
    expect(await share(100)).to.equal(10_000);
    expect(await share(0)).to.equal(0);
    // Six standard deviations: fails once in 500 million runs.
    expect(await share(20)).to.be.within(2_000 - 240, 2_000 + 240);
  });
});
