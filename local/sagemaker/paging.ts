import { invalid } from "./errors";
import { omit } from "./objects";

/** The members that SageMaker's list operations share. */
export interface ListRequest {
  MaxResults?: number;
  NextToken?: string;
  NameContains?: string;
  SortBy?: string;
  SortOrder?: string;
  CreationTimeAfter?: number;
  CreationTimeBefore?: number;
  LastModifiedTimeAfter?: number;
  LastModifiedTimeBefore?: number;
}

/** What a list can be filtered and sorted by. Times are epoch seconds. */
export interface Listed {
  name: string;
  created: number;
  modified?: number;
  status?: string;
}

/** How one list operation differs from the others. */
export interface ListRules {
  /** Default order when the request names none. */
  order?: "Ascending" | "Descending";
  /** Default sort key when the request names none. */
  sortBy?: "CreationTime" | "Name";
}

/** Page size when the request names none. */
const DEFAULT_PAGE = 10;

/**
 * Filters by name and time, sorts, and cuts one page out of a list.
 *
 * @param describe the name and times of an element
 * @returns the page, and the token of the next one unless this is the last
 * @throws AwsError when NextToken is none of ours, or belongs to another request
 */
export function page<T>(
  elements: readonly T[],
  request: ListRequest,
  describe: (element: T) => Listed,
  rules: ListRules = {},
): { items: T[]; NextToken?: string } {
  const matching = elements
    .map((element) => ({ element, listed: describe(element) }))
    .filter(({ listed }) => matches(listed, request));
  const sortBy = request.SortBy ?? rules.sortBy ?? "CreationTime";
  const sign = (request.SortOrder ?? rules.order ?? "Descending") === "Ascending" ? 1 : -1;
  matching.sort((one, other) => sign * compare(one.listed, other.listed, sortBy));

  const start = decodeToken(request);
  const size = request.MaxResults ?? DEFAULT_PAGE;
  const items = matching.slice(start, start + size).map(({ element }) => element);
  const next = start + size < matching.length ? { NextToken: encodeToken(request, start + size) } : {};
  return { items, ...next };
}

function matches(listed: Listed, request: ListRequest): boolean {
  const modified = listed.modified ?? listed.created;
  return (
    (request.NameContains === undefined || listed.name.includes(request.NameContains)) &&
    listed.created >= (request.CreationTimeAfter ?? -Infinity) &&
    listed.created <= (request.CreationTimeBefore ?? Infinity) &&
    modified >= (request.LastModifiedTimeAfter ?? -Infinity) &&
    modified <= (request.LastModifiedTimeBefore ?? Infinity)
  );
}

function compare(one: Listed, other: Listed, sortBy: string): number {
  if (sortBy === "Status") return (one.status ?? "").localeCompare(other.status ?? "") || one.created - other.created;
  if (sortBy.endsWith("Name")) return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
  if (sortBy === "LastModifiedTime") return (one.modified ?? one.created) - (other.modified ?? other.created);
  return one.created - other.created;
}

/** What a token must have in common with the request that it came from. */
function fingerprint(request: ListRequest): string {
  const filters = omit(request, "MaxResults", "NextToken");
  return JSON.stringify(Object.entries(filters).sort());
}

function encodeToken(request: ListRequest, offset: number): string {
  return Buffer.from(JSON.stringify({ offset, filters: fingerprint(request) })).toString("base64url");
}

function decodeToken(request: ListRequest): number {
  if (request.NextToken === undefined) return 0;
  const refusal = invalid("NextToken is not one that this list gave: start again without it.");
  let token: unknown;
  try {
    token = JSON.parse(Buffer.from(request.NextToken, "base64url").toString("utf8"));
  } catch {
    throw refusal;
  }
  const { offset, filters } = (token ?? {}) as { offset?: unknown; filters?: unknown };
  if (!Number.isSafeInteger(offset) || filters !== fingerprint(request)) throw refusal;
  return offset as number;
}
