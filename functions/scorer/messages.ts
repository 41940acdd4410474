import * as t from "io-ts";
import { decodeJson } from "../shared/decode";
import { ObjectCreated } from "../shared/source-object";

/** EventBridge's word that a transform job ended, as far as it is looked at. */
const TransformEnded = t.type(
  {
    "detail-type": t.literal("SageMaker Transform Job State Change"),
    detail: t.type({
      TransformInput: t.type({
        DataSource: t.type({ S3DataSource: t.type({ S3Uri: t.string }) }),
      }),
    }),
  },
  "TransformEnded",
);

export type Message = { created: ObjectCreated } | { inputUri: string };

const AnyEvent = t.type({ "detail-type": t.string }, "AnyEvent");

/** What a message of the stream's queue is about: a file, or a job whose input lies below `inputUri`. */
export function readMessage(body: string): Message {
  const what = "The stream's message";
  if (decodeJson(AnyEvent, body, what)["detail-type"] === "SageMaker Transform Job State Change") {
    return { inputUri: decodeJson(TransformEnded, body, what).detail.TransformInput.DataSource.S3DataSource.S3Uri };
  }
  return { created: decodeJson(ObjectCreated, body, what) };
}
