import type { Counterpart, NoCounterpart } from "./cloudformation";
import type { Context, Created } from "./context";
import type { Plain, Properties } from "./values";

/** A resource type: everything the provider knows of it. */
export interface Resource<Args extends object, Outputs extends object = object, Inputs extends object = Plain<Args>> {
  /** Where CloudFormation, whose schemas say which changes make a new resource, has the type and its inputs. */
  cloudFormation: Counterpart<keyof Args & string> | NoCounterpart;
  /** The inputs. Any other is refused by name. */
  inputs: readonly (keyof Args & string)[];
  /** The input that gets the resource's name and random characters when the program gives none, and what ends it. */
  autoName?: { property: keyof Args & string; maxLength: number; suffix?: (inputs: Inputs) => string };
  defaults?: Partial<Inputs>;
  /** JSON documents: an object is written as text, and text must be JSON. */
  json?: readonly (keyof Args & string)[];
  /** What the service wants although its model does not say so. */
  required?: readonly (keyof Args & string)[];
  /**
   * Members of the blocks that handlers take apart: any other is refused by name. Key: the block's path, through lists
   * as if they were not there. Blocks that are handed on whole are held to AWS's model.
   */
  blocks?: Readonly<Record<string, readonly string[]>>;
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
  /**
   * Looks for a resource as these inputs make it, whose creation was cut off before anybody learned its id. Absent where
   * the id follows from the inputs, or where creating it once more makes the same.
   *
   * @param taken ids of the resources that are known; those of others may look the same
   * @returns what `create` returns; undefined when there is none
   */
  find?(c: Context, inputs: Inputs, taken: ReadonlySet<string>): Promise<(Created & Outputs) | undefined>;
  /** Changes the resource. Absent where every change makes a new one. @returns outputs that changed */
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
