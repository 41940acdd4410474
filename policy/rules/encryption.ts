import type { Declared, ResourceRule, StackRule } from "../rule";
import { about, at, isObject, listOf } from "../rule";
import { statementsOf } from "./documents";

const level = "mandatory";

/** Buckets of a stack that a resource of another type refers to and satisfies. */
function bucketsWith(resources: readonly Declared[], type: string, isFine: (props: Declared["props"]) => boolean) {
  return new Set(resources.filter((one) => one.type === type && isFine(one.props)).map(({ props }) => props["bucket"]));
}

export const encryptedBuckets: StackRule = {
  name: "encrypted-buckets",
  description: "Buckets encrypt with a key of the stack's own, and answer over TLS only.",
  level,
  checkStack(resources) {
    const encrypted = bucketsWith(
      resources,
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      ({ rules }) =>
        listOf(rules).some((rule) => at(rule, "applyServerSideEncryptionByDefault", "kmsMasterKeyId") !== undefined),
    );
    const tls = bucketsWith(resources, "aws:s3/bucketPolicy:BucketPolicy", ({ policy }) => refusesPlainHttp(policy));
    return resources
      .filter(({ type }) => type === "aws:s3/bucket:Bucket")
      .flatMap(({ urn, props }) => [
        ...(encrypted.has(props["bucket"])
          ? []
          : [
              {
                urn,
                problem: "the bucket is not encrypted with a key of the stack's: add its encryption configuration",
              },
            ]),
        ...(tls.has(props["bucket"])
          ? []
          : [{ urn, problem: "the bucket answers plain HTTP: deny it where aws:SecureTransport is false" }]),
      ]);
  },
};

function refusesPlainHttp(policy: unknown): boolean {
  return statementsOf(policy).some(
    ({ effect, conditions }) => effect === "Deny" && String(at(conditions, "Bool", "aws:SecureTransport")) === "false",
  );
}

/** Types that encrypt with a key where they are given one. */
const WITH_KEY: Record<string, { isFine: (props: Declared["props"]) => boolean; remedy: string }> = {
  "aws:dynamodb/table:Table": {
    isFine: ({ serverSideEncryption }) =>
      at(serverSideEncryption, "enabled") === true && at(serverSideEncryption, "kmsKeyArn") !== undefined,
    remedy: "set serverSideEncryption with enabled and kmsKeyArn",
  },
  "aws:sns/topic:Topic": {
    isFine: ({ kmsMasterKeyId }) => kmsMasterKeyId !== undefined && kmsMasterKeyId !== "",
    remedy: "set kmsMasterKeyId",
  },
  "aws:sqs/queue:Queue": {
    isFine: ({ kmsMasterKeyId, sqsManagedSseEnabled }) =>
      (kmsMasterKeyId !== undefined && kmsMasterKeyId !== "") || sqsManagedSseEnabled === true,
    remedy: "set sqsManagedSseEnabled or kmsMasterKeyId",
  },
  "aws:codepipeline/pipeline:Pipeline": {
    isFine: ({ artifactStores, artifactStore }) =>
      [...listOf(artifactStores), ...listOf(artifactStore)].every(
        (store) => at(store, "encryptionKey", "id") !== undefined,
      ),
    remedy: "set encryptionKey of each artifact store",
  },
  "aws:athena/workgroup:Workgroup": {
    isFine: ({ configuration }) =>
      at(configuration, "enforceWorkgroupConfiguration") !== false &&
      at(configuration, "resultConfiguration", "encryptionConfiguration", "kmsKeyArn") !== undefined,
    remedy: "set encryptionConfiguration of its results, with kmsKeyArn, and enforce its configuration",
  },
};

export const encryptedAtRest: ResourceRule = {
  name: "encrypted-at-rest",
  description: "Tables, topics, queues, artifacts and answers to queries are encrypted.",
  level,
  check({ type, props }) {
    const rule = WITH_KEY[type];
    return rule && !rule.isFine(props) ? [`is not encrypted: ${rule.remedy}`] : [];
  },
};

export const rotatedKeys = about(
  "aws:kms/key:Key",
  { name: "rotated-keys", description: "Keys that encrypt data rotate, and stay a week once deleted.", level },
  (props) => {
    const symmetric = [undefined, "SYMMETRIC_DEFAULT"].includes(props["customerMasterKeySpec"] as string | undefined);
    const days = props["deletionWindowInDays"];
    return [
      ...(symmetric && props["enableKeyRotation"] !== true ? ["does not rotate: set enableKeyRotation"] : []),
      ...(typeof days === "number" && days < 7 ? [`is gone ${days} days after its deletion: set 7 or more`] : []),
    ];
  },
);

/** What looks like a secret by its name. */
const SECRET_NAME = /(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_?KEY|API_?KEY|CREDENTIAL)S?$/i;
/** What is a secret by its form: keys of AWS's, private keys, tokens of GitHub's. */
const SECRET_FORM = /\bAKIA[0-9A-Z]{16}\b|-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{36}\b/;
const REFERENCE = /^arn:[\w-]+:(secretsmanager|ssm|kms):/;

export const noPlaintextSecrets: ResourceRule = {
  name: "no-plaintext-secrets",
  description: "No secret stands in an environment or a document: functions and tasks are given its ARN.",
  level,
  check({ type, props }) {
    if (!type.startsWith("aws:") || type.startsWith("aws:secretsmanager/")) return [];
    return found(props, "");
  },
};

function found(value: unknown, path: string): string[] {
  if (typeof value === "string") {
    const isJson = /^\s*[[{]/.test(value);
    if (isJson) return nested(value, path);
    return SECRET_FORM.test(value) ? [`${path} holds a secret: keep it in Secrets Manager and give its ARN`] : [];
  }
  if (Array.isArray(value))
    return value.flatMap((one, index) => [...pair(one, `${path}[${index}]`), ...found(one, `${path}[${index}]`)]);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = path ? `${path}.${name}` : name;
    return [...(/(^|\.)(variables|environment)$/.test(path) ? named(name, inner, here) : []), ...found(inner, here)];
  });
}

/** Containers have their variables as pairs. */
function pair(one: unknown, path: string): string[] {
  return isObject(one) && typeof one["name"] === "string" ? named(one["name"], one["value"], path) : [];
}

function named(name: string, value: unknown, path: string): string[] {
  if (!SECRET_NAME.test(name) || typeof value !== "string" || value === "" || REFERENCE.test(value)) return [];
  return [`${path}: ${name} is a secret by its name: keep it in Secrets Manager and give its ARN`];
}

function nested(text: string, path: string): string[] {
  try {
    return found(JSON.parse(text), path);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
