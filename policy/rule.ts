/** A resource as a program declares it, inputs resolved. */
export interface Declared {
  /** Pulumi's token: `aws:s3/bucket:Bucket`. */
  type: string;
  urn: string;
  /** The resource's name in the program. */
  name: string;
  /** Its stack, as the URN has it. */
  stack: string;
  props: Readonly<Record<string, unknown>>;
  /** Whether Pulumi refuses to delete it. */
  protect: boolean;
}

/** `mandatory` blocks a preview and an update; `advisory` only tells. */
export type Level = "mandatory" | "advisory";

interface RuleBase {
  /** Unique in the pack: letters, digits and dashes. */
  name: string;
  description: string;
  level: Level;
}

/** What one resource must meet. `check` returns what is wrong with it, each with what to do. */
export interface ResourceRule extends RuleBase {
  check(resource: Declared): string[];
}

/** What a stack's resources must meet together. */
export interface StackRule extends RuleBase {
  checkStack(resources: readonly Declared[]): { urn: string; problem: string }[];
}

/** A rule about resources of one type, by its token. */
export function about(
  type: string,
  rule: RuleBase,
  check: (props: Declared["props"], resource: Declared) => string[],
): ResourceRule {
  return { ...rule, check: (resource) => (resource.type === type ? check(resource.props, resource) : []) };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One thing or several, as AWS's documents have them. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

/** A member at the end of a path; undefined where the path ends before. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}
