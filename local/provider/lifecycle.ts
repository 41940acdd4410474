import { check, complete, COMMON, FILLED, forHandler, outputsOf, type Checked } from "./check";
import { CloudFormation, type Consequence } from "./cloudformation";
import { Context, type Created, type Mode } from "./context";
import { difference, topOf, type Change } from "./diff";
import { identityHash } from "./identity";
import { typeOf } from "./naming";
import { OVERRIDES } from "./overrides";
import type { AnyResource, ResourceTable } from "./resource";
import { hasUnknown, isObject, pick, settle, UNKNOWN, type Properties } from "./values";

/** What the provider runs with. */
export interface Settings {
  account: string;
  region: string;
  /** Nothing is sent anywhere: answers are made up, but stay the same. */
  planOnly: boolean;
  defaultTags: Record<string, string>;
}

export interface Difference {
  changes: Map<string, Change>;
  /** Inputs whose change makes a new resource. */
  replaces: string[];
  /** Inputs of which nothing says whether AWS changes them in place: they are planned as updates. */
  unknown: string[];
  deleteBeforeReplace: boolean;
}

export interface Existing {
  /** Undefined where the id is not known yet. */
  id: string | undefined;
  properties: Properties;
}

/** A resource whose creation was cut off. */
export interface Found {
  id: string;
  properties: Properties;
  /** Names of the inputs that it certainly has. The others are to be applied anew. */
  inputs: string[];
}

export interface Current {
  id: string;
  properties: Properties;
  inputs: Properties;
}

/** A creation failed half way: the resource exists. */
export class HalfMade extends Error {
  constructor(
    readonly existing: { id: string; properties: Properties; inputs: Properties },
    cause: unknown,
  ) {
    super(describeError(cause), { cause });
  }
}

/** The service's error code and message. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name && error.name !== "Error" ? `${error.name}: ${error.message}` : error.message;
}

/** What the engine asks of a provider, for every type in a table. */
export class Lifecycle {
  readonly cloudFormation: CloudFormation;

  constructor(
    private readonly types: ResourceTable,
    readonly settings: Settings,
  ) {
    this.cloudFormation = new CloudFormation(Object.values(types).map(({ cloudFormation }) => cloudFormation));
  }

  /** Completes and checks a resource's inputs. */
  async check(urn: string, news: Properties, olds: Properties, seed: Uint8Array): Promise<Checked> {
    const definition = this.definition(urn);
    // A plan is the same each time it is made; the engine's seed is not.
    const own = this.settings.planOnly ? Buffer.from(identityHash(urn, news), "hex") : seed;
    const inputs = complete(definition, urn, news, olds, own, this.settings.defaultTags);
    const context = this.context("check", urn, inputs);
    return { inputs, failures: await check(definition, urn, context, inputs) };
  }

  diff(urn: string, before: Properties, now: Properties): Difference {
    const definition = this.definition(urn);
    const compared = new Set([...definition.inputs, ...COMMON]);
    const changes = difference(
      pick(before, (name) => compared.has(name)),
      pick(now, (name) => compared.has(name)),
    );
    const tops = [...new Set([...changes.keys()].map(topOf))];
    // With its own tags changed, a resource's tags with the defaults have changed too: that is the same change.
    if (tops.includes("tags")) for (const path of changes.keys()) if (topOf(path) === "tagsAll") changes.delete(path);
    const consequences = new Map(tops.map((top) => [top, this.consequence(urn, top, now)]));
    const replacing = tops.filter((top) => consequences.get(top) === "replace");
    const named = definition.autoName !== undefined && !isFilled(now, definition.autoName.property);
    return {
      changes,
      replaces: replacing,
      unknown: tops.filter((top) => consequences.get(top) === "unknown"),
      deleteBeforeReplace: replacing.length > 0 && (named || !!definition.oneInPlace),
    };
  }

  /** What a change of one input does: what `@pulumi/aws` is known to do, else what CloudFormation's schemas say. */
  consequence(urn: string, input: string, now: Properties): Consequence {
    if (input === "region") return "replace";
    if (input === "tagsAll") return "update";
    const { consequence } = OVERRIDES[typeOf(urn)]?.[input] ?? {};
    if (consequence) return typeof consequence === "function" ? consequence(now) : consequence;
    return this.cloudFormation.consequence(this.definition(urn).cloudFormation, input);
  }

  /** @throws HalfMade when the resource exists although its creation failed */
  async create(urn: string, inputs: Properties, preview: boolean): Promise<Existing> {
    // Plans know what they make up: so does a preview of one.
    const context = this.context(preview && !this.settings.planOnly ? "check" : "live", urn, inputs);
    const created = await this.make(urn, context, inputs, preview);
    // Ids are given by AWS: until then nothing may be looked up by one.
    const id = context.mode === "check" ? UNKNOWN : settle(created.id);
    return { id: id === UNKNOWN ? undefined : String(id), properties: outputsOf(context, inputs, created) };
  }

  /** @returns undefined when the resource is gone */
  async read(urn: string, id: string, state: Properties, inputs: Properties): Promise<Current | undefined> {
    if (this.settings.planOnly) return { id, properties: state, inputs };
    const context = this.context("live", urn, state);
    const current = await unlessGone(() => this.definition(urn).read(context, id, forHandler(state)));
    if (!current) return undefined;
    const now: Properties = { ...current, ...this.tagsOf(current, inputs) };
    const found = pick(now, (name) => name in inputs && now[name] !== undefined);
    return { id, properties: outputsOf(context, state, { ...now, id }), inputs: { ...inputs, ...found } };
  }

