import { InvokeCommand } from "@aws-sdk/client-lambda";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { validate, validationMessage } from "../../aws-models";
import { nameOf, randomId } from "../arns";
import type { Models } from "../endpoints/models";
import type { ProcessingJobs } from "../jobs/processing";
import type { TrainingJobs } from "../jobs/training";
import type { ModelPackageGroups } from "../registry/model-package-groups";
import type { ModelPackages } from "../registry/model-packages";
import type { SageMakerContext } from "../state";
import { decideAll } from "./conditions";
import type { Step, StepType } from "./definition";
import type { Execution } from "./execution";
import { resolve, type Json, type Scope } from "./expressions";
import { bindOutputs } from "./parameters";
import type { StepMetadata } from "./progress";

/** A step about to run. */
export interface StepRun {
  step: Step;
  execution: Execution;
  scope: Scope;
  /** Aborted when the execution is stopped. */
  stop: AbortSignal;
  /** Writes down what is known of the step before it ends. */
  report(metadata: StepMetadata): void;
}

/** How a step ended; `waiting` is for one that somebody else will end. */
export type StepResult =
  | { kind: "succeeded"; metadata?: StepMetadata; properties: { [name: string]: Json } }
  | { kind: "failed"; reason: string; metadata?: StepMetadata }
  | { kind: "stopped" }
  | { kind: "waiting" };

/** The parts of SageMaker that steps are made of. */
export interface StepServices {
  context: SageMakerContext;
  processing: ProcessingJobs;
  training: TrainingJobs;
  models: Models;
  groups: ModelPackageGroups;
  packages: ModelPackages;
}

type Runner = (run: StepRun) => Promise<StepResult>;

/** The longest name that a job or model may have. */
const MAX_NAME = 63;

/** What each type of step does. A runner may throw: the step has then failed, for that reason. */
export function stepRunners(services: StepServices): Record<StepType, Runner> {
  const { context } = services;
  return {
    Processing: async (run) => {
      const request = await jobRequest(run, "CreateProcessingJob", "ProcessingJobName");
      const { ProcessingJobArn } = services.processing.create(request as never);
      const name = nameOf(ProcessingJobArn);
      run.report({ ProcessingJob: { Arn: ProcessingJobArn } });
      onStop(run.stop, () => services.processing.end(name));
      const job = await services.processing.finished(name);
      if (job.ProcessingJobStatus === "Completed") return { kind: "succeeded", properties: plain(job) };
      if (run.stop.aborted) return { kind: "stopped" };
      return failedJob("ProcessingJob", job.ProcessingJobStatus, job.FailureReason);
    },
    Training: async (run) => {
      const request = await jobRequest(run, "CreateTrainingJob", "TrainingJobName");
      const { TrainingJobArn } = services.training.create(request as never);
      const name = nameOf(TrainingJobArn);
      run.report({ TrainingJob: { Arn: TrainingJobArn } });
      onStop(run.stop, () => services.training.end(name));
      const job = await services.training.finished(name);
      if (job.TrainingJobStatus === "Completed") return { kind: "succeeded", properties: plain(job) };
      if (run.stop.aborted) return { kind: "stopped" };
      return failedJob("TrainingJob", job.TrainingJobStatus, job.FailureReason);
    },
    Model: async (run) => {
      const request = await jobRequest(run, "CreateModel", "ModelName");
      const { ModelArn } = services.models.create(request as never);
      const model = services.models.describe(nameOf(ModelArn));
      return { kind: "succeeded", metadata: { Model: { Arn: ModelArn } }, properties: plain(model) };
    },
    RegisterModel: async (run) => {
      const request = await checkedRequest(run, "CreateModelPackage", {});
      const group = request["ModelPackageGroupName"];
      if (typeof group === "string") services.groups.ensure(nameOf(group));
      const { ModelPackageArn } = services.packages.create(request);
      const described = services.packages.describe(ModelPackageArn);
      return { kind: "succeeded", metadata: { RegisterModel: { Arn: ModelPackageArn } }, properties: plain(described) };
    },
    Condition: async (run) => {
      const decisions = await decideAll(run.step.Arguments?.["Conditions"], run.scope);
      const Outcome = decisions.every(Boolean) ? "True" : "False";
      return { kind: "succeeded", metadata: { Condition: { Outcome } }, properties: { Outcome } };
    },
    Fail: async (run) => {
      const ErrorMessage = asText(await resolve(run.step.Arguments?.["ErrorMessage"] ?? "", run.scope));
      return { kind: "failed", reason: ErrorMessage, metadata: { Fail: { ErrorMessage } } };
    },
    Lambda: (run) => runLambda(run, context),
    Callback: (run) => runCallback(run, context),
  };
}

