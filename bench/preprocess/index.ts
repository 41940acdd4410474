// Preprocessing against the same steps in pandas, in pairs on the same file.
import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syntheticDataset } from "../../local/loop/data";
import { projectRoot, tools } from "../../local/tools";
import { costOf } from "../child";
import { median, type Bench } from "../figure";

const PAIRS = 3;
const RATIOS = ["--train-ratio", "0.6", "--validation-ratio", "0.2", "--test-ratio", "0.2"];

export const preprocessBench: Bench = {
  names: ["preprocess.cpuVsPandas", "preprocess.peakMb"],
  async run(say) {
    const directory = mkdtempSync(join(tmpdir(), "bench-preprocess-"));
    try {
      const input = join(directory, "input");
      mkdirSync(input);
      const dataset = await syntheticDataset();
      try {
        linkSync(dataset.path, join(input, "creditcard.csv"));
      } catch {
        cpSync(dataset.path, join(input, "creditcard.csv")); // another file system
      }
      // The job's folder as the launcher ships it: its own modules and the shared ones side by side.
      const code = join(directory, "code");
      for (const folder of ["preprocess", "shared"]) {
        const from = join(projectRoot, "jobs", folder);
        for (const file of readdirSync(from).filter((name) => name.endsWith(".py")))
          cpSync(join(from, file), join(code, file));
      }
      const { python } = tools();
      const ours = () =>
        costOf(python, [join(code, "preprocess.py"), "--input", input, "--output", join(directory, "ours"), ...RATIOS]);
      const pandas = () =>
        costOf(python, [
          join(projectRoot, "bench/preprocess/pandas_baseline.py"),
          "--input",
          input,
          "--output",
          join(directory, "pandas"),
        ]);
      const ratios: number[] = [];
      const peaks: number[] = [];
      for (let pair = 1; pair <= PAIRS; pair++) {
        const theirs = await pandas();
        const own = await ours();
        say(
          `pair ${pair}: pandas ${theirs.cpuSeconds.toFixed(2)} s of CPU, ours ${own.cpuSeconds.toFixed(2)} s, ${own.peakMb.toFixed(0)} MB`,
        );
        ratios.push(theirs.cpuSeconds / own.cpuSeconds);
        peaks.push(own.peakMb);
      }
      return {
        "preprocess.cpuVsPandas": { value: median(ratios), unit: "×", goal: { atLeast: 3 } },
        "preprocess.peakMb": { value: Math.max(...peaks), unit: "MB", goal: { atMost: 500 } },
      };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
