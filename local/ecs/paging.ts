import { AwsError } from "../server/json-service";

/** Entries of a page where the request says nothing; also the most that it may ask for. */
const MAX_RESULTS = 100;

/**
 * One page of ARNs in their order. A token names the last ARN of its page, so that whatever comes or goes meanwhile,
 * what stays is listed exactly once.
 *
 * @param arns sorted by `order`
 * @throws AwsError when the token is none of ours
 */
export function pageOf(
  arns: readonly string[],
  request: { maxResults?: number; nextToken?: string },
  order: (one: string, other: string) => number = (one, other) => (one < other ? -1 : one > other ? 1 : 0),
): { arns: string[]; nextToken?: string } {
  const last = request.nextToken === undefined ? undefined : decode(request.nextToken);
  const rest = last === undefined ? arns : arns.filter((arn) => order(arn, last) > 0);
  const size = Math.min(request.maxResults ?? MAX_RESULTS, MAX_RESULTS);
  const page = rest.slice(0, size);
  const end = page.at(-1);
  return { arns: page, ...(rest.length > size && end !== undefined ? { nextToken: encode(end) } : {}) };
}

function encode(arn: string): string {
  return Buffer.from(arn).toString("base64url");
}

function decode(token: string): string {
  const arn = Buffer.from(token, "base64url").toString("utf8");
  if (!arn.startsWith("arn:"))
    throw new AwsError("InvalidParameterException", "Invalid token: start again without it.");
  return arn;
}
