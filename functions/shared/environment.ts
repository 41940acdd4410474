import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";

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

/** An ARN; what it names is the caller's business. */
export const Arn = new t.Type<string, string, unknown>(
  "Arn",
  (input): input is string => typeof input === "string" && input.startsWith("arn:"),
  (input, context) =>
    typeof input === "string" && /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:\S+$/.test(input)
      ? t.success(input)
      : t.failure(input, context, "must be an ARN"),
  t.identity,
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
    codec.is,
    (input, context) => {
      if (typeof input !== "string") return t.failure(input, context, `must be JSON text of ${codec.name}`);
      const parsed = parse(input);
      return parsed instanceof SyntaxError
        ? t.failure(input, context, `must be JSON: ${parsed.message}`)
        : codec.validate(parsed, context);
    },
    (value) => JSON.stringify(codec.encode(value)),
  );

/** The tags that everything made at run time carries; `teardown` removes what carries them all. */
export const Tags = t.record(t.string, t.string, "Tags");
export type Tags = t.TypeOf<typeof Tags>;

/**
 * Decodes the environment of a function, once, at cold start.
 *
 * @throws Error naming every variable that is missing or wrong, with its value and what is wanted.
 */
export function readEnvironment<A>(codec: t.Type<A, unknown, unknown>, variables: NodeJS.ProcessEnv): A {
  const decoded = codec.decode(variables);
  if (!isLeft(decoded)) return decoded.right;
  const problems = decoded.left.map((error) => {
    const path = error.context.filter((entry) => entry.key !== "" && !isIntersectionMember(entry.key));
    const name = path.map((entry) => entry.key).join(".");
    const wanted = error.message ?? `must be ${error.context.at(-1)?.type.name ?? "something else"}`;
    return error.value === undefined
      ? `${name} is missing: it ${wanted}`
      : `${name} = ${String(JSON.stringify(error.value))} ${wanted}`;
  });
  throw new Error(
    `The function's environment is not usable; set these variables:\n  ${[...new Set(problems)].join("\n  ")}`,
  );
}

/** An intersection's members appear in a decoding error's path by their index; no variable is named by digits. */
const isIntersectionMember = (key: string): boolean => /^\d+$/.test(key);

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}
