import { validate, validationMessage } from "../../aws-models";
import { nameOf, randomId } from "../arns";
import { resolve, type Json } from "./expressions";
import type { StepRun } from "./step-run";

/** The longest name that a job or model may have. */
const MAX_NAME = 63;

/** The request behind a step, under a name of its own, with the execution's role where it names none. */
export async function jobRequest(
  run: StepRun,
  operation: string,
  nameMember: string,
  roleMember?: "RoleArn" | "ExecutionRoleArn",
): Promise<{ [name: string]: Json }> {
  const id = nameOf(run.execution.arn);
  const given = await resolve(run.step.Arguments?.[nameMember] ?? null, run.scope);
  const random = randomId(10);
  const name =
    typeof given === "string"
      ? bounded(given, `-${id}-${random}`)
      : bounded(`pipelines-${id}-${run.step.Name}`, `-${random}`);
  const tags = [
    { Key: "sagemaker:pipeline-execution-arn", Value: run.execution.arn },
    { Key: "sagemaker:pipeline-step-name", Value: run.step.Name },
  ];
  const own = await resolve(run.step.Arguments?.["Tags"] ?? [], run.scope);
  const role =
    roleMember && run.step.Arguments?.[roleMember] === undefined ? { [roleMember]: run.execution.roleArn } : {};
  return checkedRequest(run, operation, {
    ...role,
    [nameMember]: name,
    Tags: [...(Array.isArray(own) ? own : []), ...tags],
  });
}

function bounded(name: string, ending: string): string {
  return name.slice(0, MAX_NAME - ending.length).replace(/-+$/, "") + ending;
}

/** @throws Error with everything that the operation's model refuses */
export async function checkedRequest(
  run: StepRun,
  operation: string,
  extra: { [name: string]: Json },
): Promise<{ [name: string]: Json }> {
  const resolved = (await resolve(run.step.Arguments ?? {}, run.scope)) as { [name: string]: Json };
  const request = { ...resolved, ...extra };
  const violations = validate("sagemaker", operation, request);
  if (violations.length > 0) throw new Error(`ClientError: ${operation}: ${validationMessage(violations)}`);
  return request;
}
