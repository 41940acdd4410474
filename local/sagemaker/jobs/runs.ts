import type { Slots } from "../../../functions/shared/slots";

/** Why a job failed that ran when the service ended. */
export const ABANDONED = "InternalServerError: the local SageMaker ended while the job ran. Start it again.";

interface Run {
  stop: AbortController;
  done: Promise<void>;
}

/** The jobs that run now, by name. */
export class JobRuns {
  private readonly running = new Map<string, Run>();
  private closing = false;

  constructor(private readonly slots: Slots) {}

  /**
   * Runs a job once a slot is free.
   *
   * @param work must not throw: a job's failure is written into its document
   */
  start(name: string, work: (stop: AbortSignal) => Promise<void>): void {
    const stop = new AbortController();
    const done = this.slots
      .run(() => work(stop.signal))
      .catch((error: unknown) => console.error(`job ${name}:`, error))
      .finally(() => this.running.delete(name));
    this.running.set(name, { stop, done });
  }

  /** Asks a job to end. */
  stop(name: string): void {
    this.running.get(name)?.stop.abort();
  }

  /** Settles when the job has ended; at once when it does not run. */
  async finished(name: string): Promise<void> {
    await this.running.get(name)?.done;
  }

  /** True while the server ends: what a job's processes do then is not the job's doing. */
  get ending(): boolean {
    return this.closing;
  }

  /** Ends every job. */
  async close(): Promise<void> {
    this.closing = true;
    for (const run of this.running.values()) run.stop.abort();
    await Promise.all([...this.running.values()].map((run) => run.done));
  }
}
