import type { Context, Created } from "./context";
import type { Plain, Properties } from "./values";

/** A resource type: everything the provider knows of it. */
export interface Resource<Args extends object, Outputs extends object = object, Inputs extends object = Plain<Args>> {
  /** Inputs whose change makes a new resource in place of the old one. Other changes update it. */
  immutable: readonly (keyof Args & string)[];
  /** The other inputs. Any that is in neither list is refused by name. */
  mutable: readonly (keyof Args & string)[];
  /** Changes that replace or update according to their values, for the mutable inputs. */
  replaces?(property: string, now: Inputs, before: Inputs): boolean;
  /** The input that gets the resource's name and random characters when the program gives none, and what ends it. */
  autoName?: { property: keyof Args & string; maxLength: number; suffix?: (inputs: Inputs) => string };
  defaults?: Partial<Inputs>;
  /** JSON documents: an object is written as text, and text must be JSON. */
  json?: readonly (keyof Args & string)[];
  /** The service has one of these for its identifying inputs: the old one goes before its successor comes. */
  oneInPlace?: boolean;
  /** What AWS's models don't say, by input. Not asked while the input is unknown. Returns what is wrong. */
  checks?: { [Input in keyof Inputs]?: (value: NonNullable<Inputs[Input]>, all: Inputs) => string | undefined };
  /**
   * Makes the resource. Also runs when a request is only checked or planned, so all its effects go through `c.call`.
   *
   * @returns the id, and the outputs that are not inputs
   */
  create(c: Context, inputs: Inputs): Promise<Created & Outputs>;
  /**
   * Looks the resource up. Not optional: a resource that can't be looked up would stay in the state for ever.
   *
   * @returns what differs from, or is not in, the state: current inputs, and outputs; undefined (or a not-found
   *   error of the service) when there is no such resource
   */
  read(c: Context, id: string, state: Inputs & Partial<Outputs>): Promise<Properties | undefined>;
  /** Changes the resource. Absent: every change replaces it. @returns outputs that changed */
  update?(c: Context, id: string, inputs: Inputs, before: Inputs & Partial<Outputs>): Promise<Properties | void>;
  delete(c: Context, id: string, state: Inputs & Partial<Outputs>): Promise<unknown>;
}

/** A resource type whose arguments are not known to the compiler. */
export type AnyResource = Resource<Properties, object, Properties>;

/** Types by token. */
export type ResourceTable = Record<string, AnyResource>;

/** Declares a resource type whose inputs are those of the class in `@pulumi/aws`, so that a misspelt one won't compile. */
export function resource<Args extends object, Outputs extends object = object>(
  definition: Resource<Args, Outputs>,
): AnyResource {
  return definition as unknown as AnyResource;
}

/** Names of all inputs of a type. */
export function inputsOf(definition: AnyResource): string[] {
  return [...definition.immutable, ...definition.mutable];
}

/** Whether a changed input makes a new resource. */
export function replaces(definition: AnyResource, property: string, now: Properties, before: Properties): boolean {
  if (!definition.update || definition.immutable.includes(property)) return true;
  return definition.replaces?.(property, now, before) ?? false;
}
