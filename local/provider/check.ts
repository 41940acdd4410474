import type { Context, Refusal } from "./context";
import { arn, jsonObject, sameName } from "../aws-models";
import { autoName, nameOf, typeOf } from "./naming";
import type { AnyResource } from "./resource";
import { hasUnknown, isBlob, isObject, pick, settle, UNKNOWN, type Properties } from "./values";

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
  const absent = missing(definition, inputs);
  const own = [
    ...absent,
    ...tagFailures(inputs),
    ...blockFailures(definition, inputs),
    ...arnFailures(inputs),
    ...nameFailures(definition, inputs),
    ...documentFailures(definition, inputs),
    ...ruleFailures(definition, inputs),
  ];
  // Handlers rely on what is required.
  const tried = absent.length > 0 ? [] : await tryOut(definition, urn, context, inputs);
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

function missing({ required = [] }: AnyResource, inputs: Properties): Failure[] {
  return required
    .filter((property) => inputs[property] === undefined)
    .map((property) => ({ property, reason: "is required" }));
}

function tagFailures({ tags }: Properties): Failure[] {
  if (tags === undefined || (isObject(tags) && Object.values(tags).every((value) => typeof value === "string")))
    return [];
  return hasUnknown(tags) ? [] : [{ property: "tags", reason: `is ${JSON.stringify(tags)}, not a map of text` }];
}

function blockFailures({ blocks = {} }: AnyResource, inputs: Properties): Failure[] {
  return Object.entries(blocks).flatMap(([path, members]) => {
    const [property = "", ...rest] = path.split(".");
    const found = [rest.reduce<unknown[]>(within, elements(inputs[property]))].flat().filter(isObject);
    const names = [...new Set(found.flatMap((block) => Object.keys(block)))];
    return names
      .filter((name) => !members.includes(name) && !name.startsWith("__"))
      .map((name) => ({ property, reason: `${path}.${name} is not supported by the local provider` }));
  });
}

function elements(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

function within(blocks: unknown[], name: string): unknown[] {
  return blocks.filter(isObject).flatMap((block) => elements(block[name]));
}

/** Inputs that say by their name that they are ARNs. */
const ARN_NAME = /^(arn|.*Arns?|(alarm|ok|insufficientData)Actions|permissionsBoundary)$/;

function arnFailures(inputs: Properties): Failure[] {
  const look = (value: unknown, name: string, property: string): Failure[] => {
    if (Array.isArray(value)) return value.flatMap((one) => look(one, name, property));
    if (isObject(value) && !isBlob(value)) {
      return Object.entries(value).flatMap(([inner, one]) => look(one, inner, property));
    }
    if (typeof value !== "string" || hasUnknown(value) || !ARN_NAME.test(name)) return [];
    const reason = arn(value);
    return reason ? [{ property, reason: name === property ? reason : `${name} ${reason}` }] : [];
  };
  const given = Object.entries(inputs).filter(([name]) => !MAPS.has(name) && !name.startsWith("__"));
  return given.flatMap(([name, value]) => look(value, name, name));
}

/** Inputs whose members' names are the program's. */
const MAPS = new Set(["tags", "tagsAll", "environment", "variables", "triggers"]);

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
  return violations.map(({ path, reason }) => ({
    property: inputAt(definition, path),
    reason: `${operation}: ${path} ${reason}`,
  }));
}

/**
 * The input that a member of a request comes from: of its own name, or whose property in CloudFormation, which calls
 * things as the services do, is of that name. Empty where none is.
 */
function inputAt({ inputs, cloudFormation }: AnyResource, path: string): string {
  const names = "none" in cloudFormation ? {} : (cloudFormation.names ?? {});
  const members = path.split(/[.[]/).filter((part) => !/^\d+\]$/.test(part));
  const isIt = (member: string) => (input: string) =>
    sameName(input, member) || sameName(input, `${member}s`) || sameName(names[input]?.split("/").at(-1) ?? "", member);
  for (const member of members) {
    const found = inputs.find(isIt(member));
    if (found) return found;
  }
  return "";
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
