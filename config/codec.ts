import { either } from "fp-ts";
import * as t from "io-ts";
import { suggest } from "./nearest";

/** One thing that is wrong with a value: where (`preprocess.trainRatio`), what it is, why, and what to do. */
export interface ConfigError {
  readonly path: string;
  readonly value: unknown;
  readonly problem: string;
  readonly remedy: string;
}

/** io-ts's error with a remedy. All codecs of this folder fail with it. */
interface Problem extends t.ValidationError {
  readonly remedy: string;
}

function problem(value: unknown, context: t.Context, message: string, remedy: string): Problem {
  return { value, context, message: value === undefined ? "is missing" : message, remedy };
}

/** What a rule over several fields found. `path` is relative to the struct. */
export interface Violation {
  readonly path: string;
  readonly value: unknown;
  readonly problem: string;
  readonly remedy: string;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function validateWith<A>(codec: t.Decoder<unknown, A>, value: unknown, context: t.Context): t.Validation<A> {
  return codec.validate(value, context);
}

/**
 * A codec of one plain value.
 * @param remedy what to write instead; completes the sentence "x is wrong: …".
 */
export function leaf<A>(name: string, is: (value: unknown) => value is A, message: string, remedy: string): t.Type<A> {
  return new t.Type(
    name,
    is,
    (value, context) => (is(value) ? t.success(value) : t.failures([problem(value, context, message, remedy)])),
    t.identity,
  );
}

/** A string that matches a pattern as a whole. */
export function text(name: string, pattern: RegExp, remedy: string): t.Type<string> {
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags);
  return leaf(
    name,
    (value): value is string => typeof value === "string" && whole.test(value),
    `is not ${name}`,
    remedy,
  );
}

/** A finite number from min to max, both included. */
export function number(min: number, max: number): t.Type<number> {
  return leaf(
    "number",
    (value): value is number => typeof value === "number" && value >= min && value <= max,
    `is not a number from ${min} to ${max}`,
    `give a number (without quotes) from ${min} to ${max}`,
  );
}

/** A whole number from min to max, both included. */
export function integer(min: number, max: number): t.Type<number> {
  return leaf(
    "integer",
    (value): value is number => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    `is not a whole number from ${min} to ${max}`,
    `give a whole number (without quotes) from ${min} to ${max}`,
  );
}

/** true or false. */
export const flag: t.Type<boolean> = leaf(
  "boolean",
  (value): value is boolean => typeof value === "boolean",
  "is not true or false",
  "write true or false, without quotes",
);

/** One of the given words. */
export function oneOf<const V extends readonly [string, ...string[]]>(...values: V): t.Type<V[number]> {
  const list = values.map((value) => JSON.stringify(value)).join(", ");
  const is = (value: unknown): value is V[number] => typeof value === "string" && values.includes(value);
  return new t.Type(
    values.join(" | "),
    is,
    (value, context) => {
      if (is(value)) return t.success(value);
      const remedy = typeof value === "string" ? suggest(value, values) : `give one of ${list}`;
      return t.failures([problem(value, context, `is not one of ${list}`, remedy)]);
    },
    t.identity,
  );
}

/** One of the given numbers. */
export function oneOfNumbers(values: readonly number[], unit: string): t.Type<number> {
  return leaf(
    unit,
    (value): value is number => typeof value === "number" && values.includes(value),
    `is not a number of ${unit} that AWS takes`,
    `give one of ${values.join(", ")}`,
  );
}

/** A list; each element is checked. */
export function list<A>(item: t.Type<A>, min: number): t.Type<readonly A[]> {
  const elements = t.array(item);
  const remedy = `give a list of at least ${min}`;
  return new t.Type<readonly A[]>(
    `list of ${item.name}`,
    (value): value is readonly A[] => elements.is(value) && value.length >= min,
    (value, context) =>
      Array.isArray(value) && value.length >= min
        ? elements.validate(value, context)
        : t.failures([problem(value, context, `is not a list of at least ${min}`, remedy)]),
    t.identity,
  );
}

