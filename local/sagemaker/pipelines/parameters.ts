import { invalid } from "../errors";
import type { OutputParameter, Parameter } from "./definition";
import type { Json } from "./expressions";

/**
 * The values of a pipeline's parameters: those given, else their defaults.
 *
 * @throws AwsError ValidationException with every parameter that is unknown, missing or of the wrong type
 */
export function bindParameters(
  declared: readonly Parameter[],
  given: readonly { Name: string; Value: string }[],
): Record<string, Json> {
  const problems: string[] = [];
  const values: Record<string, Json> = {};
  const byName = new Map(given.map(({ Name, Value }) => [Name, Value]));
  for (const name of byName.keys()) {
    if (!declared.some(({ Name }) => Name === name))
      problems.push(`Parameter [${name}] is not declared by the pipeline`);
  }
  for (const { Name, Type, DefaultValue, EnumValues } of declared) {
    const raw = byName.get(Name) ?? DefaultValue;
    if (raw === undefined) {
      problems.push(`Parameter [${Name}] has no default and must be given`);
      continue;
    }
    const value = coerce(raw, Type);
    if (value === undefined) problems.push(`Parameter [${Name}] = ${JSON.stringify(raw)} is not of type ${Type}`);
    else if (EnumValues && !EnumValues.some((allowed) => allowed === value)) {
      problems.push(`Parameter [${Name}] = ${JSON.stringify(raw)} is not one of ${EnumValues.join(", ")}`);
    } else values[Name] = value;
  }
  if (problems.length > 0) throw invalid(`${problems.join("; ")}.`);
  return values;
}

/**
 * The outputs that a Lambda or Callback step declares, out of what it was given.
 *
 * @throws Error that names every output that is missing or of the wrong type
 */
export function bindOutputs(
  declared: readonly OutputParameter[],
  given: Readonly<Record<string, unknown>>,
): Record<string, Json> {
  const problems: string[] = [];
  const values: Record<string, Json> = {};
  for (const { OutputName, OutputType } of declared) {
    const raw = given[OutputName];
    const value = raw === undefined ? undefined : coerce(raw, OutputType);
    if (raw === undefined) problems.push(`the output ${OutputName} is missing`);
    else if (value === undefined)
      problems.push(`the output ${OutputName} = ${JSON.stringify(raw)} is not of type ${OutputType}`);
    else values[OutputName] = value;
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
  return values;
}

/** @returns undefined when the value is not of the type */
function coerce(value: unknown, type: Parameter["Type"]): Json | undefined {
  switch (type) {
    case "String":
      return typeof value === "string" ? value : undefined;
    case "Integer":
      return number(value, Number.isSafeInteger);
    case "Float":
      return number(value, Number.isFinite);
    case "Boolean":
      if (typeof value === "boolean") return value;
      return /^true$/i.test(String(value)) ? true : /^false$/i.test(String(value)) ? false : undefined;
  }
}

function number(value: unknown, fits: (value: number) => boolean): number | undefined {
  if (typeof value !== "number" && (typeof value !== "string" || value.trim() === "")) return undefined;
  return fits(Number(value)) ? Number(value) : undefined;
}
