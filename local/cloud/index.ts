// The local cloud as its users see it: start it, find it, stop it.
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import getPort from "get-port";
import { tools } from "../tools";
import { ACCOUNT_ID, forgetDescription, readDescription, writeDescription, type CloudDescription } from "./description";
import type { FromSupervisor, ToSupervisor } from "./messages";
import { MARKER, belongsTo, signal, sweep } from "./process-table";
import { writeSdkDefaults } from "./sdk-defaults";

export { environment, type CloudDescription } from "./description";

export interface RunningCloud {
  description: CloudDescription;
  /** It was up before: it is not this process's to end. */
  wasUp: boolean;
  /** Resolves when MLflow answers, which takes some seconds longer than the rest. */
  mlflowReady: Promise<void>;
  /** Never resolves; rejects with a CloudError when one of its servers ends by itself, which ends the whole cloud. */
  failed: Promise<never>;
  /** Lets it stay up when this process ends. */
  keep(): Promise<void>;
  /** Ends every process of it. */
  stop(): Promise<void>;
  /**
   * Peak memory of all its processes and of the one that started it, in MB: the last known where it has ended,
   * undefined where another process started it.
   */
  peakMemoryMb(): Promise<number | undefined>;
}

export interface CloudOptions {
  /** State, logs and `cloud.json`; emptied first. */
  directory: string;
  region: string;
  /** Port of the AWS endpoint; default: a free one. */
  port?: number;
  onProgress?: (text: string) => void;
}

/** The cloud cannot be started: one paragraph with cause and remedy. */
export class CloudError extends Error {}

/**
 * Starts a cloud. It ends with this process, however that ends, unless `keep` is called.
 *
 * @throws CloudError
 */
export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  await endLeftovers(options.directory, (description) => {
    throw new CloudError(
      `A local cloud is up in ${options.directory}, under process ${description.supervisorPid}. ` +
        "Wait for the command that started it, or end it with `npm run local -- down`.",
    );
  });
  if (options.port !== undefined) await refuseBusyPort(options.port);
  rmSync(options.directory, { recursive: true, force: true });
  mkdirSync(join(options.directory, "logs"), { recursive: true });
  const url = async (port?: number) => `http://127.0.0.1:${port ?? (await getPort({ host: "127.0.0.1" }))}`;
  const description: CloudDescription = {
    id: randomUUID(),
    directory: options.directory,
    supervisorPid: 0,
    region: options.region,
    accountId: ACCOUNT_ID,
    awsEndpointUrl: await url(options.port),
    emulatorUrl: await url(),
    mlflowUrl: await url(),
    startedAt: new Date().toISOString(),
  };
  writeDescription(description);
  writeSdkDefaults(description);

  const logPath = join(options.directory, "logs", "supervisor.log");
  const log = openSync(logPath, "a");
  const supervisor = fork(join(__dirname, "supervisor.ts"), [options.directory], {
    execPath: tools().node,
    execArgv: ["--disable-warning=ExperimentalWarning", "--import", "tsx"],
    env: { ...process.env, [MARKER]: description.id },
    stdio: ["ignore", log, log, "ipc"],
    detached: true, // Ctrl-C in the terminal is for the owner, who says what happens to the cloud
  });
  closeSync(log);
  const say = (message: ToSupervisor) => supervisor.connected && supervisor.send(message);
  const exited = new Promise<void>((done) => supervisor.once("exit", () => done()));
  const hear = <T extends FromSupervisor["type"]>(type: T) =>
    new Promise<Extract<FromSupervisor, { type: T }>>((done, fail) => {
      const listen = (message: FromSupervisor) => {
        if (message.type === type) done(message as Extract<FromSupervisor, { type: T }>);
        if (message.type === "failed") fail(new CloudError(`The local cloud failed: ${message.reason}`));
      };
      supervisor.on("message", listen);
      void exited.then(() =>
        fail(
          new CloudError(
            `The local cloud's supervisor ended: ${readFileSync(logPath, "utf8").trim().split("\n").slice(-5).join("\n  ")}`,
          ),
        ),
      );
    });
  supervisor.on(
    "message",
    (message: FromSupervisor) => message.type === "progress" && options.onProgress?.(message.text),
  );
  const mlflowReady = hear("mlflow-ready").then(() => undefined);
  mlflowReady.catch(() => undefined); // told to whoever awaits it; nobody may before the cloud is stopped
  let lastPeakMb: number | undefined;
  const failed = new Promise<never>((_, fail) => {
    supervisor.on("message", (message: FromSupervisor) => {
      if (message.type === "peak") lastPeakMb = message.megabytes;
      if (message.type === "failed") fail(new CloudError(`The local cloud failed: ${message.reason}`));
    });
  });
  failed.catch(() => undefined); // told to whoever watches it
  try {
    await hear("ready");
  } catch (error) {
    await exited; // nothing is left once the caller hears of it
    throw error;
  }

  return {
    description: readDescription(options.directory) ?? description,
    wasUp: false,
    mlflowReady,
    failed,
    async keep() {
      const kept = hear("kept");
      say({ type: "keep" });
      await kept;
      supervisor.disconnect();
      supervisor.unref();
    },
    async stop() {
      say({ type: "stop" });
      await exited;
    },
    async peakMemoryMb() {
      const answer = new Promise<void>((done) => {
        supervisor.on("message", (message: FromSupervisor) => message.type === "peak" && done());
      });
      if (say({ type: "peak" })) await Promise.race([answer, exited]);
      return lastPeakMb;
    },
  };
}

