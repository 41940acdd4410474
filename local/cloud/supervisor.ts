// Owns every process of one cloud: starts them, watches them, and ends them all: when told to, when one of them
// dies, and when the process that started it is gone, unless it was told to stay.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tools } from "../tools";
import { forgetDescription, readDescription, writeDescription, type CloudDescription } from "./description";
import type { FromSupervisor, ToSupervisor } from "./messages";
import { PeakMemory } from "./peak-memory";
import { family, markedProcesses, signal, sweep } from "./process-table";
import { services, type ServiceCommand } from "./services";

const SAMPLE_MILLISECONDS = 1_000;
/** From the request to end until processes are killed. */
const GRACE_MILLISECONDS = 5_000;

const description = readDescription(process.argv[2] ?? "") as CloudDescription;
const ownerPid = process.ppid;
const children = new Map<string, ChildProcess>();
let keep = false;
const peak = new PeakMemory();
let ending: Promise<void> | undefined;

const tell = (message: FromSupervisor) => {
  if (process.connected) process.send?.(message);
};
const logFile = (name: string) => join(description.directory, "logs", `${name}.log`);

function startService(service: ServiceCommand): void {
  const log = openSync(logFile(service.name), "a");
  const child = spawn(service.command, service.args, {
    env: service.environment,
    stdio: ["ignore", log, log],
    detached: true, // a group of its own, with all that it starts
  });
  closeSync(log);
  children.set(service.name, child);
  child.on("error", (error) => void end(`${service.name} cannot be started: ${error.message}`));
  child.on(
    "exit",
    (code, name) => void end(`${service.name} ended by itself (${name ?? `exit code ${code}`})`, service.name),
  );
}

async function answers(service: ServiceCommand): Promise<void> {
  const until = Date.now() + service.timeoutSeconds * 1000;
  while (!ending) {
    try {
      if ((await fetch(service.healthUrl, { signal: AbortSignal.timeout(2_000) })).ok) return;
    } catch {
      // not yet: it is still starting
    }
    if (Date.now() > until)
      return end(`${service.name} does not answer after ${service.timeoutSeconds} s`, service.name);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

function tailOf(name: string): string {
  const lines = readFileSync(logFile(name), "utf8").trim().split("\n");
  return lines.slice(-8).join("\n  ");
}

/** Ends everything, once. Without a reason it was asked for. */
function end(reason?: string, log?: string): Promise<void> {
  ending ??= (async () => {
    tell({ type: "peak", megabytes: peak.megabytes });
    if (reason !== undefined)
      tell({ type: "failed", reason: log === undefined ? reason : `${reason}. The end of its log:\n  ${tailOf(log)}` });
    // The server first: what it still holds it writes to the emulator.
    const names = [...children.keys()];
    await endServices(names.filter((name) => name === "server"));
    await endServices(names.filter((name) => name !== "server"));
    await sweep(description.id);
    forgetDescription(description.directory);
    process.exit(reason === undefined ? 0 : 1);
  })();
  return ending;
}

async function endServices(names: readonly string[]): Promise<void> {
  const groups = names.flatMap((name) => {
    const child = children.get(name);
    return child?.pid !== undefined && child.exitCode === null ? [child.pid] : [];
  });
  for (const group of groups) signal(-group, "SIGTERM");
  const until = Date.now() + GRACE_MILLISECONDS;
  while (groups.some((group) => signal(-group, 0)) && Date.now() < until)
    await new Promise((wake) => setTimeout(wake, 20));
  for (const group of groups) signal(-group, "SIGKILL");
}

function sample(): void {
  const owners = keep ? [process.pid] : [ownerPid, process.pid];
  peak.sample([...markedProcesses(description.id), ...owners.flatMap(family)]);
}

function main(): void {
  process.on("message", (message: ToSupervisor) => {
    switch (message.type) {
      case "keep":
        keep = true;
        tell({ type: "kept" });
        break;
      case "stop":
        void end();
        break;
      case "peak":
        sample();
        tell({ type: "peak", megabytes: peak.megabytes });
        break;
    }
  });
  process.on("disconnect", () => {
    if (!keep) void end();
  });
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => void end());

  mkdirSync(join(description.directory, "logs"), { recursive: true });
  writeDescription({ ...description, supervisorPid: process.pid });
  const [ministack, server, mlflow] = services(description, tools()) as [
    ServiceCommand,
    ServiceCommand,
    ServiceCommand,
  ];
  for (const service of [ministack, server, mlflow]) startService(service);
  setInterval(sample, SAMPLE_MILLISECONDS);
  tell({ type: "progress", text: "MiniStack, SageMaker, MLflow" });
  void Promise.all([answers(ministack), answers(server)]).then(() => ending ?? tell({ type: "ready" }));
  void answers(mlflow).then(() => ending ?? tell({ type: "mlflow-ready" }));
}

main();
