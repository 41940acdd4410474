import { createHash } from "node:crypto";
import {
  SendPipelineExecutionStepFailureCommand,
  SendPipelineExecutionStepSuccessCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import type { Outcome } from "./deployment-records";
import { describeError, log } from "./log";

/** SageMaker's limit on a step's failure reason. */
const REASON_CHARACTERS = 256;

/** Answers a callback step. A token that SageMaker no longer takes was answered before, or its pipeline has ended. */
export async function answer(
  sagemaker: SageMakerClient,
  token: string,
  outcome: Outcome,
  outputs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const common = { CallbackToken: token, ClientRequestToken: createHash("sha256").update(token).digest("hex") };
  const command = outcome.succeeded
    ? new SendPipelineExecutionStepSuccessCommand({
        ...common,
        OutputParameters: Object.entries(outputs).map(([Name, Value]) => ({ Name, Value })),
      })
    : new SendPipelineExecutionStepFailureCommand({ ...common, FailureReason: clip(outcome.reason) });
  try {
    await sagemaker.send(command);
  } catch (error) {
    if (!(error instanceof Error && ["ResourceNotFound", "ValidationException"].includes(error.name))) throw error;
    log.warn("callback not taken", describeError(error));
  }
}

/** At most 256 characters; what is cut off is shown to be. */
export const clip = (reason: string): string =>
  reason.length <= REASON_CHARACTERS ? reason : `${reason.slice(0, REASON_CHARACTERS - 1)}…`;
