import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";

/** One thing that is wrong with a value: where, what stands there, what is wanted. */
export interface Problem {
  /** Path from the value's root, `a.b.0`; empty for the root itself. */
  path: string;
  value: unknown;
  /** "must be …" */
  wanted: string;
}

/** A value is not what its codec wants. Says everything that is wrong with it. */
export class DecodeError extends Error {
  constructor(
    what: string,
    readonly problems: Problem[],
  ) {
    super(`${what} is not usable:\n  ${problems.map(describe).join("\n  ")}`);
    this.name = "DecodeError";
  }
}

/**
 * Decodes `input`.
 *
 * @param what names the input in the error, as the beginning of a sentence.
 * @throws DecodeError naming every problem.
 */
export function decode<A>(codec: t.Type<A, unknown, unknown>, input: unknown, what: string): A {
  const decoded = codec.decode(input);
  if (isLeft(decoded)) throw new DecodeError(what, problemsOf(decoded.left));
  return decoded.right;
}

/** Parses JSON text and decodes it. @throws DecodeError naming every problem. */
export function decodeJson<A>(codec: t.Type<A, unknown, unknown>, text: string, what: string): A {
  const parsed = parseJson(text);
  if (parsed instanceof SyntaxError) {
    throw new DecodeError(what, [{ path: "", value: text.slice(0, 80), wanted: `must be JSON (${parsed.message})` }]);
  }
  return decode(codec, parsed, what);
}

/** JSON text's value, or the error of one that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

/** io-ts's errors as one problem per path: a union reports each of its members. */
function problemsOf(errors: t.Errors): Problem[] {
  const byPath = new Map<string, Problem>();
  for (const error of errors) {
    const path = error.context
      .filter((entry, index) => entry.key !== "" && !isMemberIndex(error.context[index - 1]?.type))
      .map((entry) => entry.key)
      .join(".");
    const wanted = error.message ?? `must be ${error.context.at(-1)?.type.name ?? "something else"}`;
    const known = byPath.get(path);
    if (known === undefined) byPath.set(path, { path, value: error.value, wanted });
    else if (!known.wanted.includes(wanted)) known.wanted += ` or ${wanted.replace(/^must be /, "")}`;
  }
  return [...byPath.values()];
}

/** Members of unions and intersections stand in an error's path by their index, which no reader can follow. */
function isMemberIndex(parent: t.Decoder<unknown, unknown> | undefined): boolean {
  return parent instanceof t.UnionType || parent instanceof t.IntersectionType;
}

function describe({ path, value, wanted }: Problem): string {
  const name = path === "" ? "it" : path;
  return value === undefined ? `${name} is missing: it ${wanted}` : `${name} = ${JSON.stringify(value)} ${wanted}`;
}
