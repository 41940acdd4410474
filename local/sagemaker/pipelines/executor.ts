import { messageOf } from "../../server/errors";
import { omit } from "../objects";
import { readText } from "../s3-files";
import type { Collection } from "../../server/store";
import { now } from "../time";
import { parseDefinition, type PipelinePlan } from "./definition";
import { executionVariables, stateOf, type Execution } from "./execution";
import { announceExecution, announceStep } from "./execution-events";
import { follow, resolve, type Json, type Scope } from "./expressions";
import { progress, type StepState } from "./progress";
import { sendCallback, stepRunners, type StepResult, type StepServices } from "./step-runners";

/** Drives executions: whatever changes, {@link advance} starts what can start and ends what is over. */
export class Executor {
  private readonly runners;
  private readonly plans = new Map<string, PipelinePlan>();
  private readonly stops = new Map<string, AbortController>();
  private readonly running = new Set<Promise<void>>();
  private closing = false;

  constructor(
    private readonly services: StepServices,
    private readonly executions: Collection<Execution>,
  ) {
    this.runners = stepRunners(services);
  }

  /**
   * Goes on with the executions that an earlier server left. A step that ran then has failed, except a Callback, which
   * somebody may still answer.
   */
  resume(): void {
    for (const execution of this.executions.all()) {
      if (execution.status !== "Executing" && execution.status !== "Stopping") continue;
      for (const state of execution.steps) {
        if (state.ended !== undefined || state.metadata.Callback) continue;
        const reason = "InternalServerError: the local SageMaker ended while the step ran.";
        this.settle(execution.arn, state.name, { kind: "failed", reason });
      }
      this.advance(execution.arn);
    }
  }

  /** Starts the steps that can start; ends the execution when nothing is left. */
  advance(arn: string): void {
    if (this.closing) return;
    const execution = this.executions.get(arn);
    if (!execution || (execution.status !== "Executing" && execution.status !== "Stopping")) return;
    const plan = this.plan(execution);
    const states = new Map(execution.steps.map((state) => [state.name, state]));
    const { ready, finished } = progress(plan, states, execution.status === "Stopping");
    for (const name of ready) this.start(arn, name);
    if (finished) this.finish(execution);
  }

  /**
   * Ends a step from outside: a callback's answer.
   *
   * @returns false when the step does not wait
   */
  answer(arn: string, step: string, result: StepResult): boolean {
    const execution = this.executions.get(arn);
    const state = execution && stateOf(execution, step);
    if (!state || state.ended !== undefined) return false;
    this.settle(arn, step, result);
    this.advance(arn);
    return true;
  }

  /** Stops what runs and starts nothing more. Callback steps are told, and end when they are answered. */
  async stop(arn: string): Promise<void> {
    this.change(arn, (execution) => ({ ...execution, status: "Stopping" }));
    this.stops.get(arn)?.abort();
    const execution = this.executions.get(arn);
    if (!execution) return;
    for (const state of execution.steps) {
      if (state.ended !== undefined) continue;
      this.changeStep(arn, state.name, (current) => ({ ...current, status: "Stopping" }));
      const { CallbackToken, SqsQueueUrl } = state.metadata.Callback ?? {};
      if (!CallbackToken || !SqsQueueUrl) continue;
      const step = this.plan(execution).steps.get(state.name)?.step;
      const given = await resolve(step?.Arguments ?? {}, this.scope(arn));
      await sendCallback(this.services.context, arn, { CallbackToken, SqsQueueUrl }, given, "Stopping");
    }
    this.advance(arn);
  }

  /** Waits for the steps under way; their jobs have to be ended first. */
  async close(): Promise<void> {
    this.closing = true;
    for (const stop of this.stops.values()) stop.abort();
    await Promise.all(this.running);
  }

  private start(arn: string, name: string): void {
    const state: StepState = { name, status: "Executing", started: now(), metadata: {}, properties: {} };
    const execution = this.change(arn, (current) => ({ ...current, steps: [...current.steps, state] }));
    announceStep(this.services.context, execution, this.plan(execution), state, "Starting");
    const run = this.run(execution, name).catch((error: unknown) => console.error(`step ${name} of ${arn}:`, error));
    this.running.add(run);
    void run.finally(() => this.running.delete(run));
  }

