import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { messageOf } from "./errors";

/** What EventBridge tells of a change of state. */
export interface StateChange {
  detailType: string;
  /** ARNs of what changed. */
  resources: string[];
  detail: object;
}

/**
 * Marks an event as one of an AWS service's own: no account may put events with a source in `aws.`, and the launcher
 * of the emulator lets those with this mark through.
 */
export const SERVICE_EVENT_MARK = "Root=local-aws-service";

/** Publishes one service's state changes in the order in which they are announced. */
export class Events {
  private last: Promise<void> = Promise.resolve();

  /** @param source the service as events name it, for example `aws.sagemaker` */
  constructor(
    private readonly client: EventBridgeClient,
    private readonly source: string,
  ) {}

  /** Never throws: what could not be published is logged, and the state it tells of stands. */
  publish(change: StateChange): void {
    this.last = this.last
      .then(() => this.put(change))
      .catch((error: unknown) => {
        console.error(`event "${change.detailType}" of ${change.resources.join(", ")} is lost: ${messageOf(error)}`);
      });
  }

  /** Settles when everything announced so far was sent. */
  flushed(): Promise<void> {
    return this.last;
  }

  private async put(change: StateChange): Promise<void> {
    const entry = {
      Source: this.source,
      DetailType: change.detailType,
      Detail: JSON.stringify(change.detail),
      Resources: change.resources,
      TraceHeader: SERVICE_EVENT_MARK,
    };
    const answer = await this.client.send(new PutEventsCommand({ Entries: [entry] }));
    const failed = answer.Entries?.find((result) => result.ErrorCode);
    if (failed) throw new Error(`${failed.ErrorCode}: ${failed.ErrorMessage}`);
  }
}
