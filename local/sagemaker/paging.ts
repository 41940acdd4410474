import { createHash } from "node:crypto";
import { ascending, descending, pageOf } from "../server/paging";
import { invalid } from "./errors";
import { omit } from "./objects";

/** The members that SageMaker's list operations share. Times are epoch seconds. */
export interface ListRequest {
  MaxResults?: number;
  NextToken?: string;
  NameContains?: string;
  StatusEquals?: string;
  SortBy?: string;
  SortOrder?: string;
  CreationTimeAfter?: number;
  CreationTimeBefore?: number;
  /** What some operations call CreationTimeAfter and CreationTimeBefore. */
  CreatedAfter?: number;
  CreatedBefore?: number;
  LastModifiedTimeAfter?: number;
  LastModifiedTimeBefore?: number;
}

/** What a list can be filtered and sorted by. Times are epoch seconds. */
export interface Listed {
  /** Unique within the list. */
  name: string;
  created: number;
  modified?: number;
  status?: string;
  /** What it is sorted by when the request's SortBy is `Key`: a list with sort keys of its own. */
  key?: string;
}

/** How one list operation differs from the others. */
export interface ListRules {
  /** Default order when the request names none. */
  order?: "Ascending" | "Descending";
  /** Default sort key when the request names none. */
  sortBy?: "CreationTime" | "Name";
  /** Page size when the request names none. */
  size?: number;
}

/** Page size when neither the request nor the list names one. */
const DEFAULT_PAGE = 10;

/**
 * Filters by name, status and time, sorts, and cuts one page out of a list. A token stays right while elements come and
 * go: each that stays is listed once.
 *
 * @param list name of the operation: its tokens are its own
 * @param describe the name and times of an element
 * @returns the page, and the token of the next one unless this is the last
 * @throws AwsError when NextToken is none of ours, or belongs to another request
 */
export function page<T>(
  list: string,
  elements: readonly T[],
  request: ListRequest,
  describe: (element: T) => Listed,
  rules: ListRules = {},
): { items: T[]; NextToken?: string } {
  const sortBy = request.SortBy ?? rules.sortBy ?? "CreationTime";
  const compare = (request.SortOrder ?? rules.order ?? "Descending") === "Ascending" ? ascending : descending;
  const sorted = elements
    .map((element) => ({ element, listed: describe(element) }))
    .filter(({ listed }) => matches(listed, request))
    .map(({ element, listed }) => ({ element, position: [sortKey(listed, sortBy), listed.name] }))
    .sort((one, other) => compare(one.position, other.position));

  const refused = invalid("NextToken is not one that this list gave: start again without it.");
  const origin = fingerprint(list, request);
  const [of, token] = request.NextToken?.split(".") ?? [origin];
  if (of !== origin) throw refused;
  const size = request.MaxResults ?? rules.size ?? DEFAULT_PAGE;
  const { page: items, next } = pageOf(sorted, ({ position }) => position, { token, size }, refused, compare);
  return {
    items: items.map(({ element }) => element),
    ...(next === undefined ? {} : { NextToken: `${origin}.${next}` }),
  };
}

function matches(listed: Listed, request: ListRequest): boolean {
  const modified = listed.modified ?? listed.created;
  const { CreationTimeAfter = request.CreatedAfter, CreationTimeBefore = request.CreatedBefore } = request;
  return (
    (request.NameContains === undefined || listed.name.includes(request.NameContains)) &&
    (request.StatusEquals === undefined || listed.status === request.StatusEquals) &&
    listed.created >= (CreationTimeAfter ?? -Infinity) &&
    listed.created <= (CreationTimeBefore ?? Infinity) &&
    modified >= (request.LastModifiedTimeAfter ?? -Infinity) &&
    modified <= (request.LastModifiedTimeBefore ?? Infinity)
  );
}

function sortKey(listed: Listed, sortBy: string): string | number {
  switch (sortBy) {
    case "Name":
    case "PipelineExecutionArn":
      return listed.name;
    case "Key":
      return listed.key ?? "";
    case "Status":
      return listed.status ?? "";
    case "LastModifiedTime":
      return listed.modified ?? listed.created;
    default:
      return listed.created;
  }
}

/** What a token must have in common with the request that it came from. */
function fingerprint(list: string, request: ListRequest): string {
  const filters = Object.entries(omit(request, "MaxResults", "NextToken")).filter(([, value]) => value !== undefined);
  return createHash("sha256")
    .update(JSON.stringify([list, filters.sort()]))
    .digest("base64url")
    .slice(0, 16);
}
