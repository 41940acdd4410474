// `npm run lock:python [-- --upgrade]`: writes each tools/python/*.lock again from the *.in of its name, for every
// platform and Python that set-up takes, and each jobs/wheels/<container>/*.lock for that container.
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { projectRoot, tools } from "../local/tools";

const OLDEST_PYTHON = "3.10";
const plain = ["--quiet", "--no-header", "--no-emit-find-links", "--no-annotate", "--generate-hashes"];
const overrides = ["--override", "tools/python/overrides.txt"];

/** What `container.json` says of a container that jobs run in. */
interface Container {
  /** Oldest first: what it takes, the others take. */
  pythons: [string, ...string[]];
  glibc: string;
  /** Versions of what it holds; null where AWS pins none. */
  packages: Record<string, string | null>;
}

function compile(source: string, options: readonly string[]): void {
  const lock = source.replace(/\.in$/, ".lock");
  execFileSync(
    join(dirname(tools().python), "uv"),
    ["pip", "compile", ...plain, ...options, ...process.argv.slice(2), ...overrides, source, "--output-file", lock],
    { cwd: projectRoot, stdio: "inherit" },
  );
  console.log(`${source} → ${lock}`);
}

/** Options that compile for a container: nothing that it holds is changed, or locked once more. */
function containerOptions(folder: string, constraints: string): string[] {
  const { pythons, glibc, packages } = JSON.parse(readFileSync(join(folder, "container.json"), "utf8")) as Container;
  const pinned = Object.entries(packages).filter(([, version]) => version !== null);
  writeFileSync(constraints, pinned.map(([name, version]) => `${name}==${version}\n`).join(""));
  return [
    ...["--constraint", constraints, "--only-binary", ":all:", "--python-version", pythons[0]],
    ...["--python-platform", `x86_64-manylinux_${glibc.replace(".", "_")}`],
    ...Object.keys(packages).flatMap((name) => ["--no-emit-package", name]),
  ];
}

for (const source of globSync("tools/python/*.in", { cwd: projectRoot }).sort()) {
  compile(source, ["--universal", "--python-version", OLDEST_PYTHON]);
}
const scratch = mkdtempSync(join(tmpdir(), "locks-"));
try {
  for (const source of globSync("jobs/wheels/*/*.in", { cwd: projectRoot }).sort()) {
    compile(source, containerOptions(join(projectRoot, dirname(source)), join(scratch, "constraints.txt")));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
