import type { IncomingMessage } from "node:http";
import { cbor, tag, tagSymbol } from "@smithy/core/cbor";
import { loadModel, operationOf, shapeOf, type ServiceModel } from "../../aws-models";
import { AwsError } from "../json-service";
import { errorReply } from "./errors";
import type { Call, Protocol, Reply } from "./protocol";

/** CBOR's tag of epoch seconds. */
const EPOCH_SECONDS = 1;

/** Smithy's RPC v2 in CBOR: `POST /service/{target prefix}/operation/{operation}`. */
export class RpcV2Cbor implements Protocol {
  private readonly prefix: string;

  constructor(
    private readonly service: string,
    targetPrefix: string,
  ) {
    this.prefix = `/service/${targetPrefix}/operation/`;
  }

  matches(_request: IncomingMessage, path: string): boolean {
    return path.startsWith(this.prefix);
  }

  read(_request: IncomingMessage, path: string, body: Buffer): Call {
    return { operation: path.slice(this.prefix.length), input: body.length === 0 ? {} : plain(decode(body)) };
  }

  answer(operation: string, output: object, requestId: string): Reply {
    const model = loadModel(this.service);
    const shape = operationOf(model, operation).output;
    return this.reply(200, shape ? tagTimes(model, shape, output) : {}, requestId);
  }

  refuse(error: AwsError, requestId: string): Reply {
    const { status, body, headers } = errorReply(this.service, error);
    return this.reply(status, body, requestId, headers);
  }

  private reply(status: number, body: unknown, requestId: string, more: Record<string, string> = {}): Reply {
    const headers = {
      "content-type": "application/cbor",
      "smithy-protocol": "rpc-v2-cbor",
      "x-amzn-requestid": requestId,
      ...more,
    };
    // The encoder's buffer is used again for the next answer.
    return { status, headers, body: Uint8Array.from(cbor.serialize(body)) };
  }
}

function decode(body: Buffer): unknown {
  try {
    return cbor.deserialize(body) as unknown;
  } catch (error) {
    throw new AwsError("SerializationException", `The request body is not CBOR: ${(error as Error).message}`);
  }
}

/** What the decoder gives, with tags resolved and whole numbers as numbers. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (tagSymbol in value) return plain((value as unknown as { value: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** Marks the timestamps of an output as such, which only the model tells from other numbers. */
function tagTimes(model: ServiceModel, name: string, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  const shape = shapeOf(model, name);
  if (shape.type === "timestamp") return tag({ tag: EPOCH_SECONDS, value });
  if (shape.type === "list") return (value as unknown[]).map((each) => tagTimes(model, shape.member ?? "", each));
  if (shape.type === "map") return mapMembers(value, () => shape.value ?? "", model);
  if (shape.type === "structure") return mapMembers(value, (member) => shape.members?.[member] ?? "", model);
  return value;
}

function mapMembers(value: unknown, shapeOfMember: (name: string) => string, model: ServiceModel): object {
  const entries = Object.entries(value as object).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, tagTimes(model, shapeOfMember(key), member)]));
}
