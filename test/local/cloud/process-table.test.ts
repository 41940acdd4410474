import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect } from "chai";
import { alive, endProcessesWith, processesWith } from "../../../local/cloud/process-table";

describe("processes found by their environment", function () {
  const children: ChildProcess[] = [];

  before(function () {
    if (!existsSync("/proc")) this.skip();
  });
  after(() => {
    for (const child of children) child.kill("SIGKILL");
  });

  async function start(value: string): Promise<number> {
    const program = "process.stdout.write('up'); process.on('SIGTERM', () => undefined); setInterval(() => 0, 1000)";
    const child = spawn(process.execPath, ["-e", program], {
      env: { MARK: value, OTHER: `MARK=${value}` },
      stdio: ["ignore", "pipe", "ignore"],
    });
    children.push(child);
    await once(child.stdout, "data");
    return child.pid ?? 0;
  }

  it("are those with just that value, and are ended whatever they do about it", async () => {
    const mine = [await start("/a folder/state"), await start("/a folder/state")];
    const others = [await start("/a folder/state-2"), await start("/a folder")];
    expect(processesWith("MARK", "/a folder/state")).to.have.members(mine);
    expect(processesWith("ARK", "/a folder/state")).to.deep.equal([]);
    await endProcessesWith("MARK", "/a folder/state");
    expect(processesWith("MARK", "/a folder/state")).to.deep.equal([]);
    expect(others.map(alive)).to.deep.equal([true, true]);
    await endProcessesWith("MARK", "/nobody's");
  });
});
