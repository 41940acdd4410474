import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cachedJson, sitePackages } from "./installed";

/**
 * What CloudFormation's schema of a resource type says of its properties. Paths run through lists as if they were not
 * there: `Targets/SqsParameters`.
 */
export interface CloudFormationType {
  /** All properties, down to {@link MAX_DEPTH} levels. */
  properties: string[];
  /** Properties whose change makes a new resource. */
  createOnly: string[];
  /** Properties whose change makes a new resource under conditions that the schema does not tell. */
  conditionalCreateOnly: string[];
}

/** Raise when the derived form changes, so that older caches are not read. */
const CACHE_FORMAT = 1;
/** Properties are told apart down to here. */
const MAX_DEPTH = 3;

/**
 * CloudFormation's resource types of these names, derived from the schemas that cfn-lint carries.
 *
 * The schemas lie in `CFNLINT_SCHEMAS`, else in cfn-lint of the project's virtual environment; what is derived of them
 * is kept with the trimmed models. Where regions differ, what makes a new resource in any of them does so here.
 *
 * @throws when cfn-lint is not installed, or has no such type
 */
export function loadCloudFormation(types: readonly string[]): Record<string, CloudFormationType> {
  const directory = cloudFormationSchemas();
  const date = readFileSync(join(directory, "version.json"), "utf8");
  const key = createHash("sha256")
    .update(date)
    .update([...types].sort().join())
    .digest("hex");
  return cachedJson(`cloudformation-${CACHE_FORMAT}-${key.slice(0, 16)}`, () => derive(directory, types));
}

/** Directory of the schemas. @throws when there is none */
export function cloudFormationSchemas(): string {
  return sitePackages("CFNLINT_SCHEMAS", "cfn-lint", "cfnlint", "data", "schemas");
}

interface Node {
  $ref?: string;
  properties?: Record<string, Node>;
  items?: Node;
  oneOf?: Node[];
  anyOf?: Node[];
  allOf?: Node[];
}

interface Schema extends Node {
  definitions?: Record<string, Node>;
  createOnlyProperties?: string[];
  conditionalCreateOnlyProperties?: string[];
}

function derive(directory: string, types: readonly string[]): Record<string, CloudFormationType> {
  const files = schemaFiles(directory, types);
  return Object.fromEntries(
    types.map((type) => {
      const found = [...(files.get(type) ?? [])].map((path) => JSON.parse(readFileSync(path, "utf8")) as Schema);
      if (found.length === 0) throw new Error(`CloudFormation has no type ${type} (schemas in ${directory})`);
      return [type, merged(found)];
    }),
  );
}

/** The files of each type: regions have one and the same, or their own. */
function schemaFiles(directory: string, types: readonly string[]): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>(types.map((type) => [type, new Set()]));
  for (const name of readdirSync(join(directory, "providers")).filter((file) => file.endsWith(".json"))) {
    const region = JSON.parse(readFileSync(join(directory, "providers", name), "utf8")) as Record<string, string>;
    for (const [type, paths] of files) {
      const path = join(directory, "resources", `${region[type]}.json`);
      if (region[type] !== undefined && existsSync(path)) paths.add(path);
    }
  }
  return files;
}

function merged(schemas: Schema[]): CloudFormationType {
  const union = (pathsOf: (schema: Schema) => string[]) => [...new Set(schemas.flatMap(pathsOf))].sort();
  return {
    properties: union((schema) => propertyPaths(schema, schema, "", 0)),
    createOnly: union(({ createOnlyProperties }) => (createOnlyProperties ?? []).map(plainPath)),
    conditionalCreateOnly: union((schema) => (schema.conditionalCreateOnlyProperties ?? []).map(plainPath)),
  };
}

/** A pointer of the schema as a path, without its words for lists and objects. */
function plainPath(pointer: string): string {
  const parts = pointer.split("/").filter((part) => !["", "properties", "items", "*"].includes(part));
  return parts.join("/");
}

function propertyPaths(schema: Schema, node: Node, path: string, depth: number): string[] {
  if (depth >= MAX_DEPTH) return [];
  return Object.entries(membersOf(schema, node)).flatMap(([name, member]) => {
    const at = path ? `${path}/${name}` : name;
    return [at, ...propertyPaths(schema, member, at, depth + 1)];
  });
}

/** Members of an object, or of a list's elements, wherever the schema says them. */
function membersOf(schema: Schema, node: Node): Record<string, Node> {
  const referred = node.$ref?.startsWith("#/definitions/")
    ? schema.definitions?.[node.$ref.slice("#/definitions/".length)]
    : undefined;
  const inner = [referred, node.items, ...(node.oneOf ?? []), ...(node.anyOf ?? []), ...(node.allOf ?? [])];
  const others = inner.flatMap((one) => (one ? [membersOf(schema, one)] : []));
  return Object.assign({}, ...others, node.properties) as Record<string, Node>;
}
