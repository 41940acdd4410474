import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { stateOf, type Execution } from "./execution";
import type { ExecutionDocuments } from "./execution-documents";

/**
 * Tells the queues of Callback steps what has become of their steps. Which message a queue was sent last is kept, so
 * that after a restart none is missing; one that was on its way then is sent again, with the same token.
 */
export class Callbacks {
  private readonly sending = new Map<string, Promise<void>>();

  /** @param sqsFor the client of an execution's role */
  constructor(
    private readonly documents: ExecutionDocuments,
    private readonly sqsFor: (execution: Execution) => SQSClient,
  ) {}

  /**
   * Sends a step's queue the messages that it has not had yet, in their order.
   *
   * @throws the error of SQS
   */
  tell(executionArn: string, step: string): Promise<void> {
    const key = `${executionArn} ${step}`;
    const before = this.sending.get(key) ?? Promise.resolve();
    // What went wrong with the message before was told to the one who sent it.
    const sent = before.catch(() => undefined).then(() => this.send(executionArn, step));
    this.sending.set(key, sent);
    const done = (): void => {
      if (this.sending.get(key) === sent) this.sending.delete(key);
    };
    sent.then(done, done);
    return sent;
  }

  private async send(arn: string, name: string): Promise<void> {
    for (const status of ["Executing", "Stopping"] as const) {
      const state = stateOf(this.documents.get(arn), name);
      const { CallbackToken, SqsQueueUrl } = state?.metadata.Callback ?? {};
      if (!state?.callback || state.ended !== undefined || !CallbackToken || !SqsQueueUrl) return;
      const { told } = state.callback;
      const due = status === "Executing" ? told === undefined : state.status === "Stopping" && told !== "Stopping";
      if (!due) continue;
      const message = {
        token: CallbackToken,
        pipelineExecutionArn: arn,
        arguments: state.callback.arguments,
        status,
      };
      await this.sqsFor(this.documents.get(arn)).send(
        new SendMessageCommand({ QueueUrl: SqsQueueUrl, MessageBody: JSON.stringify(message) }),
      );
      this.documents.changeStep(arn, name, (current) => ({
        ...current,
        ...(current.callback ? { callback: { ...current.callback, told: status } } : {}),
      }));
    }
  }
}
