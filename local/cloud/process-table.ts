// Processes as Linux's /proc shows them: whose they are, how much memory they hold, and how to end them.
import { readFileSync, readdirSync } from "node:fs";

/** Set in the environment of every process of a cloud; children inherit it. */
export const MARKER = "LOCAL_CLOUD_ID";

/** Ids of the processes with a variable of just this value in their environment, this one left out. Empty without /proc. */
export function processesWith(variable: string, value: string): number[] {
  return processIds().filter((pid) => pid !== process.pid && hasVariable(pid, variable, value));
}

/** Process ids with the cloud's marker, this process left out. Empty where there is no /proc. */
export function markedProcesses(cloudId: string): number[] {
  return processesWith(MARKER, cloudId);
}

/** Whether a process is one of the cloud's: process ids are used again. Where there is no /proc, whether it is alive. */
export function belongsTo(cloudId: string, pid: number): boolean {
  if (pid <= 0 || !alive(pid)) return false;
  return processIds().length === 0 || hasVariable(pid, MARKER, cloudId);
}

function hasVariable(pid: number, variable: string, value: string): boolean {
  return read(pid, "environ").split("\0").includes(`${variable}=${value}`);
}

/** Ids of a process and all that descend from it. */
export function family(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processIds()) {
    // The name, in brackets, may hold anything: count from its end.
    const parent = Number(read(pid, "stat").split(") ").pop()?.split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  for (const queue = [root]; queue.length;) {
    const pid = queue.shift() as number;
    found.push(pid);
    queue.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** Memory of processes in MB; pages that several share are counted once (PSS). Slow, for the processes too. */
export function memoryMb(pids: Iterable<number>): number {
  return sumMb(pids, "smaps_rollup", /^Pss:\s+(\d+)/m);
}

/** Memory of processes in MB; pages that several share are counted as often (RSS). */
export function residentMb(pids: Iterable<number>): number {
  return sumMb(pids, "status", /^VmRSS:\s+(\d+)/m);
}

function sumMb(pids: Iterable<number>, file: string, kilobytes: RegExp): number {
  let sum = 0;
  for (const pid of new Set(pids)) sum += Number(kilobytes.exec(read(pid, file))?.[1] ?? 0);
  return sum / 1024;
}

export function alive(pid: number): boolean {
  return signal(pid, 0);
}

/** Sends a signal (a negative id means the group); false where there is nobody to take it. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPERM") return true;
    return false;
  }
}

/** Ends every process with the cloud's marker, whoever started it: what group signals did not reach. */
export function sweep(cloudId: string): Promise<void> {
  return endProcessesWith(MARKER, cloudId);
}

/**
 * Ends every process with a variable of just this value in its environment, this one left out.
 *
 * @throws Error with the ids of those that can't be ended
 */
export async function endProcessesWith(variable: string, value: string): Promise<void> {
  for (let round = 0; round < 50; round++) {
    const left = processesWith(variable, value);
    if (!left.length) return;
    for (const pid of left) signal(pid, "SIGKILL");
    await new Promise((wake) => setTimeout(wake, 20));
  }
  const left = processesWith(variable, value).join(", ");
  if (left) throw new Error(`Processes ${left} with ${variable}=${value} cannot be ended.`);
}

function processIds(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // no /proc: process groups have to do
  }
}

/** A file of a process; empty where the process has ended meanwhile or is another user's. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
