/** What is known of a version's image, and of the revision that is to be released as it. */
export interface Released {
  version: string;
  revision: string;
  /** Tags of the image that the repository has under the version; undefined where it has none. */
  versionTags: readonly string[] | undefined;
  /** Whether the repository has an image of the revision. */
  revisionBuilt: boolean;
}

/** What to do: nothing, since it is there; give the revision's image the version; build it first; or refuse. */
export type Release = { kind: "reuse" } | { kind: "tag" } | { kind: "build" } | { kind: "refuse"; reason: string };

/** The tag of a revision: its hash. */
export const revisionTag = (revision: string): string => revision;

/**
 * One version is one revision, for ever. An image is tagged with its revision before it is with its version, so that
 * what was cut off between the two is finished and not taken for another revision's.
 */
export function decideRelease({ version, revision, versionTags, revisionBuilt }: Released): Release {
  if (versionTags === undefined) return { kind: revisionBuilt ? "tag" : "build" };
  if (versionTags.includes(revisionTag(revision))) return { kind: "reuse" };
  const others = versionTags.filter((tag) => /^[0-9a-f]{40}$/.test(tag)).join(", ") || "another revision";
  return {
    kind: "refuse",
    reason:
      `version ${version} is released already, as ${others}, and this is ${revision}: ` +
      "bump the version in package.json",
  };
}
