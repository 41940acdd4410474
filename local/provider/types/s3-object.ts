import type * as aws from "@pulumi/aws";
import { asset } from "../assets";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import type { AssetValue, Plain } from "../values";

type Args = aws.s3.BucketObjectv2Args;

const PUT = ["source", "contentType"] as const;

const idOf = ({ bucket, key }: Plain<Args>): string => `${bucket}/${key ?? ""}`;

async function put(c: Context, { bucket, key = "", source, contentType }: Plain<Args>): Promise<void> {
  // A file that is only planned need not be read.
  const Body = c.mode === "live" ? asset(source as unknown as AssetValue) : Buffer.alloc(0);
  await c.call("s3", "PutObject", { Bucket: bucket, Key: key, Body, ContentType: contentType });
}

/** A file of the program's in a bucket. */
const bucketObject = resource<Args>({
  cloudFormation: { none: "CloudFormation puts no objects into buckets" },
  inputs: ["bucket", "key", ...PUT],
  required: ["bucket", "key", "source"],
  oneInPlace: true,
  async create(c, inputs) {
    await put(c, inputs);
    return { id: idOf(inputs), arn: `arn:aws:s3:::${idOf(inputs)}` };
  },
  async read(c, _id, { bucket, key, contentType }) {
    const { ContentType } = await c.call("s3", "HeadObject", { Bucket: bucket, Key: key });
    return contentType === undefined ? {} : { contentType: ContentType };
  },
  async update(c, _id, now) {
    await put(c, now);
  },
  delete: (c, _id, { bucket, key }) => c.call("s3", "DeleteObject", { Bucket: bucket, Key: key }),
});

export const S3_OBJECT: ResourceTable = { "aws:s3/bucketObjectv2:BucketObjectv2": bucketObject };
