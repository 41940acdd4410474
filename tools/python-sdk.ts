// `npm run build:sdk`: the Python package of the component provider's schema, into sdk/python, by Pulumi's own generator,
// which a machine that built the engine has the sources of.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import project from "../package.json";
import { packageSchema } from "../plugin/schema";

const root = resolve(__dirname, "..");
const out = join(root, "sdk", "python");
const scratch = mkdtempSync(join(tmpdir(), "sdk-"));
try {
  const schema = join(scratch, "schema.json");
  writeFileSync(schema, `${JSON.stringify(packageSchema(project.version), undefined, 2)}\n`);
  rmSync(out, { recursive: true, force: true });
  execFileSync("go", ["run", "-mod=mod", "./python-sdk", schema, out], {
    cwd: join(root, "tools"),
    // Set-up puts Go there where the machine has none.
    env: { ...process.env, PATH: [process.env["PATH"], join(root, ".local", "go", "bin")].join(delimiter) },
    stdio: "inherit",
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
