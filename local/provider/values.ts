import type * as pulumi from "@pulumi/pulumi";

/** Properties of a resource as they arrive over the wire. */
export type Properties = Record<string, unknown>;

/** What the engine sends for a value that is not known before the resource it comes from exists. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** A file, or text, that a program hands to a resource. */
export interface AssetValue {
  hash?: string;
  text?: string;
  path?: string;
}

/** A folder, an archive file, or a set of assets. */
export interface ArchiveValue {
  hash?: string;
  path?: string;
  assets?: Record<string, AssetValue | ArchiveValue>;
}

/**
 * A resource's arguments as the provider sees them: outputs and promises resolved, resources replaced by their ids,
 * policy documents by their JSON. Values that are not known yet are the string {@link UNKNOWN}, whatever their type.
 */
export type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends pulumi.Resource | PolicyObject
    ? never
    : T extends Promise<infer Resolved> | pulumi.OutputInstance<infer Resolved>
      ? Plain<Resolved>
      : T extends (infer Element)[]
        ? Plain<Element>[]
        : T extends object
          ? // The class of archives is the one type of argument without a member of its own.
            [keyof T] extends [never]
            ? ArchiveValue
            : { [Key in keyof T]: Plain<T[Key]> }
          : never;

interface PolicyObject {
  Version: unknown;
  Statement: unknown;
}

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isArchive(value: unknown): value is ArchiveValue {
  return isObject(value) && value[SIGNATURE] === ARCHIVE;
}

/** An asset or an archive. */
export function isBlob(value: unknown): value is AssetValue | ArchiveValue {
  return isArchive(value) || (isObject(value) && value[SIGNATURE] === ASSET);
}

/** Whether the value is, or has anywhere within it, something that is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "string") return value.includes(UNKNOWN);
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** Drops what is undefined, and makes any text with an unknown part unknown as a whole. */
export function settle(value: unknown): unknown {
  if (typeof value === "string") return value.includes(UNKNOWN) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(settle);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, settle(inner)]));
}

/** The entries of a record whose key passes. */
export function pick(properties: Properties, keep: (key: string) => boolean): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => keep(key)));
}

/** A record without some of its entries. */
export function omit<T extends object, Key extends keyof T>(record: T, ...names: Key[]): Omit<T, Key> {
  const left = new Set<PropertyKey>(names);
  return Object.fromEntries(Object.entries(record).filter(([name]) => !left.has(name))) as Omit<T, Key>;
}

/** Whether any of the named properties differs between two sets. */
export function changed<T extends object>(now: T, before: T, ...keys: (keyof T)[]): boolean {
  return keys.some((key) => JSON.stringify(now[key]) !== JSON.stringify(before[key]));
}
