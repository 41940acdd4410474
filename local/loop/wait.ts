// Waiting for a condition, with a bound and without guessing at durations.
import { StageError } from "./errors";

export interface WaitOptions {
  /** What is waited for, for the error: "the queue to be empty". */
  what: string;
  timeoutSeconds: number;
  /** Pause between two looks; default 100. */
  intervalMilliseconds?: number;
  signal?: AbortSignal;
}

/** Looks until `look` answers something other than undefined. @throws StageError when the time is up. */
export async function waitFor<T>(look: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const end = Date.now() + options.timeoutSeconds * 1000;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new StageError(`Waited ${options.timeoutSeconds} s for ${options.what}, in vain.`);
    await new Promise((wake) => setTimeout(wake, options.intervalMilliseconds ?? 100));
  }
}
