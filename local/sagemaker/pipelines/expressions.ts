/** Expressions of pipeline definitions: what stands in for a value until a pipeline runs. */

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What expressions are resolved against. */
export interface Scope {
  parameters: Readonly<Record<string, Json>>;
  /** Execution variables: `PipelineExecutionId`, `PipelineName`, … */
  execution: Readonly<Record<string, Json>>;
  /** The properties of a step that has run; undefined when it has not. */
  stepProperties(step: string): Json | undefined;
  /** The text of a property file of a step that has run. */
  readPropertyFile(step: string, file: string): Promise<string>;
  /** The text of an object in S3. */
  readUri(uri: string): Promise<string>;
}

/** Something that an expression refers to. */
export type Reference =
  | { kind: "parameter"; name: string }
  | { kind: "execution"; name: string }
  | { kind: "step"; step: string; path: (string | number)[] };

/** Splits `a.b['c'][0]` into its parts. */
export function parsePath(path: string): (string | number)[] {
  const parts: (string | number)[] = [];
  const pattern = /\.?([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/gy;
  let end = 0;
  for (let match = pattern.exec(path); match; match = pattern.exec(path)) {
    end = pattern.lastIndex;
    const [, name, index, single, double] = match;
    parts.push(index === undefined ? (name ?? single ?? double ?? "") : Number(index));
  }
  if (end !== path.length || parts.length === 0)
    throw new Error(`the path "${path}" can't be read at "${path.slice(end)}"`);
  return parts;
}

/** @throws Error when the text of a `Get` names nothing that can be referred to */
export function parseReference(get: string): Reference {
  const [root, name, ...path] = parsePath(get);
  if (typeof name === "string") {
    if (root === "Parameters" && path.length === 0) return { kind: "parameter", name };
    if (root === "Execution" && path.length === 0) return { kind: "execution", name };
    if (root === "Steps") return { kind: "step", step: name, path };
  }
  throw new Error(`"${get}" is no reference: Parameters.X, Execution.X or Steps.X.… is wanted`);
}

/** Everything that a value refers to, at any depth. */
export function referencesIn(value: unknown): Reference[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== "object" || value === null) return [];
  const get = getOf(value);
  return get === undefined ? Object.values(value).flatMap(referencesIn) : [parseReference(get)];
}

/**
 * Puts values in the place of all expressions.
 *
 * @throws Error that names the expression that has no value
 */
export async function resolve(value: Json, scope: Scope): Promise<Json> {
  if (Array.isArray(value)) return Promise.all(value.map((element) => resolve(element, scope)));
  if (typeof value !== "object" || value === null) return value;
  const get = getOf(value);
  if (get !== undefined) return lookUp(parseReference(get), get, scope);
  if (isOnly(value, "Std:Join")) return join(value["Std:Join"], scope);
  if (isOnly(value, "Std:JsonGet")) return jsonGet(value["Std:JsonGet"], scope);
  const entries = Object.entries(value).map(async ([name, member]) => [name, await resolve(member, scope)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Follows a path into a value. A list of named things (outputs, channels, metrics) is also entered by name.
 *
 * @returns undefined when there is nothing at the path
 */
export function follow(value: Json | undefined, path: readonly (string | number)[]): Json | undefined {
  let current = value;
  for (const part of path) {
    if (Array.isArray(current)) current = typeof part === "number" ? current[part] : named(current, part);
    else if (isRecord(current)) current = Object.hasOwn(current, part) ? current[part] : undefined;
    else return undefined;
  }
  return current;
}

function named(list: readonly Json[], name: string): Json | undefined {
  return list.find(
    (element) =>
      isRecord(element) && Object.entries(element).some(([key, value]) => key.endsWith("Name") && value === name),
  );
}

function lookUp(reference: Reference, text: string, scope: Scope): Json {
  const found = valueOf(reference, scope);
  if (found === undefined) throw new Error(`${text} has no value`);
  return found;
}

function valueOf(reference: Reference, scope: Scope): Json | undefined {
  switch (reference.kind) {
    case "parameter":
      return scope.parameters[reference.name];
    case "execution":
      return scope.execution[reference.name];
    case "step":
      return follow(scope.stepProperties(reference.step), reference.path);
  }
}

async function join(operands: Json | undefined, scope: Scope): Promise<string> {
  const { On: on = "", Values: values } = isRecord(operands) ? operands : {};
  if (typeof on !== "string" || !Array.isArray(values))
    throw new Error("Std:Join needs On (a string) and Values (a list)");
  const parts = await Promise.all(values.map((value) => resolve(value, scope)));
  return parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(on);
}

async function jsonGet(operands: Json | undefined, scope: Scope): Promise<Json> {
  const { PropertyFile: file, S3Uri: uri, Path: path } = isRecord(operands) ? operands : {};
  if (typeof path !== "string") throw new Error("Std:JsonGet needs a Path");
  const source = await jsonSource(file, uri, scope);
  let document: Json;
  try {
    document = JSON.parse(source.text) as Json;
  } catch (error) {
    throw new Error(`${source.name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const found = follow(document, parsePath(path.replace(/^\$\.?/, "")));
  if (found === undefined) throw new Error(`${source.name} has nothing at the path ${path}`);
  return found;
}

async function jsonSource(
  file: Json | undefined,
  uri: Json | undefined,
  scope: Scope,
): Promise<{ name: string; text: string }> {
  if (uri !== undefined) {
    const resolved = await resolve(uri, scope);
    if (typeof resolved !== "string") throw new Error("the S3Uri of Std:JsonGet is not a string");
    return { name: resolved, text: await scope.readUri(resolved) };
  }
  const get = isRecord(file) ? getOf(file) : undefined;
  const reference = get === undefined ? undefined : parseReference(get);
  const name = reference?.kind === "step" && reference.path[0] === "PropertyFiles" ? reference.path[1] : undefined;
  if (reference?.kind !== "step" || typeof name !== "string") {
    throw new Error('Std:JsonGet needs a PropertyFile ({"Get": "Steps.X.PropertyFiles.Y"}) or an S3Uri');
  }
  return {
    name: `property file ${name} of step ${reference.step}`,
    text: await scope.readPropertyFile(reference.step, name),
  };
}

export function isRecord(value: unknown): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOnly(value: { [name: string]: Json }, name: string): boolean {
  return Object.hasOwn(value, name) && Object.keys(value).length === 1;
}

function getOf(value: object): string | undefined {
  const get = Object.keys(value).length === 1 ? (value as { Get?: unknown }).Get : undefined;
  return typeof get === "string" ? get : undefined;
}
