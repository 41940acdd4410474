import { suggest } from "../config/nearest";
import type { Algorithm, Range } from "./algorithms";

/** The value of a hyperparameter. */
export type Hyperparameter = string | number | boolean;
export type Hyperparameters = Readonly<Record<string, Hyperparameter>>;

/** Hyperparameters that are not what they should be: everything at once. */
export class HyperparameterError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "HyperparameterError";
  }
}

/** A value that overrides a default, and where it was given. */
interface Override {
  readonly name: string;
  readonly value: Hyperparameter;
  readonly source: string;
}

/**
 * Hyperparameters of a run: the defaults, overridden by the configuration, overridden by environment variables such
 * as XGBOOST_MAX_DEPTH. A name is valid if it has a default; a value must have the default's type and be in range.
 * @throws {HyperparameterError} that lists everything that is wrong.
 */
export function resolveHyperparameters(
  algorithm: Algorithm,
  defaults: Hyperparameters,
  configured: Hyperparameters,
  environment: Readonly<Record<string, string | undefined>>,
): Hyperparameters {
  const prefix = algorithm.environmentPrefix;
  const fromEnvironment = Object.entries(environment).flatMap(([variable, value]): Override[] => {
    if (!variable.startsWith(prefix) || value === undefined) return [];
    const name = variable.slice(prefix.length).toLowerCase();
    return [{ name, value: readAs(defaults[name], value), source: variable }];
  });
  const overrides: Override[] = [
    ...Object.entries(configured).map(([name, value]) => ({ name, value, source: `training.hyperparameters.${name}` })),
    ...fromEnvironment,
  ];
  const problems = overrides.flatMap((override) => overrideProblems(algorithm, defaults, override));
  if (problems.length > 0) throw new HyperparameterError(problems);
  const changed = overrides.map(({ name, value }): [string, Hyperparameter] => [name, value]);
  return { ...defaults, ...Object.fromEntries(changed) };
}

/** Environment variables are text; numbers and booleans are written as JSON writes them. */
function readAs(example: Hyperparameter | undefined, value: string): Hyperparameter {
  if (typeof example === "number" && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  if (typeof example === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}

function overrideProblems(
  algorithm: Algorithm,
  defaults: Hyperparameters,
  { name, value, source }: Override,
): string[] {
  const known = Object.keys(defaults);
  const standard = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
  const shown = `${source} = ${JSON.stringify(value)}`;
  if (standard === undefined) return [`${shown}: ${name} is not a hyperparameter: ${suggest(name, known)}`];
  if (typeof value !== typeof standard) {
    return [`${shown}: ${name} is not a ${typeof standard}: give one such as ${JSON.stringify(standard)}`];
  }
  const range = Object.hasOwn(algorithm.ranges, name) ? algorithm.ranges[name] : undefined;
  if (typeof value !== "number" || range === undefined || inRange(value, range)) return [];
  return [`${shown}: ${name} is out of range: give ${describe(range)}`];
}

function inRange(value: number, { whole, min, above, max }: Range): boolean {
  return (
    (whole !== true || Number.isInteger(value)) &&
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max)
  );
}

function describe({ whole, min, above, max }: Range): string {
  const bounds = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return [whole === true ? "a whole number" : "a number", bounds.join(" and ")].filter((part) => part !== "").join(" ");
}
