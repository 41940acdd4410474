import { loadModel, operationOf, shapeOf, type ServiceModel, type Shape } from "./model";
import { wholeString } from "./pattern";

/** The rule that a value breaks. A value of the wrong `type` is not even read: services say so before anything else. */
export type Rule = "required" | "type" | "enum" | "pattern" | "length" | "range" | "union" | "unknown";

/** One way in which a request breaks AWS's model of it. */
export interface Violation {
  rule: Rule;
  /** Where: member names, `[0]` for list elements, `["key"]` for map entries; empty for the request itself. */
  path: string;
  /** What is wrong, with the value unless it is sensitive. */
  reason: string;
  /** The rule in the words of AWS's own `ValidationException`s. */
  constraint: string;
  /** The value as AWS would show it in such a message; undefined when absent or sensitive. */
  value?: string;
}

export interface ValidationOptions {
  /** Values to pass over, because they are not known yet. */
  isUnknown?: (value: unknown) => boolean;
}

/**
 * Checks a request against AWS's published model of the operation: required, type, enum, pattern, length, range and
 * members that the model does not have. Takes wire bodies (epoch seconds, base64) and SDK inputs (Date, Uint8Array).
 *
 * @param service botocore's name of the service
 * @returns every violation; empty when the request is well formed
 * @throws when the service or the operation does not exist
 */
export function validate(
  service: string,
  operation: string,
  input: unknown,
  options: ValidationOptions = {},
): Violation[] {
  const model = loadModel(service);
  const shape = operationOf(model, operation).input;
  const checker = new Checker(model, options.isUnknown ?? (() => false));
  if (shape) checker.check(shape, input ?? {}, "");
  else if (isObject(input)) checker.refuseMembers(Object.keys(input));
  return checker.violations;
}