/** A record with free keys of one form. */
export function dictionary<A>(key: t.Type<string>, value: t.Type<A>): t.Type<Readonly<Record<string, A>>> {
  const remedy = "give a map of names to values";
  return new t.Type<Readonly<Record<string, A>>>(
    `map of ${value.name}`,
    (input): input is Record<string, A> =>
      isRecord(input) && Object.entries(input).every(([k, v]) => key.is(k) && value.is(v)),
    (input, context) => {
      if (!isRecord(input)) return t.failures([problem(input, context, "is not a map", remedy)]);
      const errors: t.Errors = [];
      const decoded: Record<string, A> = {};
      for (const [name, item] of Object.entries(input)) {
        const nameResult = key.validate(name, t.appendContext(context, name, key, name));
        const itemResult = value.validate(item, t.appendContext(context, name, value, item));
        if (either.isLeft(nameResult)) errors.push(...nameResult.left);
        if (either.isLeft(itemResult)) errors.push(...itemResult.left);
        else decoded[name] = itemResult.right;
      }
      return errors.length > 0 ? t.failures(errors) : t.success(decoded);
    },
    t.identity,
  );
}

/** A value that may be left out. */
export function optional<A>(codec: t.Type<A>): t.Type<A | undefined> {
  return new t.Type<A | undefined>(
    `${codec.name}?`,
    (value): value is A | undefined => value === undefined || codec.is(value),
    (value, context) => (value === undefined ? t.success(undefined) : codec.validate(value, context)),
    t.identity,
  );
}

/** A value that decodes to `fallback` when it is left out. The fallback is decoded too, so its own defaults apply. */
export function withDefault<A>(codec: t.Type<A>, fallback: unknown): t.Type<A> {
  return new t.Type<A>(
    codec.name,
    (value): value is A => codec.is(value),
    (value, context) => codec.validate(value === undefined ? fallback : value, context),
    t.identity,
  );
}

type OptionalKeys<P extends t.Props> = { [K in keyof P]: undefined extends t.TypeOf<P[K]> ? K : never }[keyof P];
type Flatten<A> = { readonly [K in keyof A]: A[K] };
/** The type that a struct of these fields decodes to. */
export type StructOf<P extends t.Props> = Flatten<
  { [K in Exclude<keyof P, OptionalKeys<P>>]: t.TypeOf<P[K]> } & { [K in OptionalKeys<P>]?: t.TypeOf<P[K]> }
>;

interface Rule<A> {
  readonly needs: readonly (keyof A & string)[];
  readonly check: (value: A) => readonly Violation[];
}

/**
 * A codec of an object with exactly these fields. Unknown keys are errors, and a rule over several fields is
 * checked as soon as the fields that it needs are good, so that one run reports everything.
 */
export class Struct<P extends t.Props> extends t.Type<StructOf<P>> {
  constructor(
    name: string,
    readonly fields: P,
    private readonly rules: readonly Rule<StructOf<P>>[] = [],
  ) {
    super(
      name,
      (value): value is StructOf<P> =>
        isRecord(value) &&
        Object.keys(value).every((key) => key in fields) &&
        Object.entries(fields).every(([key, codec]) => codec.is(value[key])) &&
        rules.every((rule) => rule.check(value as StructOf<P>).length === 0),
      (value, context) => this.decodeFields(value, context),
      t.identity,
    );
  }

  /** Adds a rule over the named fields. */
  rule<K extends keyof StructOf<P> & string>(
    needs: readonly K[],
    check: (value: Pick<StructOf<P>, K>) => readonly Violation[],
  ): Struct<P> {
    return new Struct(this.name, this.fields, [...this.rules, { needs, check }]);
  }

  private decodeFields(value: unknown, context: t.Context): t.Validation<StructOf<P>> {
    if (!isRecord(value)) {
      const keys = Object.keys(this.fields).join(", ");
      return t.failures([problem(value, context, "is not an object", `give an object with the keys ${keys}`)]);
    }
    const errors: t.Errors = unknownKeys(value, Object.keys(this.fields), context);
    const decoded: Record<string, unknown> = {};
    const good = new Set<string>();
    for (const [key, codec] of Object.entries(this.fields)) {
      const result = validateWith<unknown>(codec, value[key], t.appendContext(context, key, codec, value[key]));
      if (either.isLeft(result)) {
        errors.push(...result.left);
        continue;
      }
      good.add(key);
      if (result.right !== undefined) decoded[key] = result.right;
    }
    for (const { needs, check } of this.rules) {
      if (!needs.every((key) => good.has(key))) continue;
      errors.push(...check(decoded as StructOf<P>).map((violation) => atPath(violation, context)));
    }
    return errors.length > 0 ? t.failures(errors) : t.success(decoded as StructOf<P>);
  }
}

