import Decimal from "decimal.js";
import { either } from "fp-ts";
import * as t from "io-ts";
import { leaf, text, type Violation } from "./codec";
import { hostingInstanceTypes, processingInstanceTypes, trainingInstanceTypes } from "./instance-types";
import { suggest } from "./nearest";

/** Decimal arithmetic without rounding for any ratio that a person would write. */
const Exact = Decimal.clone({ precision: 200 });

function canonicalRatio(value: unknown): string | undefined {
  const written = typeof value === "number" || (typeof value === "string" && /^(?:\d+|\d*\.\d{1,60})$/.test(value));
  if (!written) return undefined;
  const decimal = new Exact(value);
  return decimal.greaterThan(0) && decimal.lessThan(1) ? decimal.toFixed() : undefined;
}

const CanonicalRatio = leaf(
  "Ratio",
  (value): value is string => typeof value === "string" && canonicalRatio(value) === value,
  "is not a decimal above 0 and below 1",
  'give a decimal such as 0.7 or "0.7"',
);

/** A share of the rows, above 0 and below 1: a number, or a decimal in quotes. Decodes to a decimal string ("0.7"). */
export const Ratio = new t.Type<string, string, unknown>(
  "Ratio",
  (value): value is string => CanonicalRatio.is(value),
  (value, context) => CanonicalRatio.validate(canonicalRatio(value) ?? value, context),
  t.identity,
);
export type Ratio = t.TypeOf<typeof Ratio>;

export interface Ratios {
  readonly trainRatio: string;
  readonly validationRatio: string;
  readonly testRatio: string;
}

/** The three shares sum to exactly 1, in decimal arithmetic (0.7 + 0.2 + 0.1 does). */
export function ratiosSumToOne({ trainRatio, validationRatio, testRatio }: Ratios): Violation[] {
  const sum = new Exact(trainRatio).plus(validationRatio).plus(testRatio);
  if (sum.equals(1)) return [];
  const rest = new Exact(1).minus(validationRatio).minus(testRatio);
  return [
    {
      path: "trainRatio",
      value: trainRatio,
      problem: `+ validationRatio ${validationRatio} + testRatio ${testRatio} is ${sum.toFixed()}, not exactly 1`,
      remedy: rest.greaterThan(0)
        ? `make it ${rest.toFixed()}, or change the others`
        : "lower validationRatio and testRatio",
    },
  ];
}

function instanceType(name: string, use: string, known: readonly string[]): t.Type<string> {
  const set = new Set(known);
  const is = (value: unknown): value is string => typeof value === "string" && set.has(value);
  return new t.Type<string, string, unknown>(
    name,
    is,
    (value, context) => {
      if (is(value)) return t.success(value);
      const hint = typeof value === "string" ? suggest(value, known) : 'give a name such as "ml.m5.large"';
      const checked = leaf(name, is, `is not an instance type that ${use}`, hint).validate(value, context);
      return either.isLeft(checked) ? checked : t.success(checked.right);
    },
    t.identity,
  );
}

/** An instance type that a processing job can run on. */
export const ProcessingInstance = instanceType(
  "ProcessingInstance",
  "a processing job can run on",
  processingInstanceTypes,
);
export type ProcessingInstance = t.TypeOf<typeof ProcessingInstance>;

/** An instance type that a training job can run on. */
export const TrainingInstance = instanceType("TrainingInstance", "a training job can run on", trainingInstanceTypes);
export type TrainingInstance = t.TypeOf<typeof TrainingInstance>;

/** An instance type that an endpoint can run on. */
export const HostingInstance = instanceType("HostingInstance", "an endpoint can run on", hostingInstanceTypes);
export type HostingInstance = t.TypeOf<typeof HostingInstance>;

export const AccountId = text("an AWS account's id", /\d{12}/, 'give its 12 digits, in quotes, such as "123456789012"');
export type AccountId = t.TypeOf<typeof AccountId>;

/** An ARN of the given service whose resource part matches. */
export function arn(service: string, resource: RegExp, example: string): t.Type<string> {
  const pattern = new RegExp(`arn:aws(?:-[a-z]+)*:(?:${service}):[a-z0-9-]*:\\d{12}:(?:${resource.source})`);
  return text(`an ARN of ${service.split("|").join(" or ")}`, pattern, `give an ARN such as ${example}`);
}

export const RoleArn = arn("iam", /role\/[\w+=,.@/-]+/, "arn:aws:iam::123456789012:role/name");
export type RoleArn = t.TypeOf<typeof RoleArn>;

/** A name that SageMaker takes for pipelines, endpoints, jobs: letters, digits, single hyphens inside. */
export function sageMakerName(maxLength: number): t.Type<string> {
  return text(
    `a SageMaker name of at most ${maxLength} characters`,
    new RegExp(`(?=.{1,${maxLength}}$)[a-zA-Z0-9](?:-*[a-zA-Z0-9])*`),
    `use letters, digits and hyphens (neither first nor last), at most ${maxLength} characters`,
  );
}

/** A folder in a bucket: no slash at either end, none doubled. */
export const S3Prefix = text(
  "an S3 prefix without a slash at its start or end",
  /(?=.{1,512}$)[\w!.*'() -]+(?:\/[\w!.*'() -]+)*/,
  "write folder/folder: no slash first or last, none doubled, and letters, digits or ! - _ . * ' ( ) between",
);
export type S3Prefix = t.TypeOf<typeof S3Prefix>;

/**
 * The folder of all that a stack keeps. A model's package names objects below it in its metadata, where SageMaker takes
 * at most 256 characters, and fewer kinds of them than S3 does.
 */
export const StoragePrefix = text(
  "a folder that a model's metadata can name",
  /(?=.{1,128}$)[\w. -]+(?:\/[\w. -]+)*/,
  "write folder/folder of at most 128 characters: no slash first or last, none doubled, and letters, digits, spaces or - _ . between",
);
export type StoragePrefix = t.TypeOf<typeof StoragePrefix>;

export const BucketName = text(
  "a bucket name",
  /(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]|\.(?!\.))*[a-z0-9]/,
  "use 3 to 63 lower-case letters, digits, hyphens and dots",
);
export type BucketName = t.TypeOf<typeof BucketName>;

export const S3Uri = text("an S3 URI", /s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/.*)?/, "give s3://bucket/folder");
export type S3Uri = t.TypeOf<typeof S3Uri>;

/** `major.minor-build` as SageMaker's images are tagged. */
export const FrameworkVersion = text(
  "a framework version",
  /\d+\.\d+-\d+/,
  'give a version in quotes, such as "3.0-5"',
);
export type FrameworkVersion = t.TypeOf<typeof FrameworkVersion>;

/** Identifiers of parts of a VPC. */
export const VpcId = text("a VPC's id", /vpc-[0-9a-f]{8,17}/, "give an id such as vpc-0123456789abcdef0");
export const SubnetId = text("a subnet's id", /subnet-[0-9a-f]{8,17}/, "give an id such as subnet-0123456789abcdef0");
export const SecurityGroupId = text(
  "a security group's id",
  /sg-[0-9a-f]{8,17}/,
  "give an id such as sg-0123456789abcdef0",
);
