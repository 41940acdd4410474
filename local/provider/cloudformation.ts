import { loadCloudFormation, sameName, type CloudFormationType } from "../aws-models";

/** Where CloudFormation has a type of ours, and its inputs. */
export interface Counterpart<Input extends string = string> {
  /** CloudFormation's type, such as `AWS::SQS::Queue`. */
  type: string;
  /** The property of that type which a resource of ours is a part of: `Targets`. Absent: it is the whole. */
  part?: string;
  /** Inputs that say which part it is. With another value it is another part. */
  address?: readonly Input[];
  /**
   * Inputs whose property has another name (letter case apart), or lies elsewhere: path from the type's top, or
   * `AWS::Service::Type/Property` where CloudFormation has the property on a type of its own.
   */
  names?: { readonly [Name in Input]?: string };
  /** Inputs that steer the provider and are nothing of the resource at AWS. */
  own?: readonly Input[];
}

/** A type that CloudFormation does not have. */
export interface NoCounterpart {
  none: string;
}

/** What a changed input does to a resource. `unknown`: CloudFormation says nothing of the property; it is updated. */
export type Consequence = "replace" | "update" | "unknown";

/** CloudFormation's schemas of the types that a set of resource types corresponds to. */
export class CloudFormation {
  private loaded: Record<string, CloudFormationType> | undefined;

  constructor(private readonly counterparts: readonly (Counterpart | NoCounterpart)[]) {}

  /**
   * What the schemas say of a change of an input: a property that is create-only makes a new resource, also where it is
   * so under conditions only.
   */
  consequence(counterpart: Counterpart | NoCounterpart, input: string): Consequence {
    if ("none" in counterpart) return "unknown";
    if (counterpart.address?.includes(input)) return "replace";
    if (counterpart.own?.includes(input)) return "update";
    const found = this.propertyOf(counterpart, input);
    if (!found) return "unknown";
    const { createOnly, conditionalCreateOnly } = this.schema(found.type);
    const fixed = [...createOnly, ...conditionalCreateOnly];
    if (fixed.some((path) => path === found.path || found.path.startsWith(`${path}/`))) return "replace";
    // Some of what the input holds is create-only: which of it changed can't be told here.
    return fixed.some((path) => path.startsWith(`${found.path}/`)) ? "unknown" : "update";
  }

  /** The property that an input is in CloudFormation. Undefined when there is none. */
  propertyOf(counterpart: Counterpart, input: string): { type: string; path: string } | undefined {
    const { type, part, names } = counterpart;
    const named = names?.[input];
    if (named?.startsWith(FOREIGN)) return split(named);
    if (named) return { type, path: named };
    const sought = part ? `${part}/${input}` : input;
    const path = this.schema(type).properties.find((candidate) => sameName(candidate, sought));
    return path === undefined ? undefined : { type, path };
  }

  /** @throws when no counterpart refers to the type, or CloudFormation has none of that name */
  schema(type: string): CloudFormationType {
    this.loaded ??= loadCloudFormation([...new Set(this.counterparts.flatMap(typesOf))]);
    const found = this.loaded[type];
    if (!found) throw new Error(`no resource type refers to ${type}`);
    return found;
  }
}

/** How the path of a property on another type begins. */
const FOREIGN = "AWS::";

function split(path: string): { type: string; path: string } {
  const end = path.indexOf("/");
  return { type: path.slice(0, end), path: path.slice(end + 1) };
}

function typesOf(counterpart: Counterpart | NoCounterpart): string[] {
  if ("none" in counterpart) return [];
  const elsewhere = Object.values(counterpart.names ?? {}).filter((path) => path?.startsWith(FOREIGN));
  return [counterpart.type, ...elsewhere.map((path) => split(path ?? "").type)];
}