function unknownKeys(value: Record<string, unknown>, known: readonly string[], context: t.Context): Problem[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      value: value[key],
      context: t.appendContext(context, key, t.unknown, value[key]),
      message: "is not a known key",
      remedy: suggest(key, known),
    }));
}

function atPath(violation: Violation, context: t.Context): Problem {
  const inner = violation.path
    .split(".")
    .reduce<t.Context>((outer, key) => t.appendContext(outer, key, t.unknown, violation.value), context);
  return { value: violation.value, context: inner, message: violation.problem, remedy: violation.remedy };
}

/** A codec of an object with exactly these fields. */
export function struct<P extends t.Props>(name: string, fields: P): Struct<P> {
  return new Struct(name, fields);
}

/** A union of structs told apart by a field with a word in it. */
export function tagged<Tag extends string, V extends Readonly<Record<string, t.Mixed>>>(
  name: string,
  tag: Tag,
  variants: V,
): t.Type<t.TypeOf<V[keyof V]>> {
  type Union = t.TypeOf<V[keyof V]>;
  const words = Object.keys(variants);
  const choose = (value: unknown): t.Mixed | undefined => {
    if (!isRecord(value)) return undefined;
    const word = value[tag];
    return typeof word === "string" && words.includes(word) ? variants[word] : undefined;
  };
  return new t.Type<Union>(
    name,
    (value): value is Union => choose(value)?.is(value) ?? false,
    (value, context) => {
      const variant = choose(value);
      if (variant !== undefined) return validateWith<Union>(variant, value, context);
      if (!isRecord(value)) {
        return t.failures([
          problem(value, context, "is not an object", `give an object whose ${tag} is one of: ${words.join(", ")}`),
        ]);
      }
      const word = value[tag];
      const remedy = typeof word === "string" ? suggest(word, words) : `give one of: ${words.join(", ")}`;
      const inner = t.appendContext(context, tag, t.string, word);
      return t.failures([problem(word, inner, `is not one of ${words.join(", ")}`, remedy)]);
    },
    t.identity,
  );
}

/** A union of two structs, told apart by a key that only the first has. */
export function eitherOf<A, B>(name: string, key: string, having: t.Type<A>, lacking: t.Type<B>): t.Type<A | B> {
  const choose = (value: unknown): t.Type<A> | t.Type<B> => (isRecord(value) && key in value ? having : lacking);
  return new t.Type<A | B>(
    name,
    (value): value is A | B => choose(value).is(value),
    (value, context) => choose(value).validate(value, context),
    t.identity,
  );
}

/** Turns io-ts's errors into ours. `context` begins with the root, whose key is empty. */
export function configErrors(errors: t.Errors): ConfigError[] {
  return errors.map((error) => ({
    path: error.context
      .map((entry) => entry.key)
      .filter((key) => key !== "")
      .join("."),
    value: error.value,
    problem: error.message ?? `is not ${error.context.at(-1)?.type.name ?? "valid"}`,
    remedy: "remedy" in error && typeof error.remedy === "string" ? error.remedy : "give a value of that type",
  }));
}

const secretKey = /password|passphrase|token|credential|secret$/i;

/** All errors as text, one a line; values under keys that may hold a secret are not shown. */
export function describeErrors(errors: readonly ConfigError[], namespace = ""): string {
  return errors
    .map(({ path, value, problem: what, remedy }) => {
      const hidden = path.split(".").some((key) => secretKey.test(key));
      const shown =
        value === undefined ? "" : hidden ? " (value not shown)" : ` = ${abbreviate(JSON.stringify(value))}`;
      return `- ${namespace}${path}${shown} ${what}: ${remedy}`;
    })
    .join("\n");
}

function abbreviate(json: string): string {
  return json.length > 120 ? `${json.slice(0, 117)}...` : json;
}
