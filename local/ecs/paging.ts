import { AwsError } from "../server/json-service";
import { ascending, pageOf, type Position } from "../server/paging";

/** Entries of a page where the request says nothing; also the most that it may ask for. */
const MAX_RESULTS = 100;

/**
 * One page of a list, as ECS's list operations give it.
 *
 * @param sorted by `positionOf`, as `compare` has it
 * @throws AwsError when the token is none of ours
 */
export function ecsPage<T>(
  sorted: readonly T[],
  positionOf: (item: T) => Position,
  { maxResults = MAX_RESULTS, nextToken }: { maxResults?: number; nextToken?: string },
  compare = ascending,
): { page: T[]; nextToken?: string } {
  const refused = new AwsError("InvalidParameterException", "Invalid token: start again without it.");
  const size = Math.min(maxResults, MAX_RESULTS);
  const { page, next } = pageOf(sorted, positionOf, { token: nextToken, size }, refused, compare);
  return { page, ...(next === undefined ? {} : { nextToken: next }) };
}
