// `npm run lock:python [-- --upgrade]`: writes each tools/python/*.lock again from the *.in of its name, for every
// platform and Python that set-up takes.
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { projectRoot, tools } from "../local/tools";

const OLDEST_PYTHON = "3.10";
const plain = ["--no-header", "--no-emit-find-links", "--no-annotate"];
const overrides = ["--override", "tools/python/overrides.txt"];

for (const source of globSync("tools/python/*.in", { cwd: projectRoot }).sort()) {
  const lock = source.replace(/\.in$/, ".lock");
  const options = ["--quiet", "--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", ...plain];
  execaSync(
    join(dirname(tools().python), "uv"),
    ["pip", "compile", ...options, ...process.argv.slice(2), ...overrides, source, "--output-file", lock],
    { cwd: projectRoot, stdio: "inherit" },
  );
  console.log(`${source} → ${lock}`);
}
