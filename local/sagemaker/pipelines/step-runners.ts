import { InvokeCommand } from "@aws-sdk/client-lambda";
import { nameOf, randomId } from "../arns";
import type { Jobs } from "../jobs/jobs";
import { decideAll } from "./conditions";
import type { StepType } from "./definition";
import { resolve, type Json } from "./expressions";
import { jobStep } from "./job-steps";
import { bindOutputs } from "./parameters";
import { checkedRequest, jobRequest } from "./step-request";
import { INTERRUPTED, type Runner, type RunnerServices, type StepResult, type StepRun } from "./step-run";

/** What each type of step does. A runner may throw: the attempt has then failed, for that reason. */
export function stepRunners(services: RunnerServices): Record<StepType, Runner> {
  const { context, processing, training, transform, models, groups, packages } = services;
  return {
    Processing: jobStep(context, {
      type: "Processing",
      roleMember: "RoleArn",
      create: (request) => processing.create(request as never).ProcessingJobArn,
      ...runOf(processing),
    }),
    Training: jobStep(context, {
      type: "Training",
      roleMember: "RoleArn",
      create: (request) => training.create(request as never).TrainingJobArn,
      ...runOf(training),
    }),
    Transform: jobStep(context, {
      type: "Transform",
      create: (request) => transform.create(request as never).TransformJobArn,
      ...runOf(transform),
    }),
    Model: async (run) => {
      let arn = run.state.metadata.Model?.Arn;
      if (arn === undefined) {
        const request = await jobRequest(run, "CreateModel", "ModelName", "ExecutionRoleArn");
        await run.acting.request("CreateModel", request);
        arn = context.store.transaction(() => {
          const { ModelArn } = models.create(request as never);
          run.report({ metadata: { Model: { Arn: ModelArn } } });
          return ModelArn;
        });
      }
      await run.acting.request("DescribeModel", { ModelName: nameOf(arn) });
      return { kind: "succeeded", properties: plain(models.describe(nameOf(arn))) };
    },
    RegisterModel: async (run) => {
      let arn = run.state.metadata.RegisterModel?.Arn;
      if (arn === undefined) {
        const { Tags, ...request } = await checkedRequest(run, "CreateModelPackage", {});
        await run.acting.request("CreateModelPackage", request);
        arn = context.store.transaction(() => {
          const group = request["ModelPackageGroupName"];
          // A version has no tags of its own: they are for the group, when it is made.
          if (typeof group === "string") groups.ensure(nameOf(group), Tags as never);
          const { ModelPackageArn } = packages.create({ ...request, ...(group || !Tags ? {} : { Tags }) } as never);
          run.report({ metadata: { RegisterModel: { Arn: ModelPackageArn } } });
          return ModelPackageArn;
        });
      }
      return { kind: "succeeded", properties: plain(packages.describe(arn)) };
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
    Lambda: runLambda,
    Callback: (run) => runCallback(run, services),
  };
}

/** What a step follows its job by. */
const runOf = <Job extends { FailureReason?: string }>(jobs: Jobs<Job>) => ({
  finished: (name: string) => jobs.outcome(name),
  exists: (name: string) => jobs.exists(name),
  end: (name: string) => void jobs.end(name),
});

async function runLambda(run: StepRun): Promise<StepResult> {
  // Whether the function did its work is not known, and it may not bear a second call.
  if (run.state.metadata.Lambda) return { kind: "failed", reason: INTERRUPTED };
  const Arn = asText(await resolve(run.step.FunctionArn ?? "", run.scope));
  const payload = await resolve(run.step.Arguments ?? {}, run.scope);
  run.report({ metadata: { Lambda: { Arn, OutputParameters: [] } } });
  const answer = await run.acting.context.clients.lambda.send(
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
async function runCallback(run: StepRun, { callbacks }: RunnerServices): Promise<StepResult> {
  if (!run.state.callback) {
    const SqsQueueUrl = asText(await resolve(run.step.SqsQueueUrl ?? "", run.scope));
    const given = await resolve(run.step.Arguments ?? {}, run.scope);
    // The answer may come before the message's sending has returned.
    run.report({
      metadata: { Callback: { CallbackToken: randomId(10), SqsQueueUrl, OutputParameters: [] } },
      callback: { arguments: given },
    });
  }
  await callbacks.tell(run.execution.arn, run.step.Name);
  return { kind: "waiting" };
}

/** Output parameters as descriptions of steps have them. */
export function outputList(outputs: Readonly<Record<string, Json>>): { Name: string; Value: string }[] {
  return Object.entries(outputs).map(([Name, value]) => ({ Name, Value: asText(value) }));
}

function plain(document: object): { [name: string]: Json } {
  return document as { [name: string]: Json };
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
