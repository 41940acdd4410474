// `npm run bench [-- name…]`: measures, judges, and keeps the figures in bench/results.json.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../local/tools";
import { apiBench } from "./api";
import { measureBundles } from "./bundle/bundle";
import { endpointBench } from "./endpoint";
import { extractBench } from "./extract";
import { runBenches, select, type Bench, type Results } from "./figure";
import { loopBench } from "./loop";
import { monitorBench } from "./monitor";
import { previewBench } from "./preview";
import { preprocessBench, sparkBench } from "./preprocess";
import { registerBench } from "./register";
import { streamBench } from "./stream";
import { trainBench } from "./train";

const bundleBench: Bench = {
  names: ["bundle.maxKb", "bundle.maxLoadMs"],
  async run(say) {
    const { maxKb, maxLoadMs, functions } = await measureBundles();
    for (const [name, { kb, loadMs }] of Object.entries(functions))
      say(`${name}: ${kb.toFixed(1)} kB, loads in ${loadMs.toFixed(1)} ms`);
    return {
      "bundle.maxKb": { value: maxKb, unit: "kB", goal: { atMost: 300 } },
      "bundle.maxLoadMs": { value: maxLoadMs, unit: "ms", goal: { atMost: 80 } },
    };
  },
};

const BENCHES = [
  preprocessBench,
  sparkBench,
  extractBench,
  trainBench,
  registerBench,
  monitorBench,
  bundleBench,
  endpointBench,
  apiBench,
  streamBench,
  previewBench,
  loopBench,
];
const FILE = join(projectRoot, "bench", "results.json");

/** Figures measured now take the place of earlier ones of the same name; the others stay. */
function keep(results: Results): void {
  const before = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Results) : {};
  writeFileSync(`${FILE}.part`, `${JSON.stringify({ ...before, ...results }, undefined, 2)}\n`);
  renameSync(`${FILE}.part`, FILE);
}

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const json = asked.includes("--json");
  const benches = select(
    BENCHES,
    asked.filter((name) => name !== "--json"),
  );
  const results = await runBenches(benches, (text) => console.error(text), keep);
  if (json) console.log(JSON.stringify(results));
  process.exit(Object.values(results).every((result) => result.ok) ? 0 : 1);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
