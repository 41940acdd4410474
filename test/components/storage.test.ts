import { expect } from "chai";
import { allowPolicy } from "../../components/iam";
import { Storage, type StorageArgs } from "../../components/storage";
import {
  everythingRegistered,
  inputsOf,
  ofType,
  optionsOf,
  recording,
  startRecording,
  statementsOf,
  valueOf,
} from "./support/mocks";

const KEY = "aws:kms/key:Key";
const BUCKET = "aws:s3/bucket:Bucket";
const KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/storage-key";
/** What a bucket is set up with, each a resource of its own. */
const SETTINGS = [
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
  "aws:s3/bucketPolicy:BucketPolicy",
  "aws:s3/bucketVersioning:BucketVersioning",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  "aws:s3/bucketNotification:BucketNotification",
];

async function storage(args: StorageArgs = {}): Promise<Storage> {
  const made = new Storage("storage", { tags: { team: "risk" }, ...args }, recording);
  await everythingRegistered();
  return made;
}

const settingOf = (kind: string) =>
  inputsOf(`aws:s3/${kind[0]?.toLowerCase()}${kind.slice(1)}:${kind}`, "storage-bucket");

describe("storage", () => {
  beforeEach(startRecording);

  it("is encrypted with a key of its own, which rotates", async () => {
    await storage();
    expect(inputsOf(KEY, "storage-key")).to.deep.include({ enableKeyRotation: true, deletionWindowInDays: 30 });
    expect(settingOf("BucketServerSideEncryptionConfiguration").rules).to.deep.equal([
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: KEY_ARN },
        bucketKeyEnabled: true,
      },
    ]);
  });

  it("lets the account grant the key through IAM, and alarms of this account use it", async () => {
    await storage();
    const [account, alarms] = statementsOf(inputsOf(KEY, "storage-key").policy);
    expect(account).to.deep.include({ Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "kms:*" });
    expect(alarms).to.deep.include({
      Principal: { Service: ["cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"] },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
    });
  });

  it("is reached over TLS 1.2 alone, by nobody from outside", async () => {
    await storage();
    const statements = statementsOf(settingOf("BucketPolicy").policy);
    expect(statements.map(({ Condition }) => Condition)).to.deep.equal([
      { Bool: { "aws:SecureTransport": "false" } },
      { NumericLessThan: { "s3:TlsVersion": "1.2" } },
    ]);
    for (const statement of statements) {
      expect(statement).to.deep.include({
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: ["arn:aws:s3:::storage-bucket", "arn:aws:s3:::storage-bucket/*"],
      });
    }
    const { bucket, ...blocks } = settingOf("BucketPublicAccessBlock");
    expect(bucket).to.equal("storage-bucket");
    expect(Object.values(blocks)).to.deep.equal([true, true, true, true]);
    expect(settingOf("BucketOwnershipControls").rule).to.deep.equal({ objectOwnership: "BucketOwnerEnforced" });
  });

  it("keeps versions, archives what is old where it can be read at once, and tells EventBridge", async () => {
    await storage({ prefix: "cards" });
    expect(settingOf("BucketVersioning").versioningConfiguration).to.deep.equal({ status: "Enabled" });
    expect(settingOf("BucketNotification").eventbridge).to.equal(true);
    const [archive, results, transform, uploads] = settingOf("BucketLifecycleConfiguration").rules as Record<
      string,
      unknown
    >[];
    expect(archive).to.deep.include({
      status: "Enabled",
      filter: { prefix: "cards/" },
      transitions: [{ days: 90, storageClass: "GLACIER_IR" }],
      noncurrentVersionTransitions: [{ noncurrentDays: 30, storageClass: "GLACIER" }],
      noncurrentVersionExpiration: { noncurrentDays: 365 },
    });
    expect(results).to.deep.include({ filter: { prefix: "cards/query-results/" }, expiration: { days: 30 } });
    expect(transform).to.deep.include({ filter: { prefix: "cards/transform/" }, expiration: { days: 14 } });
    expect(uploads).to.deep.include({ abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } });
  });

  it("outlives the stack with all its settings, unless told otherwise", async () => {
    await storage();
    for (const type of [BUCKET, ...SETTINGS]) {
      expect(optionsOf(type, "storage-bucket"), type).to.deep.include({ retainOnDelete: true, protect: false });
    }
    expect(optionsOf(KEY, "storage-key").retainOnDelete).to.equal(true);
    expect(inputsOf(BUCKET, "storage-bucket").forceDestroy).to.equal(false);
  });

  it("goes with the stack, objects and all, when told so", async () => {
    await storage({ retainOnDelete: false });
    expect(optionsOf(BUCKET, "storage-bucket").retainOnDelete).to.equal(false);
    expect(inputsOf(BUCKET, "storage-bucket").forceDestroy).to.equal(true);
  });

  it("is protected when told so", async () => {
    const { dataOptions } = await storage({ protect: true });
    expect(optionsOf(BUCKET, "storage-bucket").protect).to.equal(true);
    expect(optionsOf(KEY, "storage-key").protect).to.equal(true);
    expect(dataOptions).to.deep.equal({ retainOnDelete: true, protect: true });
  });

  it("leaves an existing bucket as it is, and makes the key alone", async () => {
    const adopted = await storage({ bucketName: "theirs" });
    for (const type of [BUCKET, ...SETTINGS]) expect(ofType(type), type).to.deep.equal([]);
    expect(ofType(KEY)).to.have.length(1);
    expect(await valueOf(adopted.bucketArn)).to.equal("arn:aws:s3:::theirs");
    expect(await valueOf(adopted.uri("raw/x.csv"))).to.equal("s3://theirs/fraud/raw/x.csv");
  });
});

describe("storage's permissions", () => {
  beforeEach(startRecording);

  it("to read are for the named objects, their listing, and decrypting", async () => {
    const made = await storage();
    expect(statementsOf(await valueOf(allowPolicy(made.reading("raw/*", "scripts/*"))))).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectVersion"],
        Resource: ["arn:aws:s3:::storage-bucket/fraud/raw/*", "arn:aws:s3:::storage-bucket/fraud/scripts/*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::storage-bucket"],
        Condition: { StringLike: { "s3:prefix": ["fraud/raw/*", "fraud/scripts/*"] } },
      },
      { Effect: "Allow", Action: ["kms:Decrypt"], Resource: [KEY_ARN] },
    ]);
  });

  it("to write do not let read or delete", async () => {
    const made = await storage();
    const statements = statementsOf(await valueOf(allowPolicy(made.writing("quarantine/*"))));
    expect(statements).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["s3:PutObject", "s3:AbortMultipartUpload"],
        Resource: ["arn:aws:s3:::storage-bucket/fraud/quarantine/*"],
      },
      { Effect: "Allow", Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: [KEY_ARN] },
    ]);
  });

  it("to lend the key are for services of AWS alone", async () => {
    const made = await storage();
    expect(statementsOf(await valueOf(allowPolicy([made.lendingKey()])))).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["kms:CreateGrant"],
        Resource: [KEY_ARN],
        Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
      },
    ]);
  });

  it("do not take an asterisk in the prefix for a wildcard", async () => {
    const made = await storage({ prefix: "team*/fraud" });
    const [objects, listing] = statementsOf(await valueOf(allowPolicy(made.reading("raw/*"))));
    expect(objects?.Resource).to.deep.equal(["arn:aws:s3:::storage-bucket/team${*}/fraud/raw/*"]);
    expect(listing?.Condition).to.deep.equal({ StringLike: { "s3:prefix": ["team${*}/fraud/raw/*"] } });
  });
});
