import type { OwnedProcess, ProcessTable } from "../../server/processes";
import { messageOf } from "../../server/errors";
import type { LogStream } from "../../server/log-stream";

/** What a container of a job runs. */
export interface ContainerRun {
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  workingDirectory: string;
  log: LogStream;
  onLine?: (line: string) => void;
  /** How long it may run, in seconds. */
  maxRuntimeSeconds?: number;
  /** Ends it when aborted. */
  stop: AbortSignal;
}

/** How a container ended. */
export type ContainerOutcome =
  | { kind: "exited"; code: number }
  | { kind: "killed"; signal: string }
  | { kind: "stopped" }
  | { kind: "timedOut" }
  | { kind: "notStarted"; reason: string };

/** Runs a container's command as a process until it ends, is stopped, or its time is up. Never rejects. */
export async function runContainer(processes: ProcessTable, run: ContainerRun): Promise<ContainerOutcome> {
  if (run.stop.aborted) return { kind: "stopped" };
  const [command = "", ...rest] = run.command;
  let owned: OwnedProcess;
  try {
    owned = processes.start({
      command,
      arguments: rest,
      environment: run.environment,
      workingDirectory: run.workingDirectory,
      onLine: (line) => {
        run.log.write(line);
        run.onLine?.(line);
      },
    });
  } catch (error) {
    return { kind: "notStarted", reason: messageOf(error) };
  }

  let timedOut = false;
  const end = (): void => void owned.stop();
  const timer = setTimeout(
    () => {
      timedOut = true;
      end();
    },
    // Beyond this, timers fire at once.
    Math.min((run.maxRuntimeSeconds ?? 86_400) * 1000, 2 ** 31 - 1),
  );
  run.stop.addEventListener("abort", end, { once: true });
  const exit = await owned.exited;
  clearTimeout(timer);
  run.stop.removeEventListener("abort", end);

  if (exit.error) return { kind: "notStarted", reason: exit.error.message };
  if (timedOut) return { kind: "timedOut" };
  if (run.stop.aborted) return { kind: "stopped" };
  if (exit.code !== null) return { kind: "exited", code: exit.code };
  return { kind: "killed", signal: exit.signal ?? "unknown" };
}
