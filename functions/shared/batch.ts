import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { describeError, log } from "./log";

/**
 * A handler of SQS messages that answers which of them failed, so that those alone come back.
 *
 * @param handle one message; whatever it throws is logged under `failure` with the message's id
 */
export function eachMessage(
  failure: string,
  handle: (record: SQSRecord) => Promise<void>,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return async ({ Records }) => {
    const batchItemFailures: SQSBatchResponse["batchItemFailures"] = [];
    for (const record of Records) {
      try {
        await handle(record);
      } catch (error) {
        log.error(failure, { messageId: record.messageId, ...describeError(error) });
        batchItemFailures.push({ itemIdentifier: record.messageId });
      }
    }
    return { batchItemFailures };
  };
}
