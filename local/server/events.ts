import { randomUUID } from "node:crypto";
import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { messageOf } from "./errors";
import type { Collection, Store } from "./store";

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

/** How long an event waits for the next attempt when EventBridge can't be reached, in milliseconds. */
const AGAIN_MS = 1_000;

/**
 * Publishes one service's state changes in the order in which they are announced. What is announced is kept with the
 * state that it tells of (in the same transaction) until EventBridge has it: an event may come twice when the server is
 * killed, as on AWS, and none is missing.
 */
export class Events {
  private readonly waiting: Collection<StateChange>;
  private last: Promise<void>;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param source the service as events name it, for example `aws.sagemaker`
   * @param store the service's state
   */
  constructor(
    private readonly client: EventBridgeClient,
    private readonly source: string,
    store: Store,
  ) {
    this.waiting = store.collection<StateChange>("event");
    this.last = this.sendWaiting();
  }

  publish(change: StateChange): void {
    this.waiting.insert(randomUUID(), change);
    // Not before the transaction that this may be a part of has ended: it has no await.
    this.sendSoon();
  }

  /** Settles when everything announced so far was sent, or can't be sent now. */
  async flushed(): Promise<void> {
    await this.last;
    clearTimeout(this.timer);
  }

  private sendSoon(): void {
    this.last = this.last.then(() => this.sendWaiting());
  }

  /** Never rejects: what EventBridge refuses is logged, and what does not reach it is sent later. */
  private async sendWaiting(): Promise<void> {
    for (const [name, change] of this.waiting.entries()) {
      const what = `event "${change.detailType}" of ${change.resources.join(", ")}`;
      try {
        const refusal = await this.put(change);
        if (refusal) console.error(`${what} is lost: ${refusal}`);
        this.waiting.remove(name);
      } catch (error) {
        console.error(`${what} waits: ${messageOf(error)}`);
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.sendSoon(), AGAIN_MS).unref();
        return;
      }
    }
  }

  /** @returns why EventBridge does not take the event */
  private async put(change: StateChange): Promise<string | undefined> {
    const entry = {
      Source: this.source,
      DetailType: change.detailType,
      Detail: JSON.stringify(change.detail),
      Resources: change.resources,
      TraceHeader: SERVICE_EVENT_MARK,
    };
    const answer = await this.client.send(new PutEventsCommand({ Entries: [entry] }));
    const failed = answer.Entries?.find((result) => result.ErrorCode);
    return failed && `${failed.ErrorCode}: ${failed.ErrorMessage}`;
  }
}
