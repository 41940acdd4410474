import { createHash } from "node:crypto";
import * as t from "io-ts";

/** EventBridge's `Object Created` of S3, whose keys are as they are: not URL-encoded, unlike S3's own notifications. */
export const ObjectCreated = t.type(
  {
    "detail-type": t.literal("Object Created"),
    time: t.string,
    detail: t.type({
      bucket: t.type({ name: t.string }),
      object: t.intersection([t.type({ key: t.string }), t.partial({ etag: t.string, "version-id": t.string })]),
    }),
  },
  "ObjectCreated",
);
export type ObjectCreated = t.TypeOf<typeof ObjectCreated>;

/** A file that was dropped: one content for good, however often its event comes. */
export interface SourceObject {
  bucket: string;
  key: string;
  /** Set where the bucket keeps versions. */
  versionId: string | undefined;
  /** The version id, or the content's tag where there are none. */
  version: string;
  /** When the object was made, ISO 8601. */
  createdAt: string;
}

/** @throws Error when the event says neither the object's version nor its tag. */
export function sourceOf({ time, detail: { bucket, object } }: ObjectCreated): SourceObject {
  const versionId = object["version-id"];
  const version = versionId ?? object.etag;
  if (version === undefined) throw new Error(`the event of ${object.key} has neither version-id nor etag`);
  const createdAt = new Date(time).toISOString();
  return { bucket: bucket.name, key: object.key, versionId, version: version.replaceAll('"', ""), createdAt };
}

/** Where a part of the rows set aside goes: beside the others of the same file, by its name and version. */
export function quarantineKey(
  quarantinePrefix: string,
  inputPrefix: string,
  source: SourceObject,
  part: number,
): string {
  const name = source.key.slice(inputPrefix.length + 1);
  return `${quarantinePrefix}/${name}/${source.version}/part-${String(part).padStart(5, "0")}.jsonl`;
}

/** Names one content of one object for good: 32 hexadecimal digits. */
export const fileId = ({ bucket, key, version }: SourceObject): string =>
  createHash("sha256")
    .update(JSON.stringify([bucket, key, version]))
    .digest("hex")
    .slice(0, 32);

/** Where a file's manifest goes. */
export const manifestKey = (manifestsPrefix: string, source: SourceObject): string =>
  `${manifestsPrefix}/dt=${source.createdAt.slice(0, 10)}/${fileId(source)}.json`;