/** The cloud that is up in the options' directory; else one that is started by them. @throws CloudError */
export const findOrStartCloud = async (options: CloudOptions): Promise<RunningCloud> =>
  (await findCloud(options.directory)) ?? (await startCloud(options));

/** The cloud of a directory, where it is up and answers. */
export async function findCloud(directory: string): Promise<RunningCloud | undefined> {
  const description = readDescription(directory);
  if (!description || !belongsTo(description.id, description.supervisorPid)) return undefined;
  try {
    for (const url of [
      `${description.awsEndpointUrl}/_ministack/health`,
      `${description.awsEndpointUrl}/_local/health`,
    ]) {
      if (!(await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok) return undefined;
    }
  } catch {
    return undefined; // it is going down, or half dead: a new one takes its place
  }
  return {
    description,
    wasUp: true,
    mlflowReady: Promise.resolve(),
    failed: new Promise<never>(() => undefined),
    keep: () => Promise.resolve(),
    stop: async () => void (await stopCloud(directory)),
    peakMemoryMb: () => Promise.resolve(undefined),
  };
}

/** Ends the cloud of a directory; false where none was up. */
export async function stopCloud(directory: string): Promise<boolean> {
  const description = readDescription(directory);
  if (!description) return false;
  const wasUp = belongsTo(description.id, description.supervisorPid) && signal(description.supervisorPid, "SIGTERM");
  // It has had its time: what is stuck is killed, and its processes with it.
  await endLeftovers(directory, ({ supervisorPid }) => signal(supervisorPid, "SIGKILL"));
  return wasUp;
}

/**
 * Waits for a supervisor that is ending, then ends whatever it left: after a kill -9 of it, all of its processes.
 *
 * @param onAlive what to do about a supervisor that does not end
 */
async function endLeftovers(directory: string, onAlive: (description: CloudDescription) => void): Promise<void> {
  const description = readDescription(directory);
  if (!description) return;
  const until = Date.now() + 10_000;
  while (belongsTo(description.id, description.supervisorPid)) {
    if (Date.now() > until) onAlive(description);
    await new Promise((wake) => setTimeout(wake, 50));
  }
  await sweep(description.id);
  forgetDescription(directory);
}

function refuseBusyPort(port: number): Promise<void> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === "EADDRINUSE" ? "is in use by another process" : `cannot be listened on (${cause.message})`;
      fail(
        new CloudError(
          `--port ${port}: the port ${why}. Give another one, or leave the option out: a free port is found then.`,
        ),
      );
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => done()));
  });
}
