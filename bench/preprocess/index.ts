// Preprocessing against the same steps in pandas, and on Spark against one machine, in pairs on the same file.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as t from "io-ts";
import { decodeJson } from "../../functions/shared/decode";
import { syntheticDataset } from "../../local/loop/data";
import { projectRoot, tools } from "../../local/tools";
import { costOf, type Cost } from "../child";
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
      const code = shipCode(directory);
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
      requireSameSplits(join(directory, "ours"), join(directory, "pandas"), "pandas");
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

const SPARK_PAIRS = 2;

/** What Spark costs on data that one machine holds, on one instance: start of the JVM and all. */
export const sparkBench: Bench = {
  names: ["preprocess.sparkVsSingle"],
  async run(say) {
    const directory = mkdtempSync(join(tmpdir(), "bench-spark-"));
    try {
      const input = join(directory, "input");
      mkdirSync(input);
      symlinkSync((await syntheticDataset()).path, join(input, "creditcard.csv"));
      const code = shipCode(directory);
      const output = (engine: string, run: number) => join(directory, `${engine}-${run}`);
      let run = 0;
      const single = () =>
        costOf(tools().python, [
          ...[join(code, "preprocess.py"), "--input", input, "--output", output("single", run)],
          ...RATIOS,
        ]);
      const submit = join(projectRoot, "local/containers/spark/bin/smspark-submit");
      const spark = () =>
        // The container works in the folder that stands for /opt/ml.
        costOf("sh", [
          ...["-c", 'cd "$0" && exec "$@"', directory, submit, "--py-files", code, join(code, "preprocess_spark.py")],
          ...["--input", input, "--output", output("spark", run), ...RATIOS],
        ]);
      const pairs = await inPairs(SPARK_PAIRS, spark, single, (pair, number) => {
        say(`pair ${number}: one machine ${told(pair.theirs)}, Spark ${told(pair.ours)}`);
        requireSameSplits(output("spark", run), output("single", run), "one machine");
        run = number;
      });
      const ratio = median(pairs.map((pair) => pair.ours.wallSeconds / pair.theirs.wallSeconds));
      return { "preprocess.sparkVsSingle": { value: ratio, unit: "× the time", goal: { atMost: 30 } } };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

function told(cost: Cost): string {
  return `${cost.wallSeconds.toFixed(1)} s (${cost.cpuSeconds.toFixed(1)} s of CPU, ${cost.peakMb.toFixed(0)} MB)`;
}

/** The job's folder as the launcher ships it: its own modules and the shared ones side by side. */
function shipCode(directory: string): string {
  const code = join(directory, "code");
  for (const folder of ["preprocess", "shared"]) {
    const from = join(projectRoot, "jobs", folder);
    for (const file of readdirSync(from).filter((name) => name.endsWith(".py")))
      cpSync(join(from, file), join(code, file));
  }
  return code;
}

/** The part of the reports that says which rows went where. */
const Report = t.type({
  rows: t.number,
  frauds: t.number,
  duplicates: t.number,
  splits: t.record(t.string, t.type({ rows: t.number, frauds: t.number, timeFrom: t.number, timeTo: t.number })),
});

/** @throws Error where the two did different work: their times say nothing then. */
function requireSameSplits(ours: string, theirs: string, who: string): void {
  const [one, other] = [ours, theirs].map((output) => {
    const file = join(output, "report", "preprocess.json");
    const { rows, frauds, duplicates, splits } = decodeJson(Report, readFileSync(file, "utf8"), file);
    return JSON.stringify({ rows, frauds, duplicates, splits });
  });
  if (one !== other) throw new Error(`the job and ${who} split the rows differently: ${one} against ${other}`);
}
