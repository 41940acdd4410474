// Runs a command and tells what it cost: the children's own processor time and memory, as the operating system counts.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { tools } from "../local/tools";

export interface Cost {
  /** User and system time. */
  cpuSeconds: number;
  /** Largest resident set of one process. */
  peakMb: number;
  wallSeconds: number;
}

const WRAPPER = `
import json, resource, subprocess, sys, time
began = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": done.returncode, "error": done.stderr[-2000:], "cpuSeconds": used.ru_utime + used.ru_stime,
                  "peakMb": used.ru_maxrss / 1024, "wallSeconds": time.monotonic() - began}))
`;

/** @throws Error with the end of the command's standard error where it fails. */
export async function costOf(command: string, args: string[], environment: Record<string, string> = {}): Promise<Cost> {
  const { stdout } = await promisify(execFile)(tools().python, ["-c", WRAPPER, command, ...args], {
    env: { ...process.env, ...environment },
    maxBuffer: 16 * 1024 * 1024,
  });
  const answer = JSON.parse(stdout) as Cost & { code: number; error: string };
  if (answer.code !== 0) throw new Error(`${command} ${args[0] ?? ""} ended with ${answer.code}:\n${answer.error}`);
  return answer;
}
