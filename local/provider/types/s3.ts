import type * as aws from "@pulumi/aws";
import { bucketName, policy } from "../../aws-models";
import type { Counterpart } from "../cloudformation";
import type { Context } from "../context";
import { resource, type AnyResource, type ResourceTable } from "../resource";
import { changed, type Plain, type Properties } from "../values";
import { bucketNotification } from "./s3-notification";
import { tagList, tagMap } from "./shared";

/** Keys that one DeleteObjects takes at most are as many as one page of ListObjectVersions has. */
async function empty(c: Context, bucket: string): Promise<void> {
  let more = true;
  while (more) {
    const page = await c.call("s3", "ListObjectVersions", { Bucket: bucket });
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    const objects = found.map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (objects.length > 0) await c.call("s3", "DeleteObjects", { Bucket: bucket, Delete: { Objects: objects } });
    more = page.IsTruncated ?? false;
  }
}

function bucketOutputs(c: Context, name: string) {
  return {
    arn: `arn:aws:s3:::${name}`,
    bucketDomainName: `${name}.s3.amazonaws.com`,
    bucketRegionalDomainName: `${name}.s3.${c.region}.amazonaws.com`,
    bucketRegion: c.region,
  };
}

async function tagsOf(c: Context, name: string): Promise<Record<string, string>> {
  try {
    return tagMap((await c.call("s3", "GetBucketTagging", { Bucket: name })).TagSet);
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchTagSet") return {};
    throw error;
  }
}

const bucket = resource<aws.s3.BucketArgs>({
  cloudFormation: { type: "AWS::S3::Bucket", names: { bucket: "BucketName" }, own: ["forceDestroy"] },
  inputs: ["bucket", "objectLockEnabled", "forceDestroy", "tags"],
  autoName: { property: "bucket", maxLength: 63 },
  checks: { bucket: bucketName },
  async create(c, { bucket: name = "", objectLockEnabled, tags }) {
    // The oldest region is the one that can't be named.
    const placement = c.region === "us-east-1" ? undefined : { LocationConstraint: c.region };
    await c.call("s3", "CreateBucket", {
      Bucket: name,
      ObjectLockEnabledForBucket: objectLockEnabled,
      CreateBucketConfiguration: placement,
    });
    const created = c.exists({ id: name, ...bucketOutputs(c, name) });
    if (tags) await c.call("s3", "PutBucketTagging", { Bucket: name, Tagging: { TagSet: tagList(tags) } });
    return created;
  },
  async read(c, id) {
    await c.call("s3", "HeadBucket", { Bucket: id });
    return { bucket: id, ...bucketOutputs(c, id), tags: await tagsOf(c, id) };
  },
  async update(c, id, now, before) {
    if (!changed(now, before, "tags")) return;
    if (now.tags) await c.call("s3", "PutBucketTagging", { Bucket: id, Tagging: { TagSet: tagList(now.tags) } });
    else await c.call("s3", "DeleteBucketTagging", { Bucket: id });
  },
  async delete(c, id, { forceDestroy }) {
    if (forceDestroy) await empty(c, id);
    await c.call("s3", "DeleteBucket", { Bucket: id });
  },
});

interface PartArgs {
  bucket: unknown;
}

interface Part<Args extends PartArgs> {
  cloudFormation: Counterpart<keyof Args & string>;
  /** The inputs besides the bucket. */
  inputs: readonly (keyof Args & string)[];
  required?: readonly (keyof Args & string)[];
  json?: readonly (keyof Args & string)[];
  blocks?: AnyResource["blocks"];
  checks?: { policy: (text: string) => string | undefined };
  put: (c: Context, bucket: string, inputs: Plain<Args>) => Promise<unknown>;
  /** The service's answer, with members named as the inputs are. */
  get: (c: Context, bucket: string) => Promise<object | undefined>;
  remove: (c: Context, bucket: string) => Promise<unknown>;
}

/** The parts of a bucket that are resources of their own: put, got and removed by the bucket's name. */
function part<Args extends PartArgs>({
  cloudFormation,
  inputs,
  required = [],
  json,
  blocks,
  checks,
  put,
  get,
  remove,
}: Part<Args>): AnyResource {
  const nameOf = (inputs: Properties) => String(inputs["bucket"]);
  return {
    cloudFormation,
    inputs: ["bucket", ...inputs],
    required: ["bucket", ...required],
    ...(json ? { json } : {}),
    ...(blocks ? { blocks } : {}),
    ...(checks ? { checks: { policy: (text) => checks.policy(text as string) } } : {}),
    oneInPlace: true,
    async create(c, inputs) {
      await put(c, nameOf(inputs), inputs as Plain<Args>);
      return { id: nameOf(inputs) };
    },
    async read(c, id, state) {
      const current = await get(c, id);
      const written = Object.fromEntries(Object.entries(state).filter(([name]) => name !== "bucket"));
      return current && c.mirror(written, current);
    },
    async update(c, id, now) {
      await put(c, id, now as Plain<Args>);
    },
    delete: (c, id) => remove(c, id),
  };
}

