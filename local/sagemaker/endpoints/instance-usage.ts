import { readFileSync } from "node:fs";
import { totalmem } from "node:os";

/** What a process used of the machine; undefined where that is not known (yet). */
export interface Usage {
  /** 100 for each processor that it kept busy since it was measured last. */
  cpuPercent?: number;
  /** Of the machine's memory. */
  memoryPercent?: number;
}

/** The kernel's clock ticks a second: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Measures processes by Linux's /proc; elsewhere nothing is known of them. */
export class InstanceUsage {
  private readonly last = new Map<number, { ticks: number; at: number }>();

  measure(pid: number): Usage {
    const ticks = cpuTicks(pid);
    if (ticks === undefined) return {};
    const at = performance.now();
    const before = this.last.get(pid);
    this.last.set(pid, { ticks, at });
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(read(pid, "status") ?? "")?.[1] ?? NaN);
    return {
      ...(before ? { cpuPercent: (100 * (ticks - before.ticks)) / TICKS_PER_SECOND / ((at - before.at) / 1000) } : {}),
      ...(Number.isFinite(kilobytes) ? { memoryPercent: (100 * kilobytes * 1024) / totalmem() } : {}),
    };
  }

  /** Drops what is known of processes that are gone. */
  forgetEnded(): void {
    for (const pid of this.last.keys()) if (cpuTicks(pid) === undefined) this.last.delete(pid);
  }
}

/** User and system time since the process began; undefined when there is no such process, or no /proc. */
function cpuTicks(pid: number): number | undefined {
  // The name, in brackets, may hold anything: count from its end.
  const fields = read(pid, "stat")?.split(") ").pop()?.split(" ");
  return fields && Number(fields[11]) + Number(fields[12]);
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
