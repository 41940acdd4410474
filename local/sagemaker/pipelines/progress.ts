import type { PipelineExecutionStep } from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import type { PipelinePlan } from "./definition";
import type { Json } from "./expressions";
import type { RetryException } from "./retry";

export type StepMetadata = NonNullable<Wire<PipelineExecutionStep>["Metadata"]>;

/** A step that was started, and what has become of it. */
export interface StepState {
  name: string;
  status: "Executing" | "Stopping" | "Stopped" | "Failed" | "Succeeded";
  started: number;
  ended?: number;
  failureReason?: string;
  metadata: StepMetadata;
  /** What expressions of later steps see. */
  properties: { [name: string]: Json };
  /** The attempt under way, or the last one; the first is 1. */
  attempt: number;
  /** When the next attempt starts, epoch seconds; set while the step waits for it. */
  retryAt?: number;
  /** Retries so far by what they were for. */
  retries?: Partial<Record<RetryException, number>>;
  /** What later runs have to share with this one to take its result. */
  cacheKey?: string;
  /** The execution that the result was taken from, when this one did not do the work. */
  reusedFrom?: { executionArn: string; by: "cache" | "selection" };
  /** A callback's arguments, and what its queue was told last. */
  callback?: { arguments: Json; told?: "Executing" | "Stopping" };
}

/** What can happen next in an execution. */
export interface Progress {
  /** Steps that can start now. */
  ready: string[];
  /** Nothing runs and nothing can start. */
  finished: boolean;
}

/**
 * Decides what comes next. A step starts when all it waits for has succeeded and every branch it stands in was taken;
 * a step in a branch that was not taken never runs, nor does one that waits for it. After a failure or a stop nothing
 * more starts.
 *
 * @param halted whether nothing more may start
 * @param maxParallel how many steps may run at the same time
 */
export function progress(
  plan: PipelinePlan,
  states: ReadonlyMap<string, StepState>,
  halted: boolean,
  maxParallel = Infinity,
): Progress {
  const verdicts = new Map<string, "ready" | "waits" | "never">();
  const verdict = (name: string): "ready" | "waits" | "never" => {
    const known = verdicts.get(name);
    if (known) return known;
    const decided = decide(name);
    verdicts.set(name, decided);
    return decided;
  };
  const decide = (name: string): "ready" | "waits" | "never" => {
    const planned = plan.steps.get(name);
    if (!planned) return "never";
    let waits = false;
    for (const { condition, branch } of planned.guards) {
      const state = states.get(condition);
      if (state?.status === "Succeeded") {
        if (state.properties["Outcome"] !== branch) return "never";
      } else if (!state && verdict(condition) === "never") return "never";
      else waits = true;
    }
    for (const dependency of planned.dependencies) {
      const state = states.get(dependency);
      if (state?.status === "Succeeded") continue;
      if (!state && verdict(dependency) === "never") return "never";
      waits = true;
    }
    return waits ? "waits" : "ready";
  };

  const unstarted = [...plan.steps.keys()].filter((name) => !states.has(name));
  const failed = [...states.values()].some(({ status }) => status === "Failed" || status === "Stopped");
  const running = [...states.values()].filter(({ status }) => status === "Executing" || status === "Stopping").length;
  const ready = halted || failed ? [] : unstarted.filter((name) => verdict(name) === "ready");
  return { ready: ready.slice(0, Math.max(0, maxParallel - running)), finished: ready.length === 0 && running === 0 };
}
