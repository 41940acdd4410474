import { memoryMb, residentMb } from "./process-table";

/** How much more must be resident than when pages were last counted, for them to be counted again. */
const GROWTH = 1.01;

/**
 * The most memory that a changing set of processes held, in MB; pages that several share are counted once.
 *
 * To count pages takes the kernel milliseconds for each process, in which the process waits. What is resident it knows
 * at once: pages are counted only when more is resident than ever before.
 */
export class PeakMemory {
  private mostResidentMb = 0;
  private peakMb = 0;

  get megabytes(): number {
    return Math.round(this.peakMb);
  }

  /** Looks at the processes as they are now. */
  sample(pids: readonly number[]): void {
    const resident = residentMb(pids);
    if (resident <= this.mostResidentMb * GROWTH) return;
    this.mostResidentMb = resident;
    this.peakMb = Math.max(this.peakMb, memoryMb(pids));
  }
}
