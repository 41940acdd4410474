import type { PipelineExecutionStep } from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import type { PipelinePlan } from "./definition";
import type { Json } from "./expressions";

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
 */
export function progress(plan: PipelinePlan, states: ReadonlyMap<string, StepState>, halted: boolean): Progress {
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
  const ready = halted || failed ? [] : unstarted.filter((name) => verdict(name) === "ready");
  const running = [...states.values()].some(({ status }) => status === "Executing" || status === "Stopping");
  return { ready, finished: ready.length === 0 && !running };
}
