import { AwsError } from "../server/json-service";

/**
 * A page of a list, after the item that the last page's token names: what is added or removed meanwhile neither repeats
 * nor skips the others.
 *
 * @param keyOf what tells an item from all others
 * @returns the page, and `NextToken` to be spread into the answer: empty on the last page
 * @throws AwsError for a token that no item of the list has given
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  token: string | undefined,
  size: number,
): { page: T[]; NextToken: { NextToken?: string } } {
  const encode = (item: T) => Buffer.from(keyOf(item)).toString("base64url");
  const after = token === undefined ? -1 : items.findIndex((item) => encode(item) === token);
  if (token !== undefined && after < 0) {
    throw new AwsError("InvalidNextToken", "The next token specified is invalid.");
  }
  const page = items.slice(after + 1, after + 1 + size);
  const last = page.at(-1);
  const more = last !== undefined && items.length > after + 1 + size;
  return { page, NextToken: more ? { NextToken: encode(last) } : {} };
}