  async update(urn: string, id: string, before: Properties, now: Properties, preview: boolean): Promise<Properties> {
    const definition = this.definition(urn);
    if (!definition.update) throw new Error(`${typeOf(urn)} can't be updated`);
    const context = this.context(preview ? "check" : "live", urn, now);
    const own = new Set([...definition.inputs, ...COMMON, FILLED]);
    const computed = pick(before, (name) => !own.has(name));
    const changes = preview ? {} : await definition.update(context, id, forHandler(now), forHandler(before));
    return outputsOf(context, now, { ...computed, ...changes });
  }

  async delete(urn: string, id: string, state: Properties): Promise<void> {
    if (this.settings.planOnly) return;
    await unlessGone(() => this.definition(urn).delete(this.context("live", urn, state), id, forHandler(state)));
  }

  /**
   * Looks for what a creation has left that nobody saw the end of.
   *
   * @param taken ids of the resources that are known
   * @returns undefined when it made nothing
   */
  async find(urn: string, inputs: Properties, taken: ReadonlySet<string>): Promise<Found | undefined> {
    const definition = this.definition(urn);
    const [context, handled] = [this.context("live", urn, inputs), forHandler(inputs)];
    const made = definition.find
      ? await unlessGone(async () => definition.find?.(context, handled, taken))
      : await definition.create(this.context("check", urn, inputs), handled);
    if (!made || hasUnknown(made.id)) return undefined;
    const known = pick(made, (name) => !hasUnknown(made[name]));
    const current = await this.read(urn, made.id, { ...inputs, ...known }, inputs);
    if (!current) return undefined;
    const certain = await this.certain(urn, context, made.id, inputs, known);
    const own = new Set([...definition.inputs, ...COMMON]);
    const computed = pick({ ...known, ...current.properties }, (name) => !own.has(name) && !name.startsWith("__"));
    return { id: made.id, properties: outputsOf(context, certain, computed), inputs: Object.keys(certain) };
  }

  context(mode: Mode, urn: string, inputs: Properties): Context {
    const { account, planOnly, region } = this.settings;
    const own = inputs["region"];
    return new Context({
      mode: planOnly && mode === "live" ? "plan" : mode,
      urn,
      region: typeof own === "string" && !hasUnknown(own) ? own : region,
      account,
      inputs,
    });
  }

  private async make(urn: string, context: Context, inputs: Properties, preview: boolean): Promise<Created> {
    const definition = this.definition(urn);
    try {
      return await definition.create(context, forHandler(inputs));
    } catch (error) {
      // What depends on unknown inputs can't be worked out in a preview: then nothing is known of the outputs.
      if (preview && hasUnknown(inputs)) return { id: UNKNOWN };
      if (preview || !context.partial) throw error;
      const { id } = context.partial;
      const certain = await this.certain(urn, context, id, inputs, context.partial);
      throw new HalfMade({ id, properties: outputsOf(context, certain, context.partial), inputs: certain }, error);
    }
  }

  /**
   * The inputs that something half made certainly has: those of its creation, and those that the service answers with.
   * The others are left out of the state, so that the next update applies them.
   */
  private async certain(
    urn: string,
    context: Context,
    id: string,
    inputs: Properties,
    known: Properties,
  ): Promise<Properties> {
    const state = forHandler({ ...inputs, ...known });
    const read = await this.definition(urn)
      .read(context, id, state)
      // It was half made for a reason, and reading may fail for the same one: then nothing more is certain.
      .catch(() => undefined);
    const current: Properties = { ...read, ...this.tagsOf(read ?? {}, inputs) };
    const kept = new Set<string>([FILLED, "forceDestroy"]);
    return pick(
      inputs,
      (name) =>
        kept.has(name) ||
        this.consequence(urn, name, inputs) === "replace" ||
        (current[name] !== undefined && difference(inputs[name], current[name]).size === 0),
    );
  }

  /**
   * A service has the program's tags and the provider's default tags together. Those are the defaults' that have a
   * default's value and that the program does not give.
   */
  private tagsOf(current: Properties, inputs: Properties): { tags?: unknown; tagsAll?: unknown } {
    const tagsAll = current["tags"];
    if (!isObject(tagsAll)) return {};
    const own = isObject(inputs["tags"]) ? inputs["tags"] : {};
    const tags = pick(tagsAll, (key) => key in own || tagsAll[key] !== this.settings.defaultTags[key]);
    return { tags: "tags" in inputs ? tags : undefined, tagsAll: "tagsAll" in inputs ? tagsAll : undefined };
  }

  private definition(urn: string): AnyResource {
    const found = this.types[typeOf(urn)];
    if (!found) throw new Error(`resource type ${typeOf(urn)} is not supported by the local provider`);
    return found;
  }
}

function isFilled(inputs: Properties, property: string): boolean {
  return Array.isArray(inputs[FILLED]) && inputs[FILLED].includes(property);
}

/** Runs a call; a not-found error of the service means that there is nothing. */
async function unlessGone<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (/NotFound|NoSuch|NonExistent|DoesNotExist/.test(error.name)) return true;
  const metadata = "$metadata" in error ? error.$metadata : undefined;
  if (isObject(metadata) && metadata["httpStatusCode"] === 404) return true;
  // SageMaker says ValidationException or ResourceNotFound according to the operation; the former tells by its message.
  return error.name === "ValidationException" && /does not exist|could not find|cannot find/i.test(error.message);
}
