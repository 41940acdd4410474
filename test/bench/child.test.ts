import { expect } from "chai";
import { costOf } from "../../bench/child";
import { tools } from "../../local/tools";

const python = (code: string) => costOf(tools().python, ["-c", code]);

describe("the cost of a command", () => {
  it("counts the processor time of all its threads and children, not the time it sleeps", async () => {
    const spin = "import time\nwhile time.process_time() < 0.4: pass";
    const busy = await python(spin);
    expect(busy.cpuSeconds).to.be.within(0.4, 1);
    const child = await python(
      `import subprocess, sys; subprocess.run([sys.executable, "-c", ${JSON.stringify(spin)}])`,
    );
    expect(child.cpuSeconds).to.be.within(0.4, 1.2);
    const idle = await python("import time; time.sleep(0.4)");
    expect(idle.wallSeconds).to.be.at.least(0.4);
    expect(idle.cpuSeconds).to.be.below(0.3);
  });

  it("counts the memory of the command, not of the process that asks", async () => {
    const small = await python("pass");
    expect(small.peakMb).to.be.below(40);
    const large = await python("kept = bytearray(b'x') * 100 * 1024 * 1024");
    expect(large.peakMb - small.peakMb).to.be.within(95, 115);
  });

  it("passes on what a command that fails said", async () => {
    const failed = await python("import sys; sys.exit('no such column')").catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect((failed as Error).message).to.match(/ended with 1:\nno such column/);
  });
});
