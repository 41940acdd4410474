// Preprocessing against the same steps in pandas, in pairs on the same file.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as t from "io-ts";
import { decodeJson } from "../../functions/shared/decode";
import { syntheticDataset } from "../../local/loop/data";
import { projectRoot, tools } from "../../local/tools";
import { costOf } from "../child";
import { inPairs, median, type Bench } from "../figure";

const PAIRS = 3;
const RATIOS = ["--train-ratio", "0.6", "--validation-ratio", "0.2", "--test-ratio", "0.2"];

export const preprocessBench: Bench = {
  names: ["preprocess.cpuVsPandas", "preprocess.peakMb"],
  async run(say) {
    const directory = mkdtempSync(join(tmpdir(), "bench-preprocess-"));
    try {
      const input = join(directory, "input");
      mkdirSync(input);
      symlinkSync((await syntheticDataset()).path, join(input, "creditcard.csv"));
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
      const pairs = await inPairs(PAIRS, ours, pandas, (pair, number) =>
        say(
          `pair ${number}: pandas ${pair.theirs.cpuSeconds.toFixed(2)} s of CPU, ours ${pair.ours.cpuSeconds.toFixed(2)} s, ${pair.ours.peakMb.toFixed(0)} MB`,
        ),
      );
      requireSameSplits(join(directory, "ours"), join(directory, "pandas"));
      return {
        "preprocess.cpuVsPandas": {
          value: median(pairs.map((pair) => pair.theirs.cpuSeconds / pair.ours.cpuSeconds)),
          unit: "×",
          goal: { atLeast: 3 },
        },
        "preprocess.peakMb": {
          value: Math.max(...pairs.map((pair) => pair.ours.peakMb)),
          unit: "MB",
          goal: { atMost: 500 },
        },
      };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** The part of the reports that says which rows went where. */
const Report = t.type({
  rows: t.number,
  frauds: t.number,
  duplicates: t.number,
  splits: t.record(t.string, t.type({ rows: t.number, frauds: t.number, timeFrom: t.number, timeTo: t.number })),
});

/** @throws Error where the two did different work: their times say nothing then. */
function requireSameSplits(ours: string, theirs: string): void {
  const [one, other] = [ours, theirs].map((output) => {
    const file = join(output, "report", "preprocess.json");
    const { rows, frauds, duplicates, splits } = decodeJson(Report, readFileSync(file, "utf8"), file);
    return JSON.stringify({ rows, frauds, duplicates, splits });
  });
  if (one !== other) throw new Error(`the job and pandas split the rows differently: ${one} against ${other}`);
}
