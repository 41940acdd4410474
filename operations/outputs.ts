// Where the commands of operations/ learn of the stack that they are for.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type * as t from "io-ts";
import { decodeJson } from "../functions/shared/decode";
import { projectRoot, tools } from "../local/tools";

export interface WhichStack {
  /** Its name. Default: the one that Pulumi has selected. */
  stack?: string;
  /** File of `pulumi stack output --json`, where the stack itself can't be read. */
  outputs?: string;
}

/**
 * A stack's outputs: a file's, those of the variable FRAUD_OUTPUTS, or what `pulumi stack output` prints. The SDK's
 * clients that are made from here on go to the stack's region, where AWS_REGION names none.
 *
 * @throws DecodeError naming every output that is missing or wrong; Error where FRAUD_OUTPUTS tells of another stack
 */
export async function stackOutputs<A extends { mlflowArn: string; stack?: string }>(
  codec: t.Type<A, unknown, unknown>,
  { stack, outputs: file }: WhichStack,
): Promise<A> {
  const told = file === undefined ? process.env.FRAUD_OUTPUTS : readFileSync(file, "utf8");
  const outputs = decodeJson(codec, told ?? (await pulumiOutput(stack)), "The stack's outputs");
  if (stack !== undefined && outputs.stack !== undefined && outputs.stack !== stack) {
    const where = file ?? "FRAUD_OUTPUTS";
    throw new Error(`${where} tells of the stack ${outputs.stack}, not of ${stack}: leave one of the two out`);
  }
  const region = outputs.mlflowArn.split(":")[3];
  if (region) process.env.AWS_REGION ??= region;
  return outputs;
}

/** What `pulumi stack output` prints as JSON: all outputs that are no secrets, or what `more` asks for. */
export async function pulumiOutput(stack: string | undefined, ...more: string[]): Promise<string> {
  const args = ["stack", "output", ...more, "--json", ...(stack === undefined ? [] : ["--stack", stack])];
  return (await promisify(execFile)(tools().pulumi, args, { cwd: projectRoot })).stdout;
}
