import { loadModel, operationOf, shapeOf, type ServiceModel } from "./model";
import { isObject, type Violation } from "./validate";

/** An operation's input made of a resource's properties. */
export interface Mapped {
  input: Record<string, unknown>;
  /** Nested properties that the operation has no member for. */
  violations: Violation[];
}

/**
 * Makes an operation's input of Pulumi's properties, guided by the shape: `maxSessionDuration` finds
 * `MaxSessionDuration` whatever the letter case, single blocks become lists where the service has lists, numbers and
 * strings are converted, and the keys of maps are left alone.
 *
 * Properties at the top that the operation does not have are passed over, since several operations share a
 * resource's properties; below the top every key must be matched.
 */
export function toInput(service: string, operation: string, properties: Record<string, unknown>): Mapped {
  const model = loadModel(service);
  const shape = operationOf(model, operation).input;
  const violations: Violation[] = [];
  const input = shape ? structure(model, shape, properties, "", violations) : {};
  return { input, violations };
}

/** Whether two names differ in letter case alone. */
export function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function structure(
  model: ServiceModel,
  name: string,
  properties: Record<string, unknown>,
  path: string,
  violations: Violation[],
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const members = Object.entries(shapeOf(model, name).members ?? {});
  for (const [key, property] of Object.entries(properties)) {
    if (property === undefined || property === null) continue;
    const at = path ? `${path}.${key}` : key;
    const member = members.find(([candidate]) => sameName(candidate, key));
    if (member) input[member[0]] = convert(model, member[1], property, at, violations);
    else if (path)
      violations.push({
        rule: "unknown",
        path: at,
        reason: "this property is not supported",
        constraint: "Member must be known",
      });
  }
  return input;
}

function convert(model: ServiceModel, name: string, value: unknown, path: string, violations: Violation[]): unknown {
  const shape = shapeOf(model, name);
  switch (shape.type) {
    case "structure":
      return isObject(value) && !shape.document ? structure(model, name, value, path, violations) : value;
    case "list":
      return convertList(model, shape.member ?? "", value, path, violations);
    case "integer":
    case "long":
    case "float":
    case "double":
      return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
    case "string":
      return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
    case "timestamp":
      return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? new Date(value) : value;
    case "map":
    case "boolean":
    case "blob":
      return value;
  }
}

/** Pulumi flattens a block of which there can be only one: where the service has a list, it becomes one again. */
function convertList(
  model: ServiceModel,
  member: string,
  value: unknown,
  path: string,
  violations: Violation[],
): unknown[] {
  const elements: unknown[] = Array.isArray(value) ? value : [value];
  return elements.map((element, index) =>
    convert(model, member, element, Array.isArray(value) ? `${path}[${index}]` : path, violations),
  );
}
