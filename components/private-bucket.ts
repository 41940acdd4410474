import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { transformed, type Transform } from "./component";

export interface PrivateBucketTransform {
  bucket?: Transform<aws.s3.BucketArgs>;
  lifecycle?: Transform<aws.s3.BucketLifecycleConfigurationArgs>;
  policy?: Transform<aws.s3.BucketPolicyArgs>;
}

export interface PrivateBucketArgs {
  /** Key that encrypts what lies in the bucket. */
  keyArn: pulumi.Input<string>;
  lifecycleRules: aws.types.input.s3.BucketLifecycleConfigurationRule[];
  /** Whether destroy deletes the objects with the bucket. */
  forceDestroy: boolean;
  /** Of its policy, besides those that ask for TLS. Default: none. */
  policyStatements?: (bucketArn: pulumi.Output<string>) => object[];
  tags: Record<string, string>;
  /** Options of the bucket and of each of its settings. */
  options?: pulumi.CustomResourceOptions;
  transform?: PrivateBucketTransform | undefined;
}

/**
 * A bucket with versions, encryption by a key, no public access and TLS only: the bucket and all of its settings are
 * children of `parent`, and all have the same name.
 */
export function privateBucket(parent: pulumi.Resource, name: string, args: PrivateBucketArgs): aws.s3.Bucket {
  const options: pulumi.CustomResourceOptions = { parent, ...args.options };
  const { transform = {} } = args;
  const chosen = <Args>(change: Transform<Args> | undefined, properties: Args, own = options): Args =>
    transformed(change, properties, own, name);

  const bucket = new aws.s3.Bucket(
    name,
    chosen(transform.bucket, { forceDestroy: args.forceDestroy, tags: args.tags }),
    options,
  );
  new aws.s3.BucketOwnershipControls(
    name,
    { bucket: bucket.bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
    options,
  );
  const publicAccess = new aws.s3.BucketPublicAccessBlock(
    name,
    {
      bucket: bucket.bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    options,
  );
  // S3 refuses two changes of a bucket's access settings at the same time.
  const policyOptions = { ...options, dependsOn: [publicAccess] };
  new aws.s3.BucketPolicy(
    name,
    chosen(
      transform.policy,
      { bucket: bucket.bucket, policy: bucketPolicy(bucket.arn, args.policyStatements?.(bucket.arn) ?? []) },
      policyOptions,
    ),
    policyOptions,
  );
  const versioning = new aws.s3.BucketVersioning(
    name,
    { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
    options,
  );
  new aws.s3.BucketServerSideEncryptionConfiguration(
    name,
    {
      bucket: bucket.bucket,
      rules: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: args.keyArn },
          bucketKeyEnabled: true,
        },
      ],
    },
    options,
  );
  const lifecycleOptions = { ...options, dependsOn: [versioning] };
  new aws.s3.BucketLifecycleConfiguration(
    name,
    chosen(transform.lifecycle, { bucket: bucket.bucket, rules: args.lifecycleRules }, lifecycleOptions),
    lifecycleOptions,
  );
  return bucket;
}

/** A bucket policy that refuses whoever does not speak TLS 1.2 or newer, and says what else it is given. */
function bucketPolicy(bucketArn: pulumi.Output<string>, others: readonly object[]): pulumi.Output<string> {
  const everything = {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucketArn, pulumi.interpolate`${bucketArn}/*`],
  };
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      { Sid: "TlsOnly", ...everything, Condition: { Bool: { "aws:SecureTransport": "false" } } },
      { Sid: "Tls12OrNewer", ...everything, Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
      ...others,
    ],
  });
}
