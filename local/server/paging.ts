import type { AwsError } from "./json-service";

/** Where an item stands in its list: text, or several values of which the first that differs decides. */
export type Position = string | readonly (string | number)[];

/**
 * One page of a sorted list. A token names the position of its page's last item, so that whatever comes or goes
 * meanwhile, what stays is listed exactly once.
 *
 * @param sorted by `positionOf`, as `compare` has it; no two items have one position
 * @param size items of a page at the most
 * @param compare negative where the first position comes before the second; default: ascending
 * @param refused the error for a token that no list gives
 * @throws `refused`
 */
export function pageOf<T>(
  sorted: readonly T[],
  positionOf: (item: T) => Position,
  { token, size }: { token: string | undefined; size: number },
  refused: AwsError,
  compare: (one: Position, other: Position) => number = ascending,
): { page: T[]; next?: string } {
  const last = token === undefined ? undefined : decode(token);
  if (token !== undefined && last === undefined) throw refused;
  const rest = last === undefined ? sorted : sorted.filter((item) => compare(positionOf(item), last) > 0);
  const page = rest.slice(0, size);
  const end = page.at(-1);
  return { page, ...(rest.length > size && end !== undefined ? { next: encode(positionOf(end)) } : {}) };
}

/** The order of positions from the least on. Positions of one list have values of the same types. */
export function ascending(one: Position, other: Position): number {
  if (typeof one === "string" || typeof other === "string") return one < other ? -1 : one > other ? 1 : 0;
  for (const [index, value] of one.entries()) {
    const against = other[index];
    if (against !== undefined && value !== against) return value < against ? -1 : 1;
  }
  return 0;
}

/** The order of positions from the greatest on. */
export function descending(one: Position, other: Position): number {
  return ascending(other, one);
}

function encode(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function decode(token: string): Position | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    return typeof value === "string" || Array.isArray(value) ? (value as Position) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
