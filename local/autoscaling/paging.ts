import { AwsError } from "../server/json-service";
import { ascending, pageOf, type Position } from "../server/paging";
import { invalid } from "./context";

/** A page of a list, as all of this service's lists are paged: by `MaxResults`, which has its own limit in each. */
export function autoScalingPage<T>(
  items: readonly T[],
  positionOf: (item: T) => Position,
  input: { MaxResults?: number; NextToken?: string },
  most: number,
  compare: (one: Position, other: Position) => number = ascending,
): { page: T[]; NextToken?: string } {
  const { MaxResults: size = most, NextToken: token } = input;
  if (size < 1 || size > most) throw invalid(`MaxResults ${size} is not between 1 and ${most}.`);
  const sorted = [...items].sort((one, other) => compare(positionOf(one), positionOf(other)));
  const refused = new AwsError("InvalidNextTokenException", `The token ${token} is none that this list gave.`);
  const { page, next } = pageOf(sorted, positionOf, { token, size }, refused, compare);
  return { page, ...(next === undefined ? {} : { NextToken: next }) };
}
