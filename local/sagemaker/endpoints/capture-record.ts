import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { CaptureContentTypeHeader } from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { defined } from "../objects";
import type { S3Location } from "../s3-files";

/** A body as it is captured, with the media type that its header told. */
export interface CapturedBody {
  contentType?: string | undefined;
  body: Buffer;
}

/** What is captured of one invocation; a side that is not captured is absent. */
export interface Capture {
  input?: CapturedBody;
  output?: CapturedBody;
  inferenceId?: string | undefined;
  customAttributes?: string | undefined;
}

/** What SageMaker calls a body whose header tells no type. */
const UNKNOWN_TYPE = "application/octet-stream";

/**
 * A capture as one line of a file, in the format that Model Monitor reads.
 *
 * @param types the content types that are written as text; every other body is written in base64
 */
export function captureLine(capture: Capture, time: Date, types: Wire<CaptureContentTypeHeader> = {}): string {
  const side = (mode: "INPUT" | "OUTPUT", captured: CapturedBody | undefined): object | undefined => {
    if (!captured) return undefined;
    const observedContentType = captured.contentType ?? UNKNOWN_TYPE;
    const encoding = encodingOf(captured, types);
    const data = captured.body.toString(encoding === "BASE64" ? "base64" : "utf8");
    return { observedContentType, mode, data, encoding };
  };
  return JSON.stringify({
    captureData: defined({
      endpointInput: side("INPUT", capture.input),
      endpointOutput: side("OUTPUT", capture.output),
    }),
    eventMetadata: {
      eventId: randomUUID(),
      ...defined({
        customAttributes: capture.customAttributes === undefined ? undefined : [capture.customAttributes],
        inferenceId: capture.inferenceId,
      }),
      inferenceTime: `${time.toISOString().slice(0, 19)}Z`,
    },
    eventVersion: "0",
  });
}

function encodingOf(
  { contentType, body }: CapturedBody,
  { CsvContentTypes = [], JsonContentTypes = [] }: Wire<CaptureContentTypeHeader>,
): "CSV" | "JSON" | "BASE64" {
  const type = mediaType(contentType ?? UNKNOWN_TYPE);
  // What is no text would not come back from a text field as it was.
  if (!isUtf8(body)) return "BASE64";
  if (CsvContentTypes.some((csv) => mediaType(csv) === type)) return "CSV";
  return JsonContentTypes.some((json) => mediaType(json) === type) ? "JSON" : "BASE64";
}

/** `Text/CSV; charset=utf-8` → `text/csv` */
function mediaType(header: string): string {
  return (header.split(";", 1)[0] ?? "").trim().toLowerCase();
}

/**
 * Where a file of captures goes.
 *
 * @param time of its first capture
 */
export function captureKey(destination: S3Location, endpointName: string, variantName: string, time: Date): string {
  const [year, month, day, hour, minute, second] = time.toISOString().split(/[-T:.]/);
  const milliseconds = String(time.getUTCMilliseconds()).padStart(3, "0");
  const file = `${minute}-${second}-${milliseconds}-${randomUUID()}.jsonl`;
  const folder = [destination.key.replace(/\/+$/, ""), endpointName, variantName, year, month, day, hour];
  return [...folder.filter((part) => part !== ""), file].join("/");
}
