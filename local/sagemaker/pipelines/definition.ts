import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import { invalid } from "../errors";
import { CacheConfig, expirySeconds } from "./cache-config";
import { isRecord, referencesIn, type Json, type Reference } from "./expressions";
import { RetryPolicies, wrongPolicies } from "./retry";

const STEP_TYPES = {
  Processing: null,
  Training: null,
  Transform: null,
  Condition: null,
  Lambda: null,
  Callback: null,
  Fail: null,
  Model: null,
  RegisterModel: null,
};

const JsonObject = new t.Type<{ [name: string]: Json }>(
  "JsonObject",
  isRecord,
  (input, context) => (isRecord(input) ? t.success(input) : t.failure(input, context)),
  t.identity,
);

/** Text, or the expression that gives it. */
const TextOrExpression = t.union([t.string, JsonObject]);

const Parameter = t.intersection([
  t.type({ Name: t.string, Type: t.keyof({ String: null, Integer: null, Float: null, Boolean: null }) }),
  t.partial({
    DefaultValue: t.union([t.string, t.number, t.boolean]),
    EnumValues: t.array(t.union([t.string, t.number])),
  }),
]);
export type Parameter = t.TypeOf<typeof Parameter>;

const PropertyFile = t.type({ PropertyFileName: t.string, OutputName: t.string, FilePath: t.string });
const OutputParameter = t.type({
  OutputName: t.string,
  OutputType: t.keyof({ String: null, Integer: null, Float: null, Boolean: null }),
});
export type OutputParameter = t.TypeOf<typeof OutputParameter>;

const Step = t.intersection([
  t.type({ Name: t.string, Type: t.keyof(STEP_TYPES) }),
  t.partial({
    Arguments: JsonObject,
    DependsOn: t.array(t.string),
    DisplayName: t.string,
    Description: t.string,
    PropertyFiles: t.array(PropertyFile),
    OutputParameters: t.array(OutputParameter),
    FunctionArn: TextOrExpression,
    SqsQueueUrl: TextOrExpression,
    RetryPolicies: RetryPolicies,
    CacheConfig: CacheConfig,
  }),
]);
export type Step = t.TypeOf<typeof Step>;
export type StepType = keyof typeof STEP_TYPES;

const Definition = t.intersection([
  t.type({ Version: t.literal("2020-12-01"), Steps: t.array(t.unknown) }),
  t.partial({ Parameters: t.array(Parameter) }),
]);

/** The branch of a condition that a step stands in. */
export interface Guard {
  condition: string;
  branch: "True" | "False";
}

/** A step with what must be before it. */
export interface PlannedStep {
  step: Step;
  /** Names of the steps that it waits for. */
  dependencies: string[];
  /** The branches that it stands in, from the outermost. */
  guards: Guard[];
}

/** A pipeline definition, its nested steps laid out flat. */
export interface PipelinePlan {
  parameters: Parameter[];
  steps: Map<string, PlannedStep>;
}

/**
 * Reads a pipeline definition.
 *
 * @throws AwsError ValidationException with everything that is wrong with it
 */
export function parseDefinition(text: string): PipelinePlan {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(`The pipeline definition is not JSON: ${(error as Error).message}`);
  }
  const decoded = Definition.decode(json);
  if (isLeft(decoded)) throw invalid(`The pipeline definition is wrong: ${describe(decoded.left, "").join("; ")}`);
  const problems: string[] = [];
  const steps = new Map<string, PlannedStep>();
  flatten(decoded.right.Steps, [], steps, problems);
  const parameters = decoded.right.Parameters ?? [];
  problems.push(...wrongReferences(steps, parameters), ...cycles(steps));
  if (problems.length > 0) throw invalid(`The pipeline definition is wrong: ${problems.join("; ")}`);
  return { parameters, steps };
}

