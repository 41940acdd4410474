import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { alertingServices, PlatformComponent } from "./component";
import { accountPrincipals, literally, type Statement } from "./iam";
import { privateBucket, type PrivateBucketTransform } from "./private-bucket";

/** Folder of what Athena answers. */
export const QUERY_RESULTS = "query-results";

/** What a model package refers to: all that a promotion copies. */
export const PROMOTED = ["*/model/*", "*/baselines/*", "*/evaluation/golden/*"];

export interface StorageArgs extends ComponentArgs {
  /** Beginning of every key, without slashes at its ends. Default: `fraud`. */
  prefix?: string;
  /**
   * An existing bucket to use instead of making one. Nothing about it is changed: its encryption, policy, versions
   * and lifecycle stay its owner's, and EventBridge notifications must be on for the stream to hear of new objects
   * (a bucket has one notification configuration, which this program would replace).
   */
  bucketName?: string;
  /** Whether the bucket and its key outlive the stack. Default: true. Without it, destroy deletes every object. */
  retainOnDelete?: boolean;
  /** Whether Pulumi refuses to delete the bucket and its key. Default: false. */
  protect?: boolean;
  /**
   * Accounts whose stacks take promoted models from here: they may read models, baselines and golden samples. Of an
   * adopted bucket its owner lets them in. Default: none.
   */
  readerAccountIds?: readonly string[];
  transform?: PrivateBucketTransform & { key?: Transform<aws.kms.KeyArgs> };
}

/**
 * What the platform keeps: a bucket (made or adopted) under one prefix, and the key that encrypts it, the tables and
 * the alerts. A bucket that is made has versions, encryption, no public access, TLS only, and archives what is old.
 *
 * @example
 * const storage = new Storage("storage", { prefix: "fraud" });
 * new ServiceRole("reader", { services: ["lambda.amazonaws.com"], statements: storage.reading("raw/*") });
 */
export class Storage extends PlatformComponent {
  readonly bucketName: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;
  readonly prefix: string;
  /** Options of everything that holds data: it outlives the stack where the configuration says so. */
  readonly dataOptions: Pick<pulumi.CustomResourceOptions, "retainOnDelete" | "protect">;

  constructor(name: string, args: StorageArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("Storage", name, args, options);

    this.prefix = args.prefix ?? "fraud";
    this.dataOptions = { retainOnDelete: args.retainOnDelete ?? true, protect: args.protect ?? false };

    const key = this.makeKey(args);
    if (args.bucketName === undefined) {
      const bucket = this.makeBucket(key, args);
      this.bucketName = bucket.bucket;
      this.bucketArn = bucket.arn;
    } else {
      this.bucketName = pulumi.output(args.bucketName);
      this.bucketArn = pulumi.interpolate`arn:${this.place.partition}:s3:::${args.bucketName}`;
    }
    this.keyArn = key.arn;

    this.registerOutputs({ bucketName: this.bucketName, prefix: this.prefix, keyArn: this.keyArn });
  }

  /** `s3://{bucket}/{prefix}/{path}`. */
  uri(path: string): pulumi.Output<string> {
    return pulumi.interpolate`s3://${this.bucketName}/${this.prefix}/${path}`;
  }

  /** Pattern of the events of objects that come to lie under the prefix, at any of the keys or beginnings of keys. */
  created(...keys: (string | { prefix: string })[]) {
    const key = keys.map((each) =>
      typeof each === "string" ? `${this.prefix}/${each}` : { prefix: `${this.prefix}/${each.prefix}` },
    );
    return {
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: { bucket: { name: [this.bucketName] }, object: { key } },
    };
  }

  /** What reading the objects under the prefix that match `patterns` (e.g. `raw/*`) takes, listing included. */
  reading(...patterns: string[]): Statement[] {
    return [
      { actions: ["s3:GetObject", "s3:GetObjectVersion"], resources: this.objects(patterns) },
      this.listing(...patterns),
      { actions: ["kms:Decrypt"], resources: [this.keyArn] },
    ];
  }

  /** What writing objects under the prefix that match `patterns` takes, in parts if they are long. */
  writing(...patterns: string[]): Statement[] {
    return [
      { actions: ["s3:PutObject", "s3:AbortMultipartUpload"], resources: this.objects(patterns) },
      // A multipart upload is put together from parts that S3 decrypts first.
      { actions: ["kms:GenerateDataKey", "kms:Decrypt"], resources: [this.keyArn] },
    ];
  }

  /** What deleting objects under the prefix that match `patterns` takes; a version of each stays. */
  deleting(...patterns: string[]): Statement {
    return { actions: ["s3:DeleteObject"], resources: this.objects(patterns) };
  }

