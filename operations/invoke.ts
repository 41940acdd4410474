import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import type * as t from "io-ts";
import { decodeJson } from "../functions/shared/decode";

/** Calls a function of the stack, and waits for its answer. @throws Error with the function's own reason when it fails */
export async function invoke<A>(
  lambda: Pick<LambdaClient, "send">,
  functionName: string,
  event: object,
  answer: t.Type<A, unknown, unknown>,
): Promise<A> {
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }),
  );
  const text = Buffer.from(Payload ?? []).toString("utf8");
  if (FunctionError === undefined) return decodeJson(answer, text, `The answer of ${functionName}`);
  const { errorMessage = text } = JSON.parse(text) as { errorMessage?: string };
  throw new Error(errorMessage);
}
