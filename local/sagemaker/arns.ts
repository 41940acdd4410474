import { randomInt } from "node:crypto";

/** The ARNs of one account and region. */
export class Arns {
  constructor(
    readonly region: string,
    readonly accountId: string,
  ) {}

  /** @param resource for example `training-job/name` */
  sagemaker(resource: string): string {
    return `arn:aws:sagemaker:${this.region}:${this.accountId}:${resource}`;
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
