import { loadModel, operationOf, shapeOf, type ServiceModel } from "./model";

/** Deeper members are left out: models may refer to themselves, and no caller looks further. */
const MAX_DEPTH = 5;

/**
 * A stand-in for an operation's answer, of the right shape: lists and maps are empty, enums have their first value,
 * numbers are 0, and every other string is whatever `leaf` gives for its path.
 *
 * @param leaf the string at a path such as `Role.RoleId`
 */
export function answer(service: string, operation: string, leaf: (path: string) => string): Record<string, unknown> {
  const model = loadModel(service);
  const shape = operationOf(model, operation).output;
  return shape ? (structure(model, shape, leaf, "", 0) ?? {}) : {};
}

function structure(
  model: ServiceModel,
  name: string,
  leaf: (path: string) => string,
  path: string,
  depth: number,
): Record<string, unknown> | undefined {
  if (depth >= MAX_DEPTH) return undefined;
  const members = Object.entries(shapeOf(model, name).members ?? {});
  return Object.fromEntries(
    members.map(([member, shape]) => [
      member,
      value(model, shape, leaf, path ? `${path}.${member}` : member, depth + 1),
    ]),
  );
}

function value(
  model: ServiceModel,
  name: string,
  leaf: (path: string) => string,
  path: string,
  depth: number,
): unknown {
  const shape = shapeOf(model, name);
  switch (shape.type) {
    case "structure":
      return structure(model, name, leaf, path, depth);
    case "list":
      return [];
    case "map":
      return {};
    case "string":
      return shape.enum?.[0] ?? leaf(path);
    case "integer":
    case "long":
    case "float":
    case "double":
      return 0;
    case "boolean":
      return false;
    case "timestamp":
    case "blob":
      return undefined;
  }
}