  /** What using data of another service (a table, a topic) that the key encrypts takes. */
  usingKey(): Statement {
    return { actions: ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], resources: [this.keyArn] };
  }

  /** What having a service of AWS's encrypt disks with the key, for as long as they are in use, takes. */
  lendingKey(): Statement {
    return {
      actions: ["kms:CreateGrant"],
      resources: [this.keyArn],
      conditions: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    };
  }

  private objects(patterns: readonly string[]): pulumi.Output<string>[] {
    return patterns.map((pattern) => pulumi.interpolate`${this.bucketArn}/${literally(this.prefix)}/${pattern}`);
  }

  /** What listing the objects under the prefix that match `patterns` takes. */
  listing(...patterns: string[]): Statement {
    return {
      actions: ["s3:ListBucket"],
      resources: [this.bucketArn],
      conditions: { StringLike: { "s3:prefix": patterns.map((pattern) => `${literally(this.prefix)}/${pattern}`) } },
    };
  }

  /** Lets other accounts read what a promoted model consists of, and nothing else. */
  private promotionReads(bucketArn: pulumi.Output<string>, accountIds: readonly string[]): object[] {
    if (accountIds.length === 0) return [];
    const Principal = { AWS: accountPrincipals(accountIds, this.place.partition) };
    const patterns = PROMOTED.map((pattern) => `${literally(this.prefix)}/${pattern}`);
    return [
      {
        Sid: "PromotionReads",
        Effect: "Allow",
        Principal,
        Action: ["s3:GetObject"],
        Resource: patterns.map((pattern) => pulumi.interpolate`${bucketArn}/${pattern}`),
      },
      {
        Sid: "PromotionLists",
        Effect: "Allow",
        Principal,
        Action: ["s3:ListBucket"],
        Resource: [bucketArn],
        Condition: { StringLike: { "s3:prefix": patterns } },
      },
    ];
  }

  private makeKey(args: StorageArgs): aws.kms.Key {
    const { accountId, partition } = this.place;
    const key = this.child(
      aws.kms.Key,
      "key",
      {
        description: `Encrypts the data of ${pulumi.getProject()}, stack ${pulumi.getStack()}`,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              // AWS's own default: without it nobody could ever change this policy, and no role could be let in.
              Sid: "AccountGrantsThroughIam",
              Effect: "Allow",
              Principal: { AWS: pulumi.interpolate`arn:${partition}:iam::${accountId}:root` },
              Action: "kms:*",
              Resource: "*",
            },
            {
              // Alarms, events and budgets reach an encrypted topic only so.
              Sid: "ServicesPublish",
              Effect: "Allow",
              Principal: { Service: [...alertingServices] },
              Action: ["kms:Decrypt", "kms:GenerateDataKey"],
              Resource: "*",
              Condition: { StringEquals: { "aws:SourceAccount": accountId } },
            },
            ...(args.readerAccountIds === undefined || args.readerAccountIds.length === 0
              ? []
              : [
                  {
                    Sid: "PromotionReads",
                    Effect: "Allow",
                    Principal: { AWS: accountPrincipals(args.readerAccountIds, partition) },
                    Action: ["kms:Decrypt", "kms:DescribeKey"],
                    Resource: "*",
                    Condition: {
                      StringEquals: { "kms:ViaService": pulumi.interpolate`s3.${this.place.region}.amazonaws.com` },
                    },
                  },
                ]),
          ],
        }),
        tags: this.tags,
      },
      args.transform?.key,
      this.dataOptions,
    );
    this.child(aws.kms.Alias, "key", {
      name: `alias/${pulumi.getProject()}-${pulumi.getStack()}-${this.childName("key")}`,
      targetKeyId: key.keyId,
    });
    return key;
  }

  private makeBucket(key: aws.kms.Key, args: StorageArgs): aws.s3.Bucket {
    // The settings stay with a bucket that stays: a retained bucket must not become public or lose its encryption.
    const options = this.dataOptions;
    const name = this.childName("bucket");
    const bucket = privateBucket(this, name, {
      keyArn: key.arn,
      lifecycleRules: lifecycleRules(this.prefix),
      forceDestroy: !options.retainOnDelete,
      policyStatements: (bucketArn) => this.promotionReads(bucketArn, args.readerAccountIds ?? []),
      tags: this.tags,
      options,
      transform: args.transform,
    });
    this.child(aws.s3.BucketNotification, "bucket", { bucket: bucket.bucket, eventbridge: true }, undefined, options);
    return bucket;
  }
}

/**
 * What happens to objects with time. Current ones go to the Glacier class that answers at once, because training may
 * read any of them; versions that were replaced go to the one that takes hours, then away.
 */
function lifecycleRules(prefix: string): aws.types.input.s3.BucketLifecycleConfigurationRule[] {
  return [
    {
      id: "archive",
      status: "Enabled",
      filter: { prefix: `${prefix}/` },
      transitions: [{ days: 90, storageClass: "GLACIER_IR" }],
      noncurrentVersionTransitions: [{ noncurrentDays: 30, storageClass: "GLACIER" }],
      noncurrentVersionExpiration: { noncurrentDays: 365 },
    },
    {
      // Answers of queries, which can be asked again.
      id: "query-results",
      status: "Enabled",
      filter: { prefix: `${prefix}/${QUERY_RESULTS}/` },
      expiration: { days: 30 },
    },
    {
      // What transform jobs read and wrote: scored rows are in the predictions by then.
      id: "transform-jobs",
      status: "Enabled",
      filter: { prefix: `${prefix}/transform/` },
      expiration: { days: 14 },
      noncurrentVersionExpiration: { noncurrentDays: 1 },
    },
    {
      id: "abandoned-uploads",
      status: "Enabled",
      filter: { prefix: "" },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
    },
  ];
}