  private async run(execution: Execution, name: string): Promise<void> {
    const { arn } = execution;
    const step = this.plan(execution).steps.get(name)?.step;
    if (!step) throw new Error(`the definition has no step ${name}`);
    let result: StepResult;
    try {
      result = await this.runners[step.Type]({
        step,
        execution,
        scope: this.scope(arn),
        stop: this.stopOf(arn).signal,
        report: (metadata) => this.changeStep(arn, name, (state) => ({ ...state, metadata })),
      });
    } catch (error) {
      result = { kind: "failed", reason: messageOf(error) };
    }
    // What ends now ends because this server does: the next one finds the step unfinished and says so.
    if (this.closing || result.kind === "waiting") return;
    this.settle(arn, name, result);
    this.advance(arn);
  }

  private settle(arn: string, name: string, result: StepResult): void {
    if (result.kind === "waiting") return;
    this.changeStep(arn, name, (state) => {
      const ended = { ...state, ended: now() };
      if (result.kind === "stopped") return { ...ended, status: "Stopped" };
      const metadata = result.metadata ?? state.metadata;
      return result.kind === "succeeded"
        ? { ...ended, status: "Succeeded", metadata, properties: result.properties }
        : { ...ended, status: "Failed", metadata, failureReason: result.reason };
    });
  }

  private finish(execution: Execution): void {
    const failed = execution.steps.some(({ status }) => status === "Failed");
    const status = execution.status === "Stopping" ? "Stopped" : failed ? "Failed" : "Succeeded";
    this.change(execution.arn, (current) => ({
      ...current,
      status,
      ...(status === "Failed" ? { failureReason: "Step failure: One or multiple steps failed." } : {}),
    }));
    this.plans.delete(execution.arn);
    this.stops.delete(execution.arn);
  }

  private scope(arn: string): Scope {
    const execution = (): Execution => this.known(arn);
    const properties = (step: string): Json | undefined => {
      const state = stateOf(execution(), step);
      return state?.status === "Succeeded" ? state.properties : undefined;
    };
    const { s3 } = this.services.context.clients;
    return {
      parameters: execution().parameters,
      execution: executionVariables(execution()),
      stepProperties: properties,
      readUri: (uri) => readText(s3, uri),
      readPropertyFile: (step, file) => {
        const declared = this.plan(execution()).steps.get(step)?.step.PropertyFiles ?? [];
        const found = declared.find(({ PropertyFileName }) => PropertyFileName === file);
        if (!found) throw new Error(`step ${step} has no property file ${file}`);
        const path = ["ProcessingOutputConfig", "Outputs", found.OutputName, "S3Output", "S3Uri"];
        const uri = follow(properties(step), path);
        if (typeof uri !== "string") throw new Error(`step ${step} has no output ${found.OutputName} with an S3 URI`);
        return readText(s3, `${uri.replace(/\/$/, "")}/${found.FilePath}`);
      },
    };
  }

  private plan(execution: Execution): PipelinePlan {
    const plan = this.plans.get(execution.arn) ?? parseDefinition(execution.definition);
    this.plans.set(execution.arn, plan);
    return plan;
  }

  private stopOf(arn: string): AbortController {
    const controller = this.stops.get(arn) ?? new AbortController();
    this.stops.set(arn, controller);
    return controller;
  }

  private known(arn: string): Execution {
    const execution = this.executions.get(arn);
    if (!execution) throw new Error(`the execution ${arn} is gone`);
    return execution;
  }

  private change(arn: string, change: (execution: Execution) => Execution): Execution {
    const before = this.known(arn);
    const after = { ...change(before), modified: now() };
    this.executions.update(arn, () => after);
    if (after.status !== before.status) announceExecution(this.services.context, after, before.status);
    return after;
  }

  private changeStep(arn: string, name: string, change: (state: StepState) => StepState): void {
    const before = stateOf(this.known(arn), name);
    const execution = this.change(arn, (current) => ({
      ...omit(current, "steps"),
      steps: current.steps.map((state) => (state.name === name ? change(state) : state)),
    }));
    const after = stateOf(execution, name);
    if (before && after && before.status !== after.status) {
      announceStep(this.services.context, execution, this.plan(execution), after, before.status);
    }
  }
}