const versioning = part<aws.s3.BucketVersioningArgs>({
  cloudFormation: { type: "AWS::S3::Bucket", address: ["bucket"] },
  inputs: ["versioningConfiguration"],
  put: (c, name, { versioningConfiguration }) =>
    c.call("s3", "PutBucketVersioning", { Bucket: name }, { versioningConfiguration }),
  get: async (c, name) => ({ versioningConfiguration: await c.call("s3", "GetBucketVersioning", { Bucket: name }) }),
  remove: (c, name) =>
    c.call("s3", "PutBucketVersioning", { Bucket: name, VersioningConfiguration: { Status: "Suspended" } }),
});

const encryption = part<aws.s3.BucketServerSideEncryptionConfigurationArgs>({
  cloudFormation: {
    type: "AWS::S3::Bucket",
    address: ["bucket"],
    names: { rules: "BucketEncryption/ServerSideEncryptionConfiguration" },
  },
  inputs: ["rules"],
  put: (c, name, { rules }) =>
    c.call("s3", "PutBucketEncryption", { Bucket: name }, { serverSideEncryptionConfiguration: { rules } }),
  get: async (c, name) =>
    (await c.call("s3", "GetBucketEncryption", { Bucket: name })).ServerSideEncryptionConfiguration,
  remove: (c, name) => c.call("s3", "DeleteBucketEncryption", { Bucket: name }),
});

const bucketPolicy = part<aws.s3.BucketPolicyArgs>({
  cloudFormation: { type: "AWS::S3::BucketPolicy", names: { policy: "PolicyDocument" } },
  inputs: ["policy"],
  json: ["policy"],
  checks: { policy: (text) => policy(text, "resource") },
  put: (c, name, { policy: document }) => c.call("s3", "PutBucketPolicy", { Bucket: name, Policy: document }),
  get: (c, name) => c.call("s3", "GetBucketPolicy", { Bucket: name }),
  remove: (c, name) => c.call("s3", "DeleteBucketPolicy", { Bucket: name }),
});

const publicAccessBlock = part<aws.s3.BucketPublicAccessBlockArgs>({
  cloudFormation: { type: "AWS::S3::Bucket", part: "PublicAccessBlockConfiguration", address: ["bucket"] },
  inputs: ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"],
  put: (c, name, { blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets }) =>
    c.call(
      "s3",
      "PutPublicAccessBlock",
      { Bucket: name },
      {
        publicAccessBlockConfiguration: { blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets },
      },
    ),
  get: async (c, name) => (await c.call("s3", "GetPublicAccessBlock", { Bucket: name })).PublicAccessBlockConfiguration,
  remove: (c, name) => c.call("s3", "DeletePublicAccessBlock", { Bucket: name }),
});

const lifecycle = part<aws.s3.BucketLifecycleConfigurationArgs>({
  cloudFormation: { type: "AWS::S3::Bucket", part: "LifecycleConfiguration", address: ["bucket"] },
  inputs: ["rules", "transitionDefaultMinimumObjectSize"],
  put: (c, name, { rules, transitionDefaultMinimumObjectSize }) =>
    c.call(
      "s3",
      "PutBucketLifecycleConfiguration",
      { Bucket: name },
      {
        lifecycleConfiguration: { rules },
        transitionDefaultMinimumObjectSize,
      },
    ),
  get: (c, name) => c.call("s3", "GetBucketLifecycleConfiguration", { Bucket: name }),
  remove: (c, name) => c.call("s3", "DeleteBucketLifecycle", { Bucket: name }),
});

const ownership = part<aws.s3.BucketOwnershipControlsArgs>({
  cloudFormation: { type: "AWS::S3::Bucket", address: ["bucket"], names: { rule: "OwnershipControls/Rules" } },
  inputs: ["rule"],
  required: ["rule"],
  put: (c, name, { rule }) =>
    c.call("s3", "PutBucketOwnershipControls", { Bucket: name }, { ownershipControls: { rules: [rule] } }),
  get: async (c, name) => {
    const { OwnershipControls: controls } = await c.call("s3", "GetBucketOwnershipControls", { Bucket: name });
    return { rule: controls?.Rules };
  },
  remove: (c, name) => c.call("s3", "DeleteBucketOwnershipControls", { Bucket: name }),
});

const notification = part<aws.s3.BucketNotificationArgs>(bucketNotification);

export const S3: ResourceTable = {
  "aws:s3/bucket:Bucket": bucket,
  "aws:s3/bucketVersioning:BucketVersioning": versioning,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
  "aws:s3/bucketPolicy:BucketPolicy": bucketPolicy,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": publicAccessBlock,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ownership,
  "aws:s3/bucketNotification:BucketNotification": notification,
};
