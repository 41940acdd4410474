import { createHash } from "node:crypto";
import { isRight } from "fp-ts/Either";
import * as t from "io-ts";
import { decode, DecodeError, parseJson } from "../shared/decode";
import { RequestKind, type Request } from "../shared/deployment-records";

/** The message of SageMaker's callback step. `status` is `Stopping` when the pipeline is being stopped. */
export const CallbackMessage = t.type(
  {
    token: t.string,
    pipelineExecutionArn: t.string,
    arguments: t.type({ modelName: t.string, modelPackageArn: t.string }),
    status: t.string,
  },
  "CallbackMessage",
);
export type CallbackMessage = t.TypeOf<typeof CallbackMessage>;

/** EventBridge's `SageMaker Model Package State Change`. */
const PackageEvent = t.type(
  {
    id: t.string,
    "detail-type": t.literal("SageMaker Model Package State Change"),
    detail: t.type({ ModelPackageArn: t.string, ModelApprovalStatus: t.string }),
  },
  "PackageEvent",
);

/** What a person or another function asks for. */
export const CommandMessage = t.type(
  {
    command: t.intersection([
      t.type({ id: t.string, kind: RequestKind, requestedBy: t.string, because: t.string }),
      t.partial({ modelPackageArn: t.string }),
    ]),
  },
  "CommandMessage",
);
export type CommandMessage = t.TypeOf<typeof CommandMessage>;

/** Says no more than that there may be something to go on with: a check that has ended, a freeze that is over. */
const Nudge = t.union(
  [t.type({ nudge: t.literal(true) }), t.type({ "detail-type": t.literal("SageMaker Transform Job State Change") })],
  "Nudge",
);

export type Message =
  | { type: "request"; request: Request }
  /** The pipeline is being stopped, and waits for an answer to stop. */
  | { type: "stop"; request: Request }
  | { type: "nudge" };

/** A message of the deploy queue. @throws DecodeError when it is none of those that come there. */
export function readMessage(body: string, now: Date): Message {
  const input = parseJson(body);
  const requestedAt = now.toISOString();
  if (isRight(Nudge.decode(input))) return { type: "nudge" };
  const event = PackageEvent.decode(input);
  if (isRight(event)) {
    const { ModelPackageArn: modelPackageArn, ModelApprovalStatus: status } = event.right.detail;
    if (status !== "Approved") return { type: "nudge" };
    const common = { kind: "approval", requestedAt, modelPackageArn } as const;
    return { type: "request", request: { id: `approval-${event.right.id}`, ...common } };
  }
  const command = CommandMessage.decode(input);
  if (isRight(command)) return { type: "request", request: { ...command.right.command, requestedAt } };
  if (input instanceof SyntaxError) {
    const problem = { path: "", value: body.slice(0, 80), wanted: `must be JSON (${input.message})` };
    throw new DecodeError("The deploy queue's message", [problem]);
  }
  const { token, pipelineExecutionArn, status, ...more } = decode(CallbackMessage, input, "The callback's message");
  const request: Request = {
    // A token is ten characters; with its execution it is never another's.
    id: `callback-${createHash("sha256").update(`${pipelineExecutionArn} ${token}`).digest("hex").slice(0, 32)}`,
    kind: "pipeline",
    requestedAt,
    token,
    pipelineExecutionArn,
    ...more.arguments,
  };
  return { type: status === "Stopping" ? "stop" : "request", request };
}

/** How long a function of before an update of the stack may still be at work. */
const OLD_FUNCTION_MILLISECONDS = 120_000;

/**
 * What to do about changed settings: `go` where this function has them; `wait` where it may be the function of before,
 * and leaves them to the new one; `over` where the stack has other settings by now.
 */
export function settingsTurn(
  { settingsHash, requestedAt }: Pick<Request, "settingsHash" | "requestedAt">,
  ownHash: string,
  now: Date,
): "go" | "wait" | "over" {
  if (settingsHash === ownHash) return "go";
  return now.getTime() - Date.parse(requestedAt) < OLD_FUNCTION_MILLISECONDS ? "wait" : "over";
}

/**
 * Whether SageMaker refused a call for good. Throttles, its own faults and a network that fails are worth another try.
 */
export function isRefusal(error: unknown): error is Error {
  if (!(error instanceof Error) || !("$metadata" in error)) return false;
  const status = (error.$metadata as { httpStatusCode?: number }).httpStatusCode ?? 0;
  return status >= 400 && status < 500 && status !== 429 && !/throttl|toomanyrequests|requestlimit/i.test(error.name);
}
