import { AwsError } from "../server/json-service";
import { ascending, pageOf, type Position } from "../server/paging";

/**
 * One page of a list, as CloudWatch's list operations give it: `NextToken` is to be spread into the answer, and is empty
 * on the last page.
 *
 * @param sorted by `positionOf`, as `compare` has it
 * @throws AwsError for a token that no list gives
 */
export function cloudWatchPage<T>(
  sorted: readonly T[],
  positionOf: (item: T) => Position,
  token: string | undefined,
  size: number,
  compare = ascending,
): { page: T[]; NextToken: { NextToken?: string } } {
  const refused = new AwsError("InvalidNextToken", "The next token specified is invalid.");
  const { page, next } = pageOf(sorted, positionOf, { token, size }, refused, compare);
  return { page, NextToken: next === undefined ? {} : { NextToken: next } };
}
