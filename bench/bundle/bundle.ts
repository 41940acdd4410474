// Size of the functions' bundles and what loading one costs at a cold start. Prints one line of JSON.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { bundleAll } from "../../functions/bundle";
import { environment } from "./environment";

const run = promisify(execFile);

export interface BundleFigures {
  /** The largest function's, minified, in 1,000 bytes. */
  maxKb: number;
  /** The slowest function's median, in milliseconds. */
  maxLoadMs: number;
  functions: Record<string, { kb: number; gzipKb: number; loadMs: number }>;
}

/** Processes that load each bundle; their median counts. */
const LOADS = 11;

const LOAD = "const from = performance.now(); require(process.argv[1]); console.log(performance.now() - from);";

/** Builds the bundles and measures them, one process at a time. */
export async function measureBundles(): Promise<BundleFigures> {
  const outDir = await mkdtemp(path.join(tmpdir(), "bundles-"));
  try {
    const functions: BundleFigures["functions"] = {};
    for (const { name, file, bytes } of await bundleAll({ outDir })) {
      if (name === "launcher") continue; // a task's start is counted in seconds, and it is no function
      const gzipKb = gzipSync(await readFile(file)).length / 1000;
      functions[name] = { kb: bytes / 1000, gzipKb, loadMs: await medianLoad(file) };
    }
    const all = Object.values(functions);
    return {
      maxKb: Math.max(...all.map(({ kb }) => kb)),
      maxLoadMs: Math.max(...all.map(({ loadMs }) => loadMs)),
      functions,
    };
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

async function medianLoad(file: string): Promise<number> {
  const times: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    const { stdout } = await run(process.execPath, ["-e", LOAD, file], { env: environment });
    times.push(Number(stdout));
  }
  times.sort((one, other) => one - other);
  return times[Math.floor(LOADS / 2)] ?? NaN;
}

if (require.main === module) {
  measureBundles().then(
    (figures) => console.log(JSON.stringify(figures)),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
