import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { describeError, HalfMade, type Difference } from "./lifecycle";
import type { Change } from "./diff";
import { topOf } from "./diff";
import type { Properties } from "./values";

/** Properties as a protocol message. */
export function toStruct(properties: Properties): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>);
}

export function fromStruct(struct: Struct | undefined): Properties {
  return struct ? struct.toJavaScript() : {};
}

const KINDS: Record<Change, messages.PropertyDiff.Kind> = {
  add: messages.PropertyDiff.Kind.ADD,
  delete: messages.PropertyDiff.Kind.DELETE,
  update: messages.PropertyDiff.Kind.UPDATE,
};

const REPLACING_KINDS: Record<Change, messages.PropertyDiff.Kind> = {
  add: messages.PropertyDiff.Kind.ADD_REPLACE,
  delete: messages.PropertyDiff.Kind.DELETE_REPLACE,
  update: messages.PropertyDiff.Kind.UPDATE_REPLACE,
};

export function toDiffResponse({ changes, replaces, deleteBeforeReplace }: Difference): messages.DiffResponse {
  const response = new messages.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
  response.setChanges(changes.size > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList([...new Set([...changes.keys()].map(topOf))]);
  response.setReplacesList(replaces);
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const [path, change] of changes) {
    const detail = new messages.PropertyDiff();
    detail.setKind((replaces.includes(topOf(path)) ? REPLACING_KINDS : KINDS)[change]);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

/** An error as gRPC carries it. For a half-made resource it says what exists, in what Go calls error details. */
export function toServiceError(error: unknown): Partial<ServiceError> {
  const message = error instanceof HalfMade ? error.message : describeError(error);
  const metadata = error instanceof HalfMade ? { metadata: initFailed(error) } : {};
  return { code: status.UNKNOWN, details: message, message, ...metadata };
}

function initFailed({ existing, message }: HalfMade): Metadata {
  const detail = new messages.ErrorResourceInitFailed();
  detail.setId(existing.id);
  detail.setProperties(toStruct(existing.properties));
  detail.setInputs(toStruct(existing.inputs));
  detail.setReasonsList([message]);
  const any = new Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const failure = new Status();
  failure.setCode(status.UNKNOWN);
  failure.setMessage(message);
  failure.addDetails(any);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(failure.serializeBinary()));
  return metadata;
}