function flatten(steps: unknown[], guards: Guard[], into: Map<string, PlannedStep>, problems: string[]): void {
  steps.forEach((json, index) => {
    const name = isRecord(json) && typeof json["Name"] === "string" ? json["Name"] : `number ${index + 1}`;
    const decoded = Step.decode(json);
    if (isLeft(decoded)) {
      problems.push(...describe(decoded.left, `step ${name}: `));
      return;
    }
    const step = decoded.right;
    problems.push(...wrongSettings(step).map((problem) => `step ${step.Name}: ${problem}`));
    if (into.has(step.Name)) problems.push(`the step name ${step.Name} is used more than once`);
    const own = step.Type === "Condition" ? { Conditions: step.Arguments?.["Conditions"] ?? null } : step.Arguments;
    try {
      const references = referencesIn([own ?? {}, step.FunctionArn ?? "", step.SqsQueueUrl ?? ""]);
      const referred = references.flatMap((reference) => (reference.kind === "step" ? [reference.step] : []));
      const dependencies = [...new Set([...(step.DependsOn ?? []), ...referred])];
      into.set(step.Name, { step, dependencies, guards });
    } catch (error) {
      problems.push(`step ${step.Name}: ${(error as Error).message}`);
      return;
    }
    if (step.Type !== "Condition") return;
    for (const [member, branch] of [
      ["IfSteps", "True"],
      ["ElseSteps", "False"],
    ] as const) {
      const nested = step.Arguments?.[member] ?? [];
      if (!Array.isArray(nested)) problems.push(`step ${step.Name}: ${member} must be a list`);
      else flatten(nested, [...guards, { condition: step.Name, branch }], into, problems);
    }
  });
}

/** The steps that SageMaker retries by a policy. */
const RETRIED: readonly StepType[] = ["Processing", "Training", "Transform", "Model", "RegisterModel"];

function wrongSettings(step: Step): string[] {
  const problems = wrongPolicies(step.RetryPolicies ?? []);
  if (step.RetryPolicies && !RETRIED.includes(step.Type)) {
    problems.push(`RetryPolicies are for steps of type ${RETRIED.join(", ")}`);
  }
  const { Enabled, ExpireAfter } = step.CacheConfig ?? { Enabled: false };
  if (Enabled && ExpireAfter === undefined) problems.push("CacheConfig needs ExpireAfter to be enabled");
  if (ExpireAfter !== undefined && expirySeconds(ExpireAfter) === undefined) {
    problems.push(`CacheConfig.ExpireAfter = "${ExpireAfter}" is no ISO 8601 duration such as P30D, PT12H or 4dT12h`);
  }
  return problems;
}

function wrongReferences(steps: Map<string, PlannedStep>, parameters: readonly Parameter[]): string[] {
  const known = new Set(parameters.map(({ Name }) => Name));
  const problems: string[] = [];
  for (const [name, { step, dependencies }] of steps) {
    for (const dependency of dependencies) {
      if (!steps.has(dependency)) problems.push(`step ${name} refers to step ${dependency}, which does not exist`);
    }
    const own = step.Type === "Condition" ? (step.Arguments?.["Conditions"] ?? null) : (step.Arguments ?? null);
    for (const reference of referencesIn(own)) {
      if (reference.kind === "parameter" && !known.has(reference.name)) {
        problems.push(`step ${name} refers to parameter ${reference.name}, which does not exist`);
      }
      const missing = missingPropertyFile(reference, steps);
      if (missing) problems.push(`step ${name} refers to property file ${missing}, which does not exist`);
    }
  }
  return problems;
}

function missingPropertyFile(reference: Reference, steps: Map<string, PlannedStep>): string | undefined {
  if (reference.kind !== "step" || reference.path[0] !== "PropertyFiles") return undefined;
  const files = steps.get(reference.step)?.step.PropertyFiles ?? [];
  const name = String(reference.path[1] ?? "");
  return files.some(({ PropertyFileName }) => PropertyFileName === name) ? undefined : `${reference.step}.${name}`;
}

function cycles(steps: Map<string, PlannedStep>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const problems: string[] = [];
  const visit = (name: string): void => {
    const at = path.indexOf(name);
    if (at >= 0) problems.push(`steps wait for each other: ${[...path.slice(at), name].join(" → ")}`);
    const planned = steps.get(name);
    if (at >= 0 || done.has(name) || !planned) return;
    path.push(name);
    for (const next of [...planned.dependencies, ...planned.guards.map(({ condition }) => condition)]) visit(next);
    path.pop();
    done.add(name);
  };
  for (const name of steps.keys()) visit(name);
  return problems;
}

function describe(errors: t.Errors, prefix: string): string[] {
  const problems = errors.map(({ context, value }) => {
    const path = context
      .map(({ key }) => key)
      .filter((key) => key !== "" && !/^\d$/.test(key))
      .join(".");
    const shown = value === undefined ? "is missing" : `= ${JSON.stringify(value).slice(0, 80)} is wrong`;
    return `${prefix}${path || "the definition"} ${shown}`;
  });
  return [...new Set(problems)];
}
