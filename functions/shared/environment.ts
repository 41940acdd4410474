import * as t from "io-ts";
import { decode, parseJson } from "./decode";

/** A string with at least one character. */
export const Text = new t.Type<string, string, unknown>(
  "Text",
  (input): input is string => typeof input === "string" && input !== "",
  (input, context) =>
    typeof input === "string" && input !== ""
      ? t.success(input)
      : t.failure(input, context, "must be a non-empty string"),
  t.identity,
);

const tagRecord = t.record(t.string, t.string);

/** A string of a pattern. @param must what it has to be, for the error: "must be …" */
export const matching = (name: string, pattern: RegExp, must: string): t.Type<string, string, unknown> => {
  const is = (input: unknown): input is string => typeof input === "string" && pattern.test(input);
  return new t.Type<string, string, unknown>(
    name,
    is,
    (input, context) => (is(input) ? t.success(input) : t.failure(input, context, must)),
    t.identity,
  );
};

/** An ARN; what it names is the caller's business. */
export const Arn = matching(
  "Arn",
  /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:\S+$/,
  "must be an ARN (arn:partition:service:region:account:resource)",
);

/** A whole number written as decimal digits, between `minimum` and `maximum`, both included. */
export const wholeNumber = (minimum: number, maximum: number): t.Type<number, string, unknown> =>
  new t.Type<number, string, unknown>(
    `WholeNumber(${minimum}..${maximum})`,
    (input): input is number => Number.isInteger(input),
    (input, context) => {
      const value = typeof input === "string" && /^\d+$/.test(input) ? Number(input) : NaN;
      return value >= minimum && value <= maximum
        ? t.success(value)
        : t.failure(input, context, `must be a whole number from ${minimum} to ${maximum}`);
    },
    String,
  );

/** JSON text whose value `codec` accepts. */
export const json = <A>(codec: t.Type<A, unknown, unknown>): t.Type<A, string, unknown> =>
  new t.Type<A, string, unknown>(
    `Json<${codec.name}>`,
    (input): input is A => codec.is(input),
    (input, context) => {
      if (typeof input !== "string") return t.failure(input, context, `must be JSON text of ${codec.name}`);
      const parsed = parseJson(input);
      return parsed instanceof SyntaxError
        ? t.failure(input, context, `must be JSON (${parsed.message})`)
        : codec.validate(parsed, within(context, codec));
    },
    (value) => JSON.stringify(codec.encode(value)),
  );

/** The same place in the input, seen as the codec's: paths in errors leave out the members of unions by it. */
function within(context: t.Context, codec: t.Decoder<unknown, unknown>): t.Context {
  const last = context.at(-1);
  return last === undefined ? context : [...context.slice(0, -1), { ...last, type: codec }];
}

/** The tags that everything made at run time carries; `teardown` removes what carries them all, so some there must be. */
export const Tags = new t.Type<Record<string, string>, Record<string, string>, unknown>(
  "Tags",
  (input): input is Record<string, string> => tagRecord.is(input) && Object.keys(input).length > 0,
  (input, context) =>
    tagRecord.is(input) && Object.keys(input).length > 0
      ? t.success(input)
      : t.failure(input, context, "must be a record of strings with at least one entry"),
  t.identity,
);
export type Tags = t.TypeOf<typeof Tags>;

/**
 * Decodes the environment of a function; called once, at cold start.
 *
 * @throws DecodeError naming every variable that is missing or wrong, with its value and what is wanted.
 */
export function readEnvironment<A>(
  codec: t.Type<A, unknown, unknown>,
  variables: Record<string, string | undefined> = process.env,
): A {
  return decode(codec, variables, "The function's environment");
}
