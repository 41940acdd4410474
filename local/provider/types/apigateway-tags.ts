import type { Context } from "../context";
import { ownTags, retag } from "./shared";

type Tags = Record<string, string> | undefined;

/** Tags of something of API Gateway. */
export async function gatewayTags(c: Context, resourceArn: string): Promise<Record<string, string>> {
  const { tags } = await c.call("apigateway", "GetTags", { resourceArn });
  return ownTags(tags);
}

/**
 * Tags what was just made with the tags that its creation took. The service knows them already; MiniStack keeps the tags
 * of creations where it neither reads nor changes tags, but for those of APIs.
 */
export async function tagCreated(c: Context, resourceArn: string, tags: Tags): Promise<void> {
  if (tags && Object.keys(tags).length > 0) await c.call("apigateway", "TagResource", { resourceArn, tags });
}

/** Brings its tags from one state to another. */
export function retagGateway(c: Context, resourceArn: string, now: Tags, before: Tags): Promise<void> {
  return retag(
    now,
    before,
    (tags) => c.call("apigateway", "TagResource", { resourceArn, tags }),
    (tagKeys) => c.call("apigateway", "UntagResource", { resourceArn, tagKeys }),
  );
}
