// The training job, as a whole process, against calling its library directly on the same splits with the same options.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as t from "io-ts";
import { decodeJson } from "../../functions/shared/decode";
import { syntheticDataset } from "../../local/loop/data";
import { projectRoot, tools } from "../../local/tools";
import { algorithms } from "../../pipeline/algorithms";
import { costOf } from "../child";
import { inPairs, median, type Bench } from "../figure";

const PAIRS = 3;
const SEED = 7;
const RATIOS = ["--train-ratio", "0.6", "--validation-ratio", "0.2", "--test-ratio", "0.2"];

/** How long each took relative to the library alone, the slower of the algorithms. */
export const trainBench: Bench = {
  names: ["train.vsLibrary"],
  async run(say) {
    const directory = mkdtempSync(join(tmpdir(), "bench-train-"));
    try {
      const splits = await split(directory);
      const code = shipCode(directory, ["train", "serve", "shared"]);
      const ratios: number[] = [];
      for (const name of ["xgboost", "lgbm"] as const)
        ratios.push(await compare(name, { directory, code, splits }, say));
      return { "train.vsLibrary": { value: Math.max(...ratios), unit: "× the time", goal: { atMost: 1.15 } } };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

interface Place {
  directory: string;
  code: string;
  splits: string;
}

async function compare(
  name: keyof typeof algorithms,
  { directory, code, splits }: Place,
  say: (text: string) => void,
): Promise<number> {
  const { program, defaultsFile } = algorithms[name];
  const [job, alone] = [join(directory, `${name}-job`), join(directory, `${name}-alone`)];
  const channels = ["train", "validation"].flatMap((channel) => [`--${channel}`, join(splits, channel)]);
  const ours = () =>
    costOf(tools().python, [join(code, program), ...channels, "--model_dir", job, "--seed", String(SEED)]);
  const theirs = () =>
    costOf(tools().python, [
      ...[join(projectRoot, "bench/train/library_baseline.py"), "--algorithm", name, "--seed", String(SEED)],
      ...["--hyperparameters", join(projectRoot, "models", defaultsFile), ...channels, "--output", alone],
    ]);
  const pairs = await inPairs(PAIRS, ours, theirs, (pair, number) =>
    say(
      `${name}, pair ${number}: the library ${pair.theirs.wallSeconds.toFixed(2)} s (${pair.theirs.cpuSeconds.toFixed(2)} s of CPU), the job ${pair.ours.wallSeconds.toFixed(2)} s (${pair.ours.cpuSeconds.toFixed(2)} s)`,
    ),
  );
  requireSameTrees(name, job, alone);
  return median(pairs.map((pair) => pair.ours.wallSeconds / pair.theirs.wallSeconds));
}

/** The generated transactions, split as the pipeline splits them; the folder of the splits. */
export async function split(directory: string): Promise<string> {
  const [input, output] = [join(directory, "input"), join(directory, "splits")];
  mkdirSync(input);
  symlinkSync((await syntheticDataset()).path, join(input, "creditcard.csv"));
  const program = join(shipCode(directory, ["preprocess", "shared"]), "preprocess.py");
  await costOf(tools().python, [program, "--input", input, "--output", output, ...RATIOS]);
  return output;
}

/** A job's folder as the launcher ships it: its own modules and the shared ones side by side. */
export function shipCode(directory: string, folders: string[]): string {
  const code = join(directory, "code", folders[0] ?? "");
  for (const folder of folders) {
    const from = join(projectRoot, "jobs", folder);
    for (const file of readdirSync(from).filter((name) => name.endsWith(".py")))
      cpSync(join(from, file), join(code, file));
  }
  return code;
}

const Trees = t.type({ trees: t.number });
const Metadata = t.type({ bestIteration: t.number });

/** @throws Error where the two did different work: their times say nothing then. */
function requireSameTrees(name: string, job: string, alone: string): void {
  const [ours, theirs] = [join(job, "metadata/model.json"), join(alone, "trees.json")];
  const { bestIteration } = decodeJson(Metadata, readFileSync(ours, "utf8"), ours);
  const { trees } = decodeJson(Trees, readFileSync(theirs, "utf8"), theirs);
  if (bestIteration + 1 !== trees)
    throw new Error(`${name}: the job kept ${bestIteration + 1} trees, the library alone ${trees}`);
}