async function runLambda(run: StepRun, context: SageMakerContext): Promise<StepResult> {
  const Arn = asText(await resolve(run.step.FunctionArn ?? "", run.scope));
  const payload = await resolve(run.step.Arguments ?? {}, run.scope);
  run.report({ Lambda: { Arn, OutputParameters: [] } });
  const answer = await context.clients.lambda.send(
    new InvokeCommand({ FunctionName: Arn, Payload: Buffer.from(JSON.stringify(payload)) }),
  );
  const text = answer.Payload?.transformToString() ?? "null";
  if (answer.FunctionError) {
    return { kind: "failed", reason: `ClientError: Lambda function ${Arn} failed: ${text.slice(0, 2000)}` };
  }
  const given = JSON.parse(text) as unknown;
  const declared = run.step.OutputParameters ?? [];
  const outputs = bindOutputs(declared, typeof given === "object" && given !== null ? { ...given } : {});
  return {
    kind: "succeeded",
    metadata: { Lambda: { Arn, OutputParameters: outputList(outputs) } },
    properties: { OutputParameters: outputs },
  };
}

/** Sends SageMaker's message to the queue; whoever takes it answers with the token. */
async function runCallback(run: StepRun, context: SageMakerContext): Promise<StepResult> {
  const SqsQueueUrl = asText(await resolve(run.step.SqsQueueUrl ?? "", run.scope));
  const callbackArguments = await resolve(run.step.Arguments ?? {}, run.scope);
  const CallbackToken = randomId(10);
  // The answer may come before send() returns.
  run.report({ Callback: { CallbackToken, SqsQueueUrl, OutputParameters: [] } });
  await sendCallback(context, run.execution.arn, { CallbackToken, SqsQueueUrl }, callbackArguments, "Executing");
  return { kind: "waiting" };
}

/** Tells a callback's queue what has become of its step. */
export async function sendCallback(
  context: SageMakerContext,
  executionArn: string,
  callback: { CallbackToken: string; SqsQueueUrl: string },
  callbackArguments: Json,
  status: "Executing" | "Stopping",
): Promise<void> {
  const message = {
    token: callback.CallbackToken,
    pipelineExecutionArn: executionArn,
    arguments: callbackArguments,
    status,
  };
  await context.clients.sqs.send(
    new SendMessageCommand({ QueueUrl: callback.SqsQueueUrl, MessageBody: JSON.stringify(message) }),
  );
}

/** Output parameters as descriptions of steps have them. */
export function outputList(outputs: Readonly<Record<string, Json>>): { Name: string; Value: string }[] {
  return Object.entries(outputs).map(([Name, value]) => ({ Name, Value: asText(value) }));
}

/** The request behind a step, under a name of its own, with the execution's role where it names none. */
async function jobRequest(run: StepRun, operation: string, nameMember: string): Promise<{ [name: string]: Json }> {
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
  const roleMember = operation === "CreateModel" ? "ExecutionRoleArn" : "RoleArn";
  const role = run.step.Arguments?.[roleMember] === undefined ? { [roleMember]: run.execution.roleArn } : {};
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
async function checkedRequest(
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

function failedJob(kind: string, status: string, reason: string | undefined): StepResult {
  return { kind: "failed", reason: `ClientError: ${kind} ended as ${status}: ${reason ?? "it was stopped"}` };
}

function onStop(stop: AbortSignal, action: () => void): void {
  if (stop.aborted) action();
  else stop.addEventListener("abort", action, { once: true });
}

function plain(document: object): { [name: string]: Json } {
  return document as { [name: string]: Json };
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
