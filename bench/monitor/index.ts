// Data quality of a million captured requests against the same figures in pandas, in pairs on the same files.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as t from "io-ts";
import { decodeJson } from "../../functions/shared/decode";
import { syntheticDataset } from "../../local/loop/data";
import { projectRoot, tools } from "../../local/tools";
import { costOf } from "../child";
import { inPairs, median, type Bench } from "../figure";

const ROWS = 1_000_000;
const PAIRS = 2;
const code = (name: string) => join(projectRoot, "jobs", name);

export const monitorBench: Bench = {
  names: ["monitor.vsPandas", "monitor.peakMb"],
  async run(say) {
    const directory = mkdtempSync(join(tmpdir(), "bench-monitor-"));
    try {
      const { python } = tools();
      const script = (name: string) => join(projectRoot, "bench/monitor", name);
      const { path } = await syntheticDataset();
      await costOf(python, [script("make_captures.py"), "--data", path, "--rows", String(ROWS), "--output", directory]);
      const places = ["--captured", join(directory, "captured"), "--baseline", join(directory, "baseline")];
      const ours = () =>
        costOf(
          python,
          [
            join(code("monitor"), "monitor.py"),
            "--monitor",
            "data-quality",
            ...places,
            "--output",
            join(directory, "ours"),
          ],
          { PYTHONPATH: [code("shared"), code("monitor")].join(delimiter) },
        );
      const pandas = () =>
        costOf(python, [script("pandas_baseline.py"), ...places, "--output", join(directory, "pandas")]);
      const pairs = await inPairs(PAIRS, ours, pandas, (pair, number) =>
        say(
          `pair ${number}: pandas ${pair.theirs.wallSeconds.toFixed(1)} s and ${pair.theirs.peakMb.toFixed(0)} MB, ` +
            `ours ${pair.ours.wallSeconds.toFixed(1)} s and ${pair.ours.peakMb.toFixed(0)} MB`,
        ),
      );
      requireSameFigures(directory);
      return {
        "monitor.vsPandas": {
          value: median(pairs.map((pair) => pair.theirs.wallSeconds / pair.ours.wallSeconds)),
          unit: "×",
          goal: { atLeast: 1 },
        },
        "monitor.peakMb": {
          value: Math.max(...pairs.map((pair) => pair.ours.peakMb)),
          unit: "MB",
          goal: { atMost: 1500 },
        },
      };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

const Statistics = t.type({
  features: t.array(
    t.type({ name: t.string, numerical_statistics: t.type({ mean: t.number, std_dev: t.number, max: t.number }) }),
  ),
});
const Summary = t.type({ rows: t.number, violations: t.array(t.type({ feature: t.string, check: t.string })) });
const Pandas = t.type({
  rows: t.number,
  features: t.array(t.type({ name: t.string, mean: t.number, std_dev: t.number, max: t.number })),
  violations: t.array(t.tuple([t.string, t.string])),
});

/** @throws Error where the two found different things: their times say nothing then. */
function requireSameFigures(directory: string): void {
  const read = <T>(codec: t.Type<T, unknown>, name: string): T =>
    decodeJson(codec, readFileSync(join(directory, name), "utf8"), name);
  const { features } = read(Statistics, "ours/statistics.json");
  const { rows, violations } = read(Summary, "ours/summary.json");
  const theirs = read(Pandas, "pandas/pandas.json");
  const digits = ({ mean, std_dev, max }: { mean: number; std_dev: number; max: number }) =>
    [mean, std_dev, max].map((value) => value.toPrecision(6));
  const ours = {
    rows,
    violations: violations.map(({ feature, check }) => [feature, check]),
    features: features.map(({ name, numerical_statistics }) => [name, ...digits(numerical_statistics)]),
  };
  const others = {
    rows: theirs.rows,
    violations: theirs.violations,
    features: theirs.features.map((each) => [each.name, ...digits(each)]),
  };
  if (JSON.stringify(ours) !== JSON.stringify(others)) {
    throw new Error(`the job and pandas found different things: ${JSON.stringify(ours)}; ${JSON.stringify(others)}`);
  }
}
