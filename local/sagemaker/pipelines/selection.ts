import { invalid } from "../errors";
import type { PipelinePlan } from "./definition";
import { stateOf, type Execution } from "./execution";
import type { StepState } from "./progress";

/** The part of a plan that a selective execution knows: the selected steps, and all that they need. */
export function restricted(plan: PipelinePlan, selected: readonly string[]): PipelinePlan {
  const wanted = new Set<string>();
  const want = (name: string): void => {
    const planned = plan.steps.get(name);
    if (!planned || wanted.has(name)) return;
    wanted.add(name);
    for (const next of [...planned.dependencies, ...planned.guards.map(({ condition }) => condition)]) want(next);
  };
  for (const name of selected) want(name);
  return { ...plan, steps: new Map([...plan.steps].filter(([name]) => wanted.has(name))) };
}

/**
 * What the steps that are needed and not selected take from an earlier execution.
 *
 * @throws AwsError ValidationException with every step that is unknown or has no result there
 */
export function reused(plan: PipelinePlan, selected: readonly string[], source: Execution | undefined): StepState[] {
  const unknown = selected.filter((name) => !plan.steps.has(name));
  if (unknown.length > 0) throw invalid(`The pipeline has no step ${unknown.join(", ")}: SelectedSteps can't name it.`);
  const needed = [...restricted(plan, selected).steps.keys()].filter((name) => !selected.includes(name));
  const missing: string[] = [];
  const states = needed.flatMap((name) => {
    const state = source && stateOf(source, name);
    if (source && state?.status === "Succeeded") {
      return [{ ...state, reusedFrom: { executionArn: source.arn, by: "selection" as const } }];
    }
    missing.push(name);
    return [];
  });
  if (missing.length === 0) return states;
  throw invalid(
    source
      ? `The selected steps need ${missing.join(", ")}, which did not succeed in ${source.arn}.`
      : `The selected steps need ${missing.join(", ")}: SourcePipelineExecutionArn has to say whose results to take.`,
  );
}
