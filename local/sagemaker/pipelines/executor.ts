import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../server/errors";
import { actingAs, type Acting } from "../acting";
import { omit } from "../objects";
import { now } from "../time";
import { findHit, type CacheHit } from "./cache";
import { expirySeconds } from "./cache-config";
import { Callbacks } from "./callbacks";
import type { Step } from "./definition";
import { isActive, stateOf, type Execution } from "./execution";
import type { ExecutionDocuments } from "./execution-documents";
import { progress, type StepState } from "./progress";
import { exceptionOf, retryDelay } from "./retry";
import { scopeOf } from "./scope";
import type { StepResult, StepServices } from "./step-run";
import { stepRunners } from "./step-runners";

/** Drives executions: whatever changes, {@link advance} starts what can start and ends what is over. */
export class Executor {
  private readonly runners;
  private readonly callbacks: Callbacks;
  private readonly stops = new Map<string, AbortController>();
  private readonly running = new Set<Promise<void>>();
  private readonly closing = new AbortController();
  private readonly roles = new Map<string, Acting>();

  constructor(
    private readonly services: StepServices,
    private readonly documents: ExecutionDocuments,
  ) {
    this.callbacks = new Callbacks(documents, (execution) => this.actingFor(execution).context.clients.sqs);
    this.runners = stepRunners({ ...services, callbacks: this.callbacks });
  }

  /** Goes on with the executions that an earlier server left, from what their steps have written down. */
  resume(): void {
    for (const execution of this.documents.all().filter(isActive)) {
      if (execution.status === "Stopping") this.stopOf(execution.arn).abort();
      for (const state of execution.steps) if (state.ended === undefined) this.drive(execution.arn, state.name);
      this.advance(execution.arn);
    }
  }

  /** Starts the steps that can start; ends the execution when nothing is left. */
  advance(arn: string): void {
    if (this.closing.signal.aborted) return;
    const execution = this.documents.get(arn);
    if (!isActive(execution)) return;
    const states = new Map(execution.steps.map((state) => [state.name, state]));
    const stopping = execution.status === "Stopping";
    const next = progress(this.documents.plan(execution), states, stopping, execution.maxParallelSteps);
    for (const name of next.ready) {
      const state = { name, status: "Executing" as const, started: now(), metadata: {}, properties: {}, attempt: 1 };
      this.documents.addStep(arn, state);
      this.drive(arn, name);
    }
    if (next.finished) this.finish(execution);
  }

  /**
   * Ends a step from outside: a callback's answer. The caller lets the execution {@link advance}.
   *
   * @returns false when the step does not wait
   */
  answer(arn: string, step: string, result: StepResult): boolean {
    if (stateOf(this.documents.get(arn), step)?.ended !== undefined) return false;
    this.settle(arn, step, result);
    return true;
  }

  /** Writes down that an execution and what runs in it are to be stopped. The caller goes on with {@link stop}. */
  markStopping(arn: string): void {
    const execution = this.documents.change(arn, (current) => ({ ...current, status: "Stopping" }));
    for (const { name, ended } of execution.steps) {
      if (ended === undefined) this.documents.changeStep(arn, name, (state) => ({ ...state, status: "Stopping" }));
    }
  }

  /**
   * Stops what runs and starts nothing more. Jobs are stopped; a function is waited for; Callback steps are told, and
   * end when they are answered.
   */
  stop(arn: string): void {
    this.stopOf(arn).abort();
    for (const state of this.documents.get(arn).steps) {
      if (state.ended === undefined && state.callback) this.track(this.tellOfStop(arn, state.name));
    }
    this.advance(arn);
  }

  /** Waits for the steps under way; their jobs have to be ended first. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.running);
    for (const acting of this.roles.values()) acting.end();
  }

  private async tellOfStop(arn: string, step: string): Promise<void> {
    try {
      await this.callbacks.tell(arn, step);
    } catch (error) {
      // Nobody can answer what nobody was told.
      if (this.closing.signal.aborted) return;
      this.answer(arn, step, { kind: "failed", reason: `ClientError: the queue can't be told: ${messageOf(error)}` });
      this.advance(arn);
    }
  }

  /** Runs a step to its end, attempt by attempt. */
  private drive(arn: string, name: string): void {
    this.track(this.run(arn, name).catch((error: unknown) => console.error(`step ${name} of ${arn}:`, error)));
  }

  private track(work: Promise<void>): void {
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }

  private async run(arn: string, name: string): Promise<void> {
    const step = this.documents.plan(this.documents.get(arn)).steps.get(name)?.step;
    if (!step) throw new Error(`the definition has no step ${name}`);
    const stop = this.stopOf(arn).signal;
    for (;;) {
      const again = await this.untilRetry(arn, name, stop);
      const result = again ? await this.attempt(arn, step, stop) : { kind: "stopped" as const };
      // What ends now ends because this server does: the next one finds the step unfinished and goes on with it.
      if (this.closing.signal.aborted || result.kind === "waiting") return;
      if (!this.retries(arn, step, result, stop)) {
        this.settle(arn, name, result);
        return this.advance(arn);
      }
    }
  }

