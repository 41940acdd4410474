import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as after } from "node:timers/promises";
import { ListEndpointsCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import { CloudError, environment, findCloud, startCloud, stopCloud, type RunningCloud } from "../../../local/cloud";
import { readDescription } from "../../../local/cloud/description";
import { alive, markedProcesses } from "../../../local/cloud/process-table";
import { projectRoot } from "../../../local/tools";

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited 30 s in vain for ${what}`);
    await after(50);
  }
}

/** Whether the local server of a cloud answers a client that has nothing but its environment. */
async function answers({ description }: RunningCloud): Promise<boolean> {
  const { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region } = environment(description);
  const client = new SageMakerClient({
    ...(endpoint ? { endpoint } : {}),
    ...(region ? { region } : {}),
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const { Endpoints } = await client.send(new ListEndpointsCommand({}));
  client.destroy();
  return Endpoints?.length === 0;
}

/** The process of a cloud that runs a program of ours or MiniStack's. */
function processOf(cloudId: string, program: string): number {
  const found = markedProcesses(cloudId).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(program),
  );
  if (found.length !== 1) throw new Error(`${found.length} processes of ${program}`);
  return found[0] as number;
}

describe("the local cloud's processes", function () {
  let directory: string;
  const ids = new Set<string>();
  const region = "eu-west-1";

  beforeEach(() => (directory = join(mkdtempSync(join(tmpdir(), "cloud-")), "cloud")));
  afterEach(async () => {
    await stopCloud(directory);
    rmSync(join(directory, ".."), { recursive: true, force: true });
    for (const id of ids) expect(markedProcesses(id), "processes that are left").to.deep.equal([]);
    ids.clear();
  });

  async function started(): Promise<RunningCloud> {
    const cloud = await startCloud({ directory, region });
    ids.add(cloud.description.id);
    return cloud;
  }

  it("start, answer, are found by others, and end", async () => {
    const cloud = await started();
    expect(await answers(cloud)).to.equal(true);
    const found = await findCloud(directory);
    expect(found?.wasUp).to.equal(true);
    expect(found?.description).to.deep.equal(cloud.description);
    expect(await cloud.peakMemoryMb()).to.be.greaterThan(20);
    await cloud.stop();
    expect(markedProcesses(cloud.description.id)).to.deep.equal([]);
    expect(await findCloud(directory)).to.equal(undefined);
    expect(await stopCloud(directory)).to.equal(false);
  });

  it("start again after a kill -9 of the supervisor, once what it left was ended", async () => {
    const first = await started();
    process.kill(first.description.supervisorPid, "SIGKILL");
    await until(() => !alive(first.description.supervisorPid), "the supervisor to end");
    const second = await started();
    expect(markedProcesses(first.description.id)).to.deep.equal([]);
    expect(await answers(second)).to.equal(true);
    await second.stop();
  });

  for (const [name, program] of [
    ["server", "local/server/main.ts"],
    ["ministack", "run_ministack.py"],
  ] as const) {
    it(`all end where ${name} is killed, and whoever waits is told which and why`, async () => {
      const cloud = await started();
      const told = cloud.failed.catch((error: unknown) => error as Error);
      process.kill(processOf(cloud.description.id, program), "SIGKILL");
      const error = await told;
      expect(error).to.be.instanceOf(CloudError);
      expect(error.message).to.match(new RegExp(`${name} ended by itself \\(SIGKILL\\)\\. The end of its log:`));
      await until(() => markedProcesses(cloud.description.id).length === 0, "all to end");
    });
  }

  for (const keep of [false, true]) {
    it(`${keep ? "stay where they were told to" : "end"} when the process that started them is killed`, async () => {
      const owner = spawn(
        process.execPath,
        ["--import", "tsx", join(__dirname, "owner.ts"), directory, ...(keep ? ["keep"] : [])],
        { cwd: projectRoot, stdio: ["ignore", "pipe", "inherit"] },
      );
      const exited = new Promise<void>((done) => owner.once("exit", () => done()));
      for await (const line of createInterface({ input: owner.stdout })) if (line === "up") break;
      const id = readDescription(directory)?.id ?? "";
      ids.add(id);
      owner.kill("SIGKILL");
      await exited;
      if (keep) {
        const found = await findCloud(directory);
        if (!found) throw new Error("the cloud is gone");
        expect(await answers(found)).to.equal(true);
        expect(await stopCloud(directory)).to.equal(true);
      }
      await until(() => markedProcesses(id).length === 0, "all to end");
    });
  }

  it("are not started on a port that is in use, and nothing is made", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => other.once("listening", done));
    const { port } = other.address() as AddressInfo;
    const error = await startCloud({ directory, region, port }).catch((fault: unknown) => fault as Error);
    other.close();
    expect(error).to.be.instanceOf(CloudError);
    expect((error as Error).message).to.match(new RegExp(`--port ${port}: the port is in use by another process`));
    expect(existsSync(directory)).to.equal(false);
  });
});
