import type * as aws from "@pulumi/aws";
import type { Plain } from "../../../../local/provider/values";
import { examples, OTHER_TAGS, policy, TAGS, type Examples } from "./examples";
import { fileAsset, type World } from "./world";

const ANOTHER_BUCKET = "another-bucket";

function reading(bucket: string, action: string): string {
  return policy({ Principal: { AWS: "123456789012" }, Action: action, Resource: `arn:aws:s3:::${bucket}/*` });
}

async function bucketFor(w: World, part: string): Promise<{ bucket: string }> {
  return { bucket: (await w.bucket(`bucket-${part}`)).id };
}

/** Examples of S3, DynamoDB and KMS. */
export const STORAGE: Record<string, Examples> = {
  "aws:s3/bucket:Bucket": examples<aws.s3.BucketArgs>((w) => [
    {
      inputs: { bucket: w.name(), forceDestroy: false, objectLockEnabled: false, tags: TAGS },
      others: { bucket: ANOTHER_BUCKET, forceDestroy: true, objectLockEnabled: true, tags: OTHER_TAGS },
    },
  ]),
  "aws:s3/bucketObjectv2:BucketObjectv2": examples<aws.s3.BucketObjectv2Args>(async (w) => {
    const file = (text: string) => fileAsset(text) as Plain<aws.s3.BucketObjectv2Args>["source"];
    return [
      {
        inputs: {
          bucket: (await w.bucket()).id,
          key: `scripts/${w.name()}.py`,
          source: file("print(1)"),
          contentType: "text/x-python",
        },
        others: {
          bucket: (await w.bucket("other-bucket")).id,
          key: "scripts/another.py",
          source: file("print(2)"),
          contentType: "text/plain",
        },
      },
    ];
  }),
  "aws:s3/bucketVersioning:BucketVersioning": examples<aws.s3.BucketVersioningArgs>(async (w) => [
    {
      inputs: { ...(await bucketFor(w, "versions")), versioningConfiguration: { status: "Enabled" } },
      others: { bucket: ANOTHER_BUCKET, versioningConfiguration: { status: "Suspended" } },
    },
  ]),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration":
    examples<aws.s3.BucketServerSideEncryptionConfigurationArgs>(async (w) => {
      const rule = (kmsMasterKeyId: string) => ({
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId },
        bucketKeyEnabled: true,
      });
      return [
        {
          inputs: { ...(await bucketFor(w, "encryption")), rules: [rule((await w.key()).arn)] },
          others: { bucket: ANOTHER_BUCKET, rules: [rule((await w.key("other-key")).arn)] },
        },
      ];
    }),
  "aws:s3/bucketPolicy:BucketPolicy": examples<aws.s3.BucketPolicyArgs>(async (w) => {
    const { bucket } = await bucketFor(w, "policy");
    return [
      {
        inputs: { bucket, policy: reading(bucket, "s3:GetObject") },
        others: { bucket: ANOTHER_BUCKET, policy: reading(bucket, "s3:GetObjectVersion") },
      },
    ];
  }),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": examples<aws.s3.BucketPublicAccessBlockArgs>(async (w) => [
    {
      inputs: {
        ...(await bucketFor(w, "public")),
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      others: {
        blockPublicAcls: false,
        blockPublicPolicy: false,
        bucket: ANOTHER_BUCKET,
        ignorePublicAcls: false,
        restrictPublicBuckets: false,
      },
    },
  ]),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": examples<aws.s3.BucketLifecycleConfigurationArgs>(
    async (w) => {
      const rule = (days: number, prefix: string) => ({
        id: "old",
        status: "Enabled",
        filter: { prefix },
        transitions: [{ days, storageClass: "GLACIER" }],
        expiration: { days: days + 100 },
        noncurrentVersionExpiration: { noncurrentDays: days },
      });
      return [
        {
          inputs: {
            ...(await bucketFor(w, "lifecycle")),
            rules: [rule(30, "raw/")],
            transitionDefaultMinimumObjectSize: "all_storage_classes_128K",
          },
          others: {
            bucket: ANOTHER_BUCKET,
            rules: [rule(60, "raw/"), { id: "more", status: "Disabled", expiration: { days: 1 } }],
            transitionDefaultMinimumObjectSize: "varies_by_storage_class",
          },
        },
      ];
    },
  ),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": examples<aws.s3.BucketOwnershipControlsArgs>(async (w) => [
    {
      inputs: { ...(await bucketFor(w, "owner")), rule: { objectOwnership: "BucketOwnerEnforced" } },
      others: { bucket: ANOTHER_BUCKET, rule: { objectOwnership: "ObjectWriter" } },
    },
  ]),
  "aws:s3/bucketNotification:BucketNotification": examples<aws.s3.BucketNotificationArgs>(async (w) => {
    const [queue, topic, lambda] = [await w.queue(), await w.topic(), await w.function()];
    const events = ["s3:ObjectCreated:*"];
    return [
      {
        inputs: {
          ...(await bucketFor(w, "notification")),
          eventbridge: true,
          lambdaFunctions: [{ id: "function", lambdaFunctionArn: lambda.arn, events, filterPrefix: "a/" }],
          queues: [{ id: "queue", queueArn: queue.arn, events, filterSuffix: ".csv" }],
          topics: [{ id: "topic", topicArn: topic.arn, events, filterPrefix: "b/", filterSuffix: ".json" }],
        },
        others: {
          bucket: ANOTHER_BUCKET,
          eventbridge: false,
          lambdaFunctions: [{ id: "function", lambdaFunctionArn: lambda.arn, events, filterPrefix: "c/" }],
          queues: [
            { id: "queue", queueArn: queue.arn, events: ["s3:ObjectRemoved:*"], filterSuffix: ".csv" },
            { id: "more", queueArn: queue.arn, events, filterPrefix: "d/" },
          ],
          topics: [{ id: "topic", topicArn: topic.arn, events, filterPrefix: "b/", filterSuffix: ".xml" }],
        },
      },
    ];
  }),
  "aws:dynamodb/table:Table": examples<aws.dynamodb.TableArgs>(async (w) => {
    const index = { name: "by-day", hashKey: "day", projectionType: "ALL" };
    const attributes = ["id", "day", "hour", "minute"].map((name) => ({ name, type: "S" }));
    const keys = attributes.filter(({ name }) => name !== "minute");
    return [
      {
        inputs: {
          name: w.name(),
          attributes: keys,
          billingMode: "PAY_PER_REQUEST",
          deletionProtectionEnabled: false,
          globalSecondaryIndexes: [index, { ...index, name: "by-hour", hashKey: "hour" }],
          hashKey: "id",
          localSecondaryIndexes: [{ name: "local", rangeKey: "hour", projectionType: "ALL" }],
          pointInTimeRecovery: { enabled: false },
          rangeKey: "day",
          serverSideEncryption: { enabled: true, kmsKeyArn: (await w.key()).arn },
          streamEnabled: true,
          streamViewType: "NEW_IMAGE",
          tableClass: "STANDARD",
          tags: TAGS,
          ttl: { enabled: true, attributeName: "expires" },
        },
        others: {
          globalSecondaryIndexes: [
            { ...index, projectionType: "KEYS_ONLY" },
            { ...index, name: "by-hour", hashKey: "hour" },
          ],
          hashKey: "day",
          localSecondaryIndexes: [{ name: "local", rangeKey: "hour", projectionType: "KEYS_ONLY" }],
          name: "another-table",
          pointInTimeRecovery: { enabled: true },
          rangeKey: "hour",
          serverSideEncryption: { enabled: true, kmsKeyArn: (await w.key("other-key")).arn },
          streamEnabled: false,
          tableClass: "STANDARD_INFREQUENT_ACCESS",
          tags: OTHER_TAGS,
          ttl: { enabled: false },
          billingMode: "PROVISIONED",
          deletionProtectionEnabled: true,
        },
      },
      {
        inputs: {
          name: w.name(),
          attributes: attributes.filter(({ name }) => name === "id" || name === "day"),
          hashKey: "id",
          globalSecondaryIndexes: [{ ...index, readCapacity: 1, writeCapacity: 1 }],
          billingMode: "PROVISIONED",
          readCapacity: 1,
          writeCapacity: 1,
        },
        others: { readCapacity: 2, writeCapacity: 3 },
      },
      {
        inputs: {
          name: w.name(),
          attributes,
          hashKey: "id",
          billingMode: "PAY_PER_REQUEST",
          streamEnabled: true,
          streamViewType: "NEW_IMAGE",
          globalSecondaryIndexes: ["day", "hour", "minute"].map((key) => ({
            ...index,
            name: `by-${key}`,
            hashKey: key,
          })),
        },
        others: { streamViewType: "KEYS_ONLY" },
        together: [
          {
            attributes: attributes.filter(({ name }) => name !== "minute"),
            globalSecondaryIndexes: ["day", "hour"].map((key) => ({ ...index, name: `by-${key}`, hashKey: key })),
          },
        ],
      },
    ];
  }),
  "aws:kms/key:Key": examples<aws.kms.KeyArgs>(() => {
    const owner = { Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "kms:*", Resource: "*" };
    return [
      {
        inputs: {
          customerMasterKeySpec: "SYMMETRIC_DEFAULT",
          deletionWindowInDays: 7,
          description: "one",
          enableKeyRotation: true,
          isEnabled: true,
          keyUsage: "ENCRYPT_DECRYPT",
          multiRegion: false,
          policy: policy({ Sid: "one", ...owner }),
          rotationPeriodInDays: 180,
          tags: TAGS,
        },
        others: {
          customerMasterKeySpec: "RSA_2048",
          deletionWindowInDays: 8,
          description: "other",
          rotationPeriodInDays: 365,
          enableKeyRotation: false,
          isEnabled: false,
          keyUsage: "SIGN_VERIFY",
          multiRegion: true,
          policy: policy({ Sid: "other", ...owner }),
          tags: OTHER_TAGS,
        },
      },
    ];
  }),
  "aws:kms/alias:Alias": examples<aws.kms.AliasArgs>(async (w) => [
    {
      inputs: { name: "alias/contract", targetKeyId: (await w.key()).id },
      others: { name: "alias/other", targetKeyId: (await w.key("other-key")).id },
    },
  ]),
};
