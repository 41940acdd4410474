import { randomInt } from "node:crypto";

/** Partitions other than the commercial one, by what the names of their regions begin with. */
const PARTITIONS = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"],
] as const;

/** The partition that a region belongs to, as ARNs begin with it. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(([start]) => region.startsWith(start))?.[1] ?? "aws";
}

/** The ARNs of one account and region. */
export class Arns {
  constructor(
    readonly region: string,
    readonly accountId: string,
  ) {}

  /** @param resource for example `training-job/name` */
  sagemaker(resource: string): string {
    return `arn:${partitionOf(this.region)}:sagemaker:${this.region}:${this.accountId}:${resource}`;
  }
}

/** The last part of an ARN, or the text itself when it is a name: many inputs take either. */
export function nameOf(nameOrArn: string): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1) : nameOrArn;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Lower-case letters and digits as SageMaker puts them into ids. */
export function randomId(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join("");
}
