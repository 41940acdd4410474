import { createHash } from "node:crypto";
import type * as aws from "@pulumi/aws";
import { jsonObject, oneOf } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { UNKNOWN, type Plain } from "../values";

type Args = aws.lambda.InvocationArgs;

const DEFAULT_KEY = "tf";

/**
 * With the life-cycle scope `CRUD` the function is told what happens to the resource, under a key of its input:
 * `{"action": "create" | "update" | "delete", "prev_input": …}`.
 */
function payload(inputs: Plain<Args>, action: string, previous: string | undefined): string {
  if (inputs.lifecycleScope !== "CRUD" || inputs.input === UNKNOWN) return inputs.input;
  const input = JSON.parse(inputs.input) as Record<string, unknown>;
  const before: unknown = previous === undefined || previous === UNKNOWN ? null : JSON.parse(previous);
  return JSON.stringify({ ...input, [inputs.terraformKey ?? DEFAULT_KEY]: { action, prev_input: before } });
}

async function invoke(c: Context, inputs: Plain<Args>, body: string): Promise<string> {
  const { functionName, qualifier } = inputs;
  const answer = await c.call("lambda", "Invoke", {
    FunctionName: functionName,
    Qualifier: qualifier,
    InvocationType: "RequestResponse",
    Payload: Buffer.from(body),
  });
  if (c.mode === "check") return UNKNOWN;
  const result = Buffer.from(answer.Payload ?? []).toString("utf8");
  if (c.mode === "live" && answer.FunctionError) {
    throw new Error(`Lambda function ${functionName} failed (${answer.FunctionError}): ${result}`);
  }
  return result;
}

const invocation = resource<Args>({
  cloudFormation: { none: "CloudFormation calls functions through custom resources, whose properties have no schema" },
  inputs: ["functionName", "qualifier", "terraformKey", "triggers", "input", "lifecycleScope"],
  required: ["input"],
  checks: { input: jsonObject, lifecycleScope: (scope) => oneOf(scope, ["CREATE_ONLY", "CRUD"]) },
  async create(c, inputs) {
    const result = await invoke(c, inputs, payload(inputs, "create", undefined));
    const hash = createHash("sha256").update(result).digest("hex");
    return {
      id: result === UNKNOWN ? UNKNOWN : `${inputs.functionName}_${inputs.qualifier ?? "$LATEST"}_${hash.slice(0, 32)}`,
      result,
    };
  },
  async read(c, _id, { functionName }) {
    // What a call did can't be looked up; without its function it has nothing left to undo it.
    await c.call("lambda", "GetFunctionConfiguration", { FunctionName: functionName });
    return {};
  },
  async update(c, _id, now, before) {
    if (now.lifecycleScope !== "CRUD" || now.input === before.input) return;
    return { result: await invoke(c, now, payload(now, "update", before.input)) };
  },
  async delete(c, _id, state) {
    if (state.lifecycleScope === "CRUD") await invoke(c, state, payload(state, "delete", state.input));
  },
});

export const INVOCATION: ResourceTable = { "aws:lambda/invocation:Invocation": invocation };
