// What a pull request's preview of prod takes, base and head together, warm: the second of two runs.
import { spawnSync } from "node:child_process";
import { projectRoot } from "../local/tools";
import type { Bench } from "./figure";

/** Wall time in seconds, as its user waits for it. */
function npmRunPreview(): number {
  const from = performance.now();
  const args = ["run", "--silent", "preview", "--", "--stack", "prod", "--base", "HEAD", "--json"];
  const { status, stderr } = spawnSync("npm", args, { cwd: projectRoot, encoding: "utf8", maxBuffer: 100_000_000 });
  if (status !== 0) throw new Error(`the preview of prod ended with ${status}: ${stderr.slice(-2000)}`);
  return (performance.now() - from) / 1000;
}

export const previewBench: Bench = {
  names: ["preview.prodSeconds"],
  run(say) {
    say(`first run: ${npmRunPreview().toFixed(1)} s`);
    return Promise.resolve({ "preview.prodSeconds": { value: npmRunPreview(), unit: "s", goal: { atMost: 6 } } });
  },
};
