import { sortKeys, type Json } from "./canonical-json";
import { Expression, type Parameter } from "./expressions";
import type { Argument, Step } from "./step";

export interface Pipeline {
  readonly parameters: readonly Parameter[];
  /** Steps of branches stand in their condition step, not here. Their order is of no matter to the run. */
  readonly steps: readonly Step[];
  /** SageMaker Experiments to record executions in. Default: none. */
  readonly experiment?: { readonly name: string | Expression<string>; readonly trial: string | Expression<string> };
}

/** What a pipeline cannot be compiled for: everything at once. */
export class PipelineError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The pipeline has ${problems.length === 1 ? "1 error" : `${problems.length} errors`}:\n${problems.map((line) => `- ${line}`).join("\n")}`,
    );
    this.name = "PipelineError";
  }
}

/**
 * The definition that SageMaker takes, its keys in order. Calls nothing; the same pipeline gives the same text.
 * @throws {PipelineError} for duplicate names, for steps and parameters that are used but not in the pipeline, for
 * cycles and for names that SageMaker does not take.
 */
export function compile(pipeline: Pipeline): Json {
  const placed = pipeline.steps.flatMap((step) => place(step, undefined));
  const problems = [
    ...nameProblems(
      "step",
      placed.map(({ step }) => step.name),
      /^[A-Za-z0-9_](?:-*[A-Za-z0-9_])*$/,
    ),
    ...nameProblems(
      "parameter",
      pipeline.parameters.map(({ name }) => name),
      /^[A-Za-z0-9_](?:-*[A-Za-z0-9_])*$/,
    ),
    ...referenceProblems(placed, pipeline.parameters),
    ...cycleProblems(placed),
  ];
  if (problems.length > 0) throw new PipelineError(problems);
  return sortKeys({
    Version: "2020-12-01",
    Metadata: {},
    Parameters: pipeline.parameters.map((parameter) => parameter.declaration()),
    PipelineExperimentConfig:
      pipeline.experiment === undefined
        ? null
        : lower({ ExperimentName: pipeline.experiment.name, TrialName: pipeline.experiment.trial }),
    Steps: pipeline.steps.map(stepRequest),
  });
}

/** A step and the condition step in whose branch it stands. */
interface Placed {
  readonly step: Step;
  readonly holder: Step | undefined;
}

function place(step: Step, holder: Step | undefined): Placed[] {
  const inside = Object.values(step.branches).flatMap((branch) => branch.flatMap((inner) => place(inner, step)));
  return [{ step, holder }, ...inside];
}

function stepRequest(step: Step): Json {
  const branches = Object.entries(step.branches).map(([key, steps]): [string, Json] => [key, steps.map(stepRequest)]);
  const { dependsOn, displayName, description } = step.options;
  return lowerRecord({
    Name: step.name,
    Type: step.type,
    Arguments: { ...step.arguments(), ...Object.fromEntries(branches) },
    DependsOn: dependsOn === undefined || dependsOn.length === 0 ? undefined : dependsOn.map(({ name }) => name),
    DisplayName: displayName,
    Description: description,
    ...step.settings(),
  });
}

function isList(value: Argument): value is readonly Argument[] {
  return Array.isArray(value);
}

/** An argument as JSON: expressions in the form that SageMaker takes, undefined members left out. */
function lower(value: Exclude<Argument, undefined>): Json {
  if (value instanceof Expression) return value.request();
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.filter((item) => item !== undefined).map(lower);
  return lowerRecord(value);
}

function lowerRecord(record: { readonly [key: string]: Argument }): Json {
  const entries = Object.entries(record).flatMap(([key, value]): [string, Json][] =>
    value === undefined ? [] : [[key, lower(value)]],
  );
  return Object.fromEntries(entries);
}

function expressionsIn(value: Argument): readonly Expression[] {
  if (value instanceof Expression) return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value as Readonly<Record<string, Argument>>).flatMap(expressionsIn);
}

function expressionsOf(step: Step): readonly Expression[] {
  return expressionsIn({ ...step.arguments(), ...step.settings() });
}

function needsOf({ step, holder }: Placed): readonly Step[] {
  const used = expressionsOf(step).flatMap((expression) => expression.steps);
  return [...new Set([...used, ...(step.options.dependsOn ?? []), ...(holder === undefined ? [] : [holder])])];
}

function nameProblems(kind: string, names: readonly string[], allowed: RegExp): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
  }
  return [
    ...[...repeated].map((name) => `more than one ${kind} is named ${JSON.stringify(name)}: give each its own name`),
    ...[...seen]
      .filter((name) => !allowed.test(name) || name.length > 256)
      .map(
        (name) =>
          `${kind} ${JSON.stringify(name)}: use at most 256 letters, digits, _ and hyphens (neither first nor last)`,
      ),
  ];
}

function referenceProblems(placed: readonly Placed[], parameters: readonly Parameter[]): string[] {
  const steps = new Set(placed.map(({ step }) => step));
  const declared = new Set(parameters);
  const problems = placed.flatMap((place) => {
    const missingSteps = needsOf(place).filter((needed) => !steps.has(needed));
    const missingParameters = expressionsOf(place.step)
      .flatMap((expression) => expression.parameters)
      .filter((parameter) => !declared.has(parameter));
    return [
      ...missingSteps.map(
        ({ name }) => `step ${place.step.name} uses step ${name}, which is not in the pipeline: add it`,
      ),
      ...missingParameters.map(
        ({ name }) => `step ${place.step.name} uses parameter ${name}, which is not declared: add it`,
      ),
    ];
  });
  return [...new Set(problems)];
}

/** Follows what each step needs; coming back to a step that is still being followed closes a circle. */
function cycleProblems(placed: readonly Placed[]): string[] {
  const needs = new Map(placed.map((place) => [place.step, needsOf(place)]));
  const done = new Set<Step>();
  const problems: string[] = [];
  const follow = (step: Step, path: readonly Step[]): void => {
    if (done.has(step)) return;
    const start = path.indexOf(step);
    if (start >= 0) {
      const circle = [...path.slice(start), step].map(({ name }) => name).join(" → ");
      problems.push(`steps wait for each other: ${circle}`);
      return;
    }
    for (const needed of needs.get(step) ?? []) follow(needed, [...path, step]);
    done.add(step);
  };
  for (const { step } of placed) follow(step, []);
  return problems;
}
