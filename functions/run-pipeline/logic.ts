import type { RegisterTaskDefinitionCommandInput, Tag, Task, TaskDefinition } from "@aws-sdk/client-ecs";
import type { FailureType } from "@aws-sdk/client-codepipeline";
import * as t from "io-ts";
import { decode, decodeJson, DecodeError } from "../shared/decode";
import { matching, Text } from "../shared/environment";

/**
 * What CodePipeline sends to a function, as far as it is needed. The rest (artifacts, and credentials to read them) is
 * neither decoded nor ever logged.
 */
export const JobEvent = t.type({ "CodePipeline.job": t.type({ id: Text }) }, "JobEvent");

const JobData = t.type({
  "CodePipeline.job": t.type({
    data: t.intersection([
      t.type({ actionConfiguration: t.type({ configuration: t.type({ UserParameters: Text }) }) }),
      t.partial({ continuationToken: t.string }),
    ]),
  }),
});

/** An image in a registry, with its tag or digest. A variable of CodePipeline's that nobody filled in is none. */
const Image = matching(
  "Image",
  /^[a-z0-9.-]+(?::\d+)?\/[a-z0-9._/-]+(?::[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/,
  "must be an image with its tag or digest (registry/repository:tag)",
);

/** A commit's full id. */
const Revision = matching("Revision", /^[0-9a-f]{40}$/, "must be a commit's full id (40 hexadecimal digits)");

/** The action's UserParameters, JSON: what was delivered, and by which delivery pipeline. */
const Delivery = t.type({ image: Image, revision: Revision, pipeline: Text }, "Delivery");
export type Delivery = t.TypeOf<typeof Delivery>;

/** What a later call needs of an earlier one of the same action; its JSON is the continuation token. */
const Continuation = t.type({ taskArn: Text, startedAtSeconds: t.number }, "Continuation");
export type Continuation = t.TypeOf<typeof Continuation>;

/** What a call of the function is about: a delivery, and its task where an earlier call has started that. */
export interface Request {
  delivery: Delivery;
  continuation?: Continuation;
}

/** @throws DecodeError where the action is not configured as this function wants it. */
export function requestOf(event: unknown): Request {
  const { data } = decode(JobData, event, "The job's data")["CodePipeline.job"];
  const { UserParameters } = data.actionConfiguration.configuration;
  const delivery = decodeJson(Delivery, UserParameters, "The action's UserParameters");
  if (data.continuationToken === undefined) return { delivery };
  return { delivery, continuation: decodeJson(Continuation, data.continuationToken, "The continuation token") };
}

/** What becomes of the job. */
export type Result =
  | { kind: "succeeded"; summary: string; taskId: string }
  | { kind: "continued"; token: string; summary: string; taskId: string }
  | { kind: "failed"; type: FailureType; message: string; taskId?: string };

const MESSAGE_CHARACTERS = 5_000;
const SUMMARY_CHARACTERS = 2_048;

export const clipMessage = (text: string): string => text.slice(0, MESSAGE_CHARACTERS);
export const clipSummary = (text: string): string => text.slice(0, SUMMARY_CHARACTERS);

/** The image that a container of the definition runs. */
export function imageOf(definition: TaskDefinition, container: string): string | undefined {
  return definition.containerDefinitions?.find(({ name }) => name === container)?.image;
}

/**
 * The definition's next revision: as it is, but for the container's image.
 *
 * @throws Error where the definition has no such container.
 */
export function nextRevision(
  definition: TaskDefinition,
  tags: readonly Tag[],
  container: string,
  image: string,
): RegisterTaskDefinitionCommandInput {
  const { taskDefinitionArn, revision, status, requiresAttributes, compatibilities, ...rest } = definition;
  const { registeredAt, registeredBy, deregisteredAt, ...kept } = rest;
  void [revision, status, requiresAttributes, compatibilities, registeredAt, registeredBy, deregisteredAt];
  const containers = kept.containerDefinitions ?? [];
  if (!containers.some(({ name }) => name === container)) {
    const names = containers.map(({ name }) => name).join(", ");
    throw new Error(`${taskDefinitionArn} has no container "${container}" (it has ${names}): run pulumi up again`);
  }
  return {
    ...kept,
    family: definition.family,
    containerDefinitions: containers.map((each) => (each.name === container ? { ...each, image } : each)),
    ...(tags.length > 0 ? { tags: [...tags] } : {}),
  };
}

/** The last part of a task's ARN. */
export const idOfTask = (taskArn: string): string => taskArn.slice(taskArn.lastIndexOf("/") + 1);

/**
 * What a task's state means for the job. A task that has ended well was faster than the looks at it.
 *
 * @param task undefined where ECS no longer knows it
 * @param waitedSeconds since it was started
 */
export function judge(
  { taskArn, startedAtSeconds }: Continuation,
  task: Task | undefined,
  container: string,
  waitedSeconds: number,
  timeoutSeconds: number,
): Result {
  const taskId = idOfTask(taskArn);
  const failed = (message: string): Result => ({ kind: "failed", type: "JobFailed", message, taskId });
  if (task === undefined) return failed(`Task ${taskId} is gone: ECS knows nothing of it any more`);
  const status = task.lastStatus ?? "of unknown status";
  const running = task.containers?.find(({ name }) => name === container);
  if (status === "RUNNING") return { kind: "succeeded", summary: `Task ${taskId} is RUNNING`, taskId };
  if (status === "STOPPED") {
    if (running?.exitCode === 0) return { kind: "succeeded", summary: `Task ${taskId} ran and ended well`, taskId };
    const reasons = [
      task.stoppedReason,
      running?.reason,
      running?.exitCode === undefined ? undefined : `exit code ${running.exitCode}; its log says why`,
    ];
    return failed(`Task ${taskId} stopped: ${reasons.filter((reason) => reason !== undefined).join("; ")}`);
  }
  if (waitedSeconds > timeoutSeconds) {
    return failed(`Task ${taskId} is still ${status} after ${Math.round(waitedSeconds)} s, and was stopped`);
  }
  const token: Continuation = { taskArn, startedAtSeconds };
  return { kind: "continued", token: JSON.stringify(token), summary: `Task ${taskId} is ${status}`, taskId };
}

/** The failure that an error means. */
export function failureOf(error: unknown): Result {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const name = error instanceof Error ? error.name : "";
  const type =
    error instanceof DecodeError
      ? "ConfigurationError"
      : /AccessDenied|NotAuthorized|Unauthorized/.test(name)
        ? "PermissionError"
        : "JobFailed";
  return { kind: "failed", type, message };
}
