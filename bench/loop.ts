// The whole loop, warm: the second of two runs on the full generated data set.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { RunReport } from "../local/report/report";
import { localDirectory, projectRoot } from "../local/tools";
import { isLeft } from "fp-ts/Either";
import type { Bench } from "./figure";

/** Wall time of one `npm start`, as its user waits for it. Each stage is told when it is done. */
function npmStart(say: (text: string) => void): Promise<number> {
  const from = performance.now();
  return new Promise((done, fail) => {
    let output = "";
    const child = spawn("npm", ["start"], { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        output += `${line}\n`;
        if (/^(ok|FAIL)\s/.test(line)) say(line);
      });
    }
    child.on("error", fail);
    child.on("close", (code) =>
      code === 0
        ? done((performance.now() - from) / 1000)
        : fail(new Error(`npm start ended with ${code}:\n${output.slice(-2000)}`)),
    );
  });
}

export const loopBench: Bench = {
  names: ["loop.warmSeconds", "loop.peakGb"],
  async run(say) {
    say(`first run: ${(await npmStart(say)).toFixed(1)} s`);
    const seconds = await npmStart(say);
    say(`second run: ${seconds.toFixed(1)} s`);
    const report = RunReport.decode(JSON.parse(readFileSync(join(localDirectory, "report.json"), "utf8")));
    if (isLeft(report) || report.right.resources.peakMb === null) throw new Error("report.json has no peak memory");
    return {
      "loop.warmSeconds": { value: seconds, unit: "s", goal: { atMost: 150 } },
      "loop.peakGb": { value: report.right.resources.peakMb / 1024, unit: "GB", goal: { atMost: 4 } },
    };
  },
};
