import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { PeakMemory } from "../../../local/cloud/peak-memory";
import { memoryMb } from "../../../local/cloud/process-table";

/** Holds as many MB as it was told to last, each page of them written to, and says so. */
const HOLDER = `
let held;
process.on("message", (megabytes) => {
  held = Buffer.alloc(megabytes * 1024 * 1024, 1);
  process.send(held.length);
});
`;

describe("PeakMemory", () => {
  it("keeps what processes held at most, between what they hold before and after", async () => {
    const child = spawn(process.execPath, ["-e", HOLDER], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const pids = [child.pid ?? 0];
    const hold = async (megabytes: number): Promise<void> => {
      const held = once(child, "message");
      child.send(megabytes);
      await held;
    };
    try {
      const peak = new PeakMemory();
      await hold(1);
      peak.sample(pids);
      const before = peak.megabytes;
      await hold(200);
      peak.sample(pids);
      const atMost = memoryMb(pids);
      expect(peak.megabytes).to.be.within(before + 150, Math.ceil(atMost) + 5);
      expect(peak.megabytes).to.be.closeTo(atMost, 5);
      const top = peak.megabytes;
      peak.sample([]);
      expect(peak.megabytes).to.equal(top);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  it("counts no process that is gone", () => {
    const peak = new PeakMemory();
    peak.sample([0]);
    expect(peak.megabytes).to.equal(0);
  });
});