/** All violations in the form of AWS's own `ValidationException` messages. */
export function validationMessage(violations: Violation[]): string {
  const found = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected: `;
  return found + violations.map(describe).join("; ");
}

function describe({ path, constraint, value }: Violation): string {
  const shown = value === undefined ? "Value" : `Value '${value}'`;
  return `${shown} at '${awsPath(path)}' failed to satisfy constraint: ${constraint}`;
}

/** `Tags[0].Key` as the services write it: `tags.1.member.key`. */
function awsPath(path: string): string {
  const dotted = path.replace(/\[(\d+)\]/g, (_, index: string) => `.${Number(index) + 1}.member`);
  return dotted.replace(/(^|\.)([A-Z])(?=[a-z])/g, (_, before: string, first: string) => before + first.toLowerCase());
}

/** Allowed values that a message lists at most. */
const MAX_SHOWN = 12;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

class Checker {
  readonly violations: Violation[] = [];

  constructor(
    private readonly model: ServiceModel,
    private readonly isUnknown: (value: unknown) => boolean,
  ) {}

  check(name: string, value: unknown, path: string): void {
    if (value === undefined || value === null || this.isUnknown(value)) return;
    const shape = shapeOf(this.model, name);
    switch (shape.type) {
      case "structure":
        return this.structure(shape, value, path);
      case "list":
        return this.list(shape, value, path);
      case "map":
        return this.map(shape, value, path);
      case "string":
        return this.string(shape, value, path);
      case "integer":
      case "long":
        return Number.isSafeInteger(value)
          ? this.size(shape, value as number, "value", value, path)
          : this.wrongType(shape, "a whole number", value, path);
      case "float":
      case "double":
        return typeof value === "number"
          ? this.size(shape, value, "value", value, path)
          : this.wrongType(shape, "a number", value, path);
      case "boolean":
        return typeof value === "boolean" ? undefined : this.wrongType(shape, "true or false", value, path);
      case "timestamp":
        return isTimestamp(value)
          ? undefined
          : this.wrongType(shape, "a timestamp (epoch seconds or ISO 8601)", value, path);
      case "blob":
        return this.blob(shape, value, path);
    }
  }

  refuseMembers(names: string[], path = ""): void {
    for (const name of names) {
      this.violations.push({
        rule: "unknown",
        path: join(path, name),
        reason: "is not a member of the request",
        constraint: "Member must be known",
      });
    }
  }

  private structure(shape: Shape, value: unknown, path: string): void {
    if (shape.document) return;
    if (!isObject(value)) return this.wrongType(shape, "an object", value, path);
    const members = shape.members ?? {};
    for (const name of shape.required ?? []) {
      if (value[name] === undefined || value[name] === null) {
        const constraint = "Member must not be null";
        this.violations.push({ rule: "required", path: join(path, name), reason: "is required", constraint });
      }
    }
    const set = Object.keys(value).filter((name) => value[name] !== undefined && value[name] !== null);
    if (shape.union && set.length !== 1) {
      const reason = `needs exactly one of ${Object.keys(members).join(", ")}, has ${set.join(", ") || "none"}`;
      this.violations.push({ rule: "union", path, reason, constraint: "Member must have exactly one member set" });
    }
    this.refuseMembers(
      set.filter((name) => !Object.hasOwn(members, name)),
      path,
    );
    // In the order of the model; most members of most shapes are not there, and need no path.
    for (const name of Object.keys(members)) {
      const member = value[name];
      if (member !== undefined && member !== null) this.check(members[name] ?? "", member, join(path, name));
    }
  }

  private list(shape: Shape, value: unknown, path: string): void {
    if (!Array.isArray(value)) return this.wrongType(shape, "a list", value, path);
    this.size(shape, value.length, "length", value, path);
    value.forEach((element: unknown, index) => this.check(shape.member ?? "", element, `${path}[${index}]`));
  }

  private map(shape: Shape, value: unknown, path: string): void {
    if (!isObject(value)) return this.wrongType(shape, "a map", value, path);
    this.size(shape, Object.keys(value).length, "length", value, path);
    for (const [key, element] of Object.entries(value)) {
      const at = `${path}[${JSON.stringify(key)}]`;
      this.check(shape.key ?? "", key, at);
      this.check(shape.value ?? "", element, at);
    }
  }

  private string(shape: Shape, value: unknown, path: string): void {
    if (typeof value !== "string") return this.wrongType(shape, "a string", value, path);
    if (shape.enum && !shape.enum.includes(value)) {
      const constraint = `Member must satisfy enum value set: [${shape.enum.join(", ")}]`;
      return this.add(
        "enum",
        shape,
        path,
        value,
        `${quoted(shape, value)} is not one of ${nearest(shape.enum, value)}`,
        constraint,
      );
    }
    // Characters are counted where they are limited: AWS counts those of Unicode.
    if (shape.min !== undefined || shape.max !== undefined) this.size(shape, [...value].length, "length", value, path);
    const pattern = shape.pattern === undefined ? undefined : wholeString(shape.pattern);
    if (pattern && !pattern.test(value)) {
      const constraint = `Member must satisfy regular expression pattern: ${shape.pattern}`;
      this.add("pattern", shape, path, value, `${quoted(shape, value)} does not match ${shape.pattern}`, constraint);
    }
  }

  private blob(shape: Shape, value: unknown, path: string): void {
    // A stream can't be measured before it is read: whoever sends one is not held to a length.
    if (isStream(value)) return;
    const length = byteLength(value);
    if (length === undefined) return this.wrongType(shape, "bytes or base64", value, path);
    this.size(shape, length, "length", undefined, path);
  }

  private size(shape: Shape, size: number, what: "value" | "length", value: unknown, path: string): void {
    const below = shape.min !== undefined && size < shape.min;
    const above = shape.max !== undefined && size > shape.max;
    if (!below && !above) return;
    const limit = below ? shape.min : shape.max;
    const reason = `${what} ${size} is ${below ? "below the minimum" : "above the maximum"} ${limit}`;
    this.add(
      what === "length" ? "length" : "range",
      shape,
      path,
      value,
      reason,
      `Member must have ${what} ${below ? "greater" : "less"} than or equal to ${limit}`,
    );
  }

  private wrongType(shape: Shape, wanted: string, value: unknown, path: string): void {
    this.add(
      "type",
      shape,
      path,
      value,
      `${wanted} is wanted, not ${quoted(shape, value)}`,
      `Member must be ${wanted}`,
    );
  }

  private add(rule: Rule, shape: Shape, path: string, value: unknown, reason: string, constraint: string): void {
    const shown = shape.sensitive || value === undefined ? {} : { value: plain(value) };
    this.violations.push({ rule, path, reason, constraint, ...shown });
  }
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? typeof value);
}

/** The value for a message: shortened, and hidden where the model calls it sensitive. */
function quoted(shape: Shape, value: unknown): string {
  if (shape.sensitive) return "the value";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

/** The allowed values; of a long list those that begin most like the value. */
function nearest(allowed: string[], value: string): string {
  if (allowed.length <= MAX_SHOWN) return allowed.join(", ");
  const alike = [...allowed].sort((a, b) => sharedPrefix(b, value) - sharedPrefix(a, value));
  return `${alike.slice(0, MAX_SHOWN).join(", ")} and ${allowed.length - MAX_SHOWN} more`;
}

function sharedPrefix(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

function isTimestamp(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value) && !Number.isNaN(Date.parse(value));
}

function isStream(value: unknown): boolean {
  return isObject(value) && (typeof value["pipe"] === "function" || typeof value["getReader"] === "function");
}

function byteLength(value: unknown): number | undefined {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0) return undefined;
  return Buffer.byteLength(value, "base64");
}
