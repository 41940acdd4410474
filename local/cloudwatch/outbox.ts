import { randomUUID } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import { messageOf } from "../server/errors";
import type { Collection, Store } from "../server/store";

/** An alarm's action that must be taken. */
export interface Notice {
  id: string;
  /** The alarm's name. */
  alarm: string;
  /** ARN of the topic or function that is told. */
  target: string;
  /** What is sent, in the target's form. */
  payload: { subject?: string; body: string };
}

/** How a notice ended. */
export interface Delivery {
  notice: Notice;
  /** Why it was refused; undefined when it was taken. */
  error?: string;
}

const RETRY_MILLISECONDS = 500;

/**
 * Notices that wait to be told, kept with the state they tell of: a transition and its notices are stored as one, so
 * that a kill loses none. They go out one after another, in order. Only a kill between the sending and the note of it
 * repeats one, as CloudWatch itself may.
 */
export class Outbox {
  private readonly waiting: Collection<Notice>;
  private closed = false;
  private working: Promise<void> = Promise.resolve();
  private busy = false;

  /**
   * @param send where its target answers with an error, the notice is refused for good; where it does not answer, it
   *   is sent again until it does
   * @param delivered called once for each notice, within the transaction that takes it from the outbox
   */
  constructor(
    private readonly store: Store,
    private readonly send: (notice: Notice) => Promise<void>,
    private readonly delivered: (delivery: Delivery) => void,
  ) {
    this.waiting = store.collection("outbox");
  }

  /** Adds a notice. Within the caller's transaction. */
  add(notice: Omit<Notice, "id">): void {
    const id = randomUUID();
    this.waiting.insert(id, { id, ...notice });
  }

  /** Sends what waits. Call it after the transaction. */
  flush(): void {
    if (this.busy || this.closed) return;
    this.busy = true;
    this.working = this.work().finally(() => (this.busy = false));
  }

  /** Ends once what is being sent was sent; the rest waits for the next start. */
  async close(): Promise<void> {
    this.closed = true;
    await this.working;
  }

  private async work(): Promise<void> {
    while (!this.closed) {
      const [notice] = this.waiting.all();
      if (!notice) return;
      try {
        await this.send(notice);
        this.settle({ notice });
      } catch (error) {
        if (isRefusal(error)) this.settle({ notice, error: messageOf(error) });
        else await after(RETRY_MILLISECONDS);
      }
    }
  }

  private settle(delivery: Delivery): void {
    this.store.transaction(() => {
      this.waiting.remove(delivery.notice.id);
      this.delivered(delivery);
    });
  }
}

/** A service's own answer, as against none. */
function isRefusal(error: unknown): boolean {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== undefined;
}
