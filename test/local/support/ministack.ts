import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import getPort from "get-port";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");
const START_SECONDS = 30;

export interface Emulator {
  endpoint: string;
  /** What points an AWS SDK at it. */
  environment: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts MiniStack on a free port, in a process group and a directory of its own, with a clean environment. */
export async function startMiniStack(): Promise<Emulator> {
  const port = await getPort({ host: "127.0.0.1" });
  const directory = mkdtempSync(join(tmpdir(), "ministack-"));
  const log = join(directory, "log");
  const output = openSync(log, "a");
  const child = spawn(
    join(PROJECT_ROOT, ".local/venv/bin/python"),
    [join(PROJECT_ROOT, "local/server/run_ministack.py")],
    {
      cwd: directory,
      detached: true,
      stdio: ["ignore", output, output],
      env: {
        PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: directory,
        TMPDIR: directory,
        BIND_HOST: "127.0.0.1",
        GATEWAY_PORT: String(port),
        MINISTACK_HOST: "127.0.0.1",
        MINISTACK_ACCOUNT_ID: "123456789012",
        MINISTACK_REGION: "eu-west-1",
        IOT_MTLS_ENABLED: "0",
        SFTP_ENABLED: "0",
      },
    },
  );
  closeSync(output);
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_SECONDS * 1000;
  while (!(await isHealthy(endpoint))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const said = readFileSync(log, "utf8");
      await stop();
      throw new Error(`MiniStack did not start: ${said}`);
    }
    await setTimeout(50);
  }
  return {
    endpoint,
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_EC2_METADATA_DISABLED: "true",
    },
    stop,
  };
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/_ministack/health`)).ok;
  } catch (error) {
    // Nobody listens yet.
    if (error instanceof TypeError) return false;
    throw error;
  }
}
