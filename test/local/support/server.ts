import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Emulator } from "./ministack";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

/** Starts the local server, which has the services that MiniStack lacks, on a free port. */
export async function startLocalServer(ministack: Emulator): Promise<Emulator> {
  const directory = mkdtempSync(join(tmpdir(), "local-server-"));
  const child = spawn(process.execPath, ["--import", "tsx", join(PROJECT_ROOT, "local", "server", "main.ts")], {
    cwd: PROJECT_ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...ministack.environment,
      PATH: process.env["PATH"] ?? "",
      HOME: directory,
      LOCAL_SERVER_PORT: "0",
      LOCAL_SERVER_STATE_DIR: join(directory, "state"),
      LOCAL_SERVER_PYTHON: join(PROJECT_ROOT, ".local", "venv", "bin", "python"),
      AWS_ACCOUNT_ID: "123456789012",
    },
  });
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const announced = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^local server: (http\S+)/.exec(line)?.[1];
      if (url) return url;
    }
    return undefined;
  })();
  const endpoint = await announced;
  if (!endpoint) {
    await stop();
    throw new Error("the local server did not start");
  }
  return {
    endpoint,
    environment: { ...ministack.environment, AWS_ENDPOINT_URL: endpoint },
    stop,
  };
}