  private async attempt(arn: string, step: Step, stop: AbortSignal): Promise<StepResult> {
    const execution = this.documents.get(arn);
    const state = stateOf(execution, step.Name);
    if (!state) throw new Error(`step ${step.Name} was never started`);
    try {
      return await this.runners[step.Type]({
        step,
        execution,
        scope: scopeOf(this.documents, this.actingFor(execution).context.clients.s3, arn),
        acting: this.actingFor(execution),
        state,
        stop,
        report: (known) => this.documents.changeStep(arn, step.Name, (current) => ({ ...current, ...known })),
        findCached: (key, usable) => this.findCached(execution, step, key, usable),
      });
    } catch (error) {
      return { kind: "failed", reason: messageOf(error), exception: exceptionOf(error) };
    }
  }

  /** SageMaker as it acts for the executions of a role. */
  private actingFor({ roleArn }: Execution): Acting {
    const known = this.roles.get(roleArn);
    if (known) return known;
    const acting = actingAs(this.services.context, roleArn, "SageMaker-Pipelines");
    this.roles.set(roleArn, acting);
    return acting;
  }

  private findCached(
    execution: Execution,
    step: Step,
    key: string,
    usable: (state: StepState) => boolean,
  ): CacheHit | undefined {
    const { Enabled = false, ExpireAfter = "" } = step.CacheConfig ?? {};
    if (!Enabled) return undefined;
    const earlier = this.documents.ofPipeline(execution.pipelineArn).filter(({ arn }) => arn !== execution.arn);
    const sources = earlier.map((source) => ({ ...source, steps: source.steps.filter(usable) }));
    return findHit(sources, step.Name, key, expirySeconds(ExpireAfter) ?? 0, now());
  }

  /** Waits for the moment of the next attempt; false when the execution is stopped, or the server ends, first. */
  private async untilRetry(arn: string, name: string, stop: AbortSignal): Promise<boolean> {
    const retryAt = stateOf(this.documents.get(arn), name)?.retryAt;
    if (retryAt === undefined) return true;
    const signal = AbortSignal.any([stop, this.closing.signal]);
    await sleep(Math.max(0, (retryAt - now()) * 1000), undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return false;
    this.documents.changeStep(arn, name, (state) => ({
      ...omit(state, "retryAt", "callback"),
      metadata: {},
      attempt: state.attempt + 1,
    }));
    return true;
  }

  /** Plans another attempt when the step's policies give it one. */
  private retries(arn: string, step: Step, result: StepResult, stop: AbortSignal): boolean {
    const exception = result.kind === "failed" ? result.exception : undefined;
    if (exception === undefined || stop.aborted) return false;
    const { started, retries = {} } = stateOf(this.documents.get(arn), step.Name) ?? { started: now() };
    const delay = retryDelay(step.RetryPolicies ?? [], exception, { started, retries }, now());
    if (delay === undefined) return false;
    this.documents.changeStep(arn, step.Name, (state) => ({
      ...state,
      retryAt: now() + delay,
      retries: { ...retries, [exception]: (retries[exception] ?? 0) + 1 },
    }));
    return true;
  }

  private settle(arn: string, name: string, result: StepResult): void {
    if (result.kind === "waiting" || stateOf(this.documents.get(arn), name)?.ended !== undefined) return;
    this.documents.changeStep(arn, name, (state) => {
      const ended: StepState = { ...omit(state, "retryAt"), ended: now() };
      switch (result.kind) {
        case "stopped":
          return { ...ended, status: "Stopped" };
        case "reused": {
          const { state: source, executionArn } = result.hit;
          const { metadata, properties } = source;
          return { ...ended, status: "Succeeded", metadata, properties, reusedFrom: { executionArn, by: "cache" } };
        }
        case "succeeded":
          return {
            ...ended,
            status: "Succeeded",
            metadata: result.metadata ?? state.metadata,
            properties: result.properties,
          };
        case "failed":
          return {
            ...ended,
            status: "Failed",
            metadata: result.metadata ?? state.metadata,
            failureReason: result.reason,
          };
      }
    });
  }

  private finish(execution: Execution): void {
    const plan = this.documents.plan(execution);
    const failed = execution.steps.filter(({ status }) => status === "Failed");
    // A function can't be stopped: when it fails instead of ending, so does the execution that was being stopped.
    const stopped =
      execution.status === "Stopping" && !failed.some(({ name }) => plan.steps.get(name)?.step.Type === "Lambda");
    const status = stopped ? "Stopped" : failed.length > 0 ? "Failed" : "Succeeded";
    this.documents.change(execution.arn, (current) => ({
      ...current,
      status,
      ...(status === "Failed" ? { failureReason: "Step failure: One or multiple steps failed." } : {}),
    }));
    this.stops.delete(execution.arn);
  }

  private stopOf(arn: string): AbortController {
    const controller = this.stops.get(arn) ?? new AbortController();
    this.stops.set(arn, controller);
    return controller;
  }
}
