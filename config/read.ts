import * as pulumi from "@pulumi/pulumi";
import { either } from "fp-ts";
import { describeErrors } from "./codec";
import { decodeStackConfig, type StackConfig } from "./stack-config";

/** Pulumi hands over objects as JSON and everything else as bare text. */
function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    if (error instanceof SyntaxError) return value;
    throw error;
  }
}

/**
 * The configuration of the stack that is being deployed: all keys in the project's namespace.
 * @throws {Error} that lists everything that is wrong with it.
 */
export function readStackConfig(): StackConfig {
  const namespace = `${pulumi.getProject()}:`;
  const raw = Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(namespace))
      .map(([key, value]) => [key.slice(namespace.length), parse(value)]),
  );
  const decoded = decodeStackConfig(raw);
  if (either.isRight(decoded)) return decoded.right;
  const count = decoded.left.length === 1 ? "1 error" : `${decoded.left.length} errors`;
  throw new Error(
    `Pulumi.${pulumi.getStack()}.yaml has ${count}:\n${describeErrors(decoded.left, namespace)}\n` +
      "docs/architecture.md lists the keys and their defaults.",
  );
}
