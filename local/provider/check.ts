import type { Context, Refusal } from "./context";
import { jsonObject } from "./checks";
import { autoName, nameOf, typeOf } from "./naming";
import type { AnyResource } from "./resource";
import { hasUnknown, isObject, pick, settle, UNKNOWN, type Properties } from "./values";

/** Something wrong with a resource's inputs. */
export interface Failure {
  /** The input, or empty for the resource as a whole. */
  property: string;
  reason: string;
}

export interface Checked {
  inputs: Properties;
  failures: Failure[];
}

/** Inputs that the provider itself filled in, so that they may change when the program changes. */
export const FILLED = "__defaults";

/** Inputs that every type has. */
export const COMMON = ["region", "tagsAll"];

/** The program's inputs completed with defaults, a name, and the provider's default tags. */
export function complete(
  definition: AnyResource,
  urn: string,
  news: Properties,
  olds: Properties,
  seed: Uint8Array,
  defaultTags: Record<string, string>,
): Properties {
  const inputs: Properties = { ...definition.defaults, ...news };
  for (const name of definition.json ?? []) if (isObject(inputs[name])) inputs[name] = JSON.stringify(inputs[name]);
  const naming = definition.autoName;
  if (naming && inputs[naming.property] === undefined) {
    const kept =
      Array.isArray(olds[FILLED]) && olds[FILLED].includes(naming.property) ? olds[naming.property] : undefined;
    const suffix = naming.suffix?.(inputs) ?? "";
    inputs[naming.property] = kept ?? autoName(nameOf(urn), naming.maxLength - suffix.length, seed) + suffix;
    inputs[FILLED] = [naming.property];
  }
  if (definition.inputs.includes("tags")) {
    const tags = { ...defaultTags, ...(isObject(inputs["tags"]) ? inputs["tags"] : {}) };
    if (Object.keys(tags).length > 0) inputs["tagsAll"] = tags;
  }
  return inputs;
}

/** All that is wrong with the inputs, as far as they are known. */
export async function check(
  definition: AnyResource,
  urn: string,
  context: Context,
  inputs: Properties,
): Promise<Failure[]> {
  const unsupported = unsupportedInputs(definition, urn, inputs);
  if (unsupported.length > 0) return unsupported;
  const own = [
    ...nameFailures(definition, inputs),
    ...documentFailures(definition, inputs),
    ...ruleFailures(definition, inputs),
  ];
  const tried = await tryOut(definition, urn, context, inputs);
  return [...own, ...tried, ...context.refusals.flatMap((refusal) => modelFailures(definition, refusal))];
}

function unsupportedInputs(definition: AnyResource, urn: string, inputs: Properties): Failure[] {
  const known = new Set([...definition.inputs, ...COMMON]);
  const names = Object.keys(inputs).filter((name) => !known.has(name) && !name.startsWith("__"));
  return names.map((property) => ({
    property,
    reason: `property ${property} of ${typeOf(urn)} is not supported by the local provider`,
  }));
}

function nameFailures({ autoName: naming }: AnyResource, inputs: Properties): Failure[] {
  const name = naming && inputs[naming.property];
  if (!naming || typeof name !== "string" || hasUnknown(name) || name.length <= naming.maxLength) return [];
  return [
    { property: naming.property, reason: `is ${name.length} characters long, the maximum is ${naming.maxLength}` },
  ];
}

function documentFailures({ json, checks }: AnyResource, inputs: Properties): Failure[] {
  return (json ?? []).flatMap((property) => {
    const text = inputs[property];
    // An input's own check says more than that it is no JSON.
    if (typeof text !== "string" || hasUnknown(text) || checks?.[property]) return [];
    const reason = jsonObject(text);
    return reason ? [{ property, reason }] : [];
  });
}

function ruleFailures({ checks }: AnyResource, inputs: Properties): Failure[] {
  return Object.entries(checks ?? {}).flatMap(([property, rule]) => {
    const value = inputs[property];
    if (value === undefined || value === null || hasUnknown(value)) return [];
    const reason = rule?.(value, inputs);
    return reason ? [{ property, reason }] : [];
  });
}

/**
 * Runs the handlers without sending anything. What can't be deleted must not be created, so deletion is tried too.
 * While inputs are unknown a handler may lack what it reads: then its failure says nothing about the inputs.
 */
async function tryOut(definition: AnyResource, urn: string, context: Context, inputs: Properties): Promise<Failure[]> {
  const plain = pick(inputs, (name) => !name.startsWith("__"));
  try {
    const created = await definition.create(context, plain);
    await definition.delete(context, UNKNOWN, { ...plain, ...created });
    return [];
  } catch (error) {
    if (hasUnknown(inputs)) return [];
    return [{ property: "", reason: `${typeOf(urn)}: ${error instanceof Error ? error.message : String(error)}` }];
  }
}

function modelFailures(definition: AnyResource, { operation, violations }: Refusal): Failure[] {
  const { inputs } = definition;
  return violations.map(({ path, reason }) => {
    const top = (path.split(/[.[]/, 1)[0] ?? "").toLowerCase();
    return {
      property: inputs.find((name) => name.toLowerCase() === top) ?? "",
      reason: `${operation}: ${path} ${reason}`,
    };
  });
}

/** Inputs as handlers take them: without what the provider keeps for itself, and with the default tags among the tags. */
export function forHandler(inputs: Properties): Properties {
  const plain = pick(inputs, (name) => !name.startsWith("__") && name !== "tagsAll");
  return isObject(inputs["tagsAll"]) ? { ...plain, tags: inputs["tagsAll"] } : plain;
}

/** What the engine records of a resource: its inputs, and what the service made of them. */
export function outputsOf(context: Context, inputs: Properties, computed: Properties): Properties {
  return settle({ ...inputs, region: context.region, ...computed }) as Properties;
}
