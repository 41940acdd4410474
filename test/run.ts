// `npm test [-- PATH …]`: mocha for TypeScript, pytest for Python, and one line of counts at the end. What checks the
// project with clients that others wrote (test/oracles) runs on a Python of its own, which has them.
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Mocha from "mocha";
import { bundleAll } from "../functions/bundle";
import { projectRoot, tools } from "../local/tools";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Test files at or below the given paths; all of them where none is given. */
function select(pattern: string, paths: string[]): string[] {
  const files = globSync(pattern, { cwd: projectRoot }).sort();
  if (!paths.length) return files;
  return files.filter((file) => paths.some((path) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`)));
}

async function runMocha(files: string[]): Promise<Counts> {
  const mocha = new Mocha({ timeout: 60_000, reporter: "spec", color: process.stdout.isTTY, forbidOnly: true });
  for (const file of files) mocha.addFile(join(projectRoot, file));
  await mocha.loadFilesAsync();
  return new Promise((done) => {
    const runner = mocha.run(() => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      done({ passed: passes, failed: failures, skipped: pending });
    });
  });
}

const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

async function runPytest(python: string, files: string[]): Promise<Counts> {
  if (!files.length) return NONE;
  const directory = mkdtempSync(join(tmpdir(), "pytest-"));
  const xml = join(directory, "junit.xml");
  const code = await new Promise<number | null>((done) =>
    spawn(python, ["-m", "pytest", "-q", "-rs", "--color=auto", `--junitxml=${xml}`, ...files], {
      cwd: projectRoot,
      stdio: "inherit",
    }).on("close", done),
  );
  try {
    const suite = /<testsuite [^>]*>/.exec(readFileSync(xml, "utf8"))?.[0] ?? "";
    const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = count("failures") + count("errors");
    // A crash of pytest itself is a failure too, whatever the file counted.
    const crashed = code !== 0 && failed === 0 ? 1 : 0;
    return { passed: count("tests") - failed - count("skipped"), failed: failed + crashed, skipped: count("skipped") };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The Python with the clients of others. @throws Error where set-up did not install it */
function oracles(): string {
  const python = tools().oracles;
  if (!python) throw new Error("The tests in test/oracles need packages of their own: run them with `npm test`.");
  return python;
}

async function main(): Promise<void> {
  const paths = process.argv.slice(2);
  for (const path of paths) statSync(path); // a misspelt path is an error, not zero tests
  const from = Date.now();
  await bundleAll({ outDir: join(projectRoot, "dist") }); // tasks of the local ECS run what is built
  const typescript = select("test/**/*.test.ts", paths);
  const python = select("test/**/test_*.py", paths);
  const withOracles = python.filter((file) => file.startsWith("test/oracles/"));
  const counts = [
    await runPytest(
      tools().python,
      python.filter((file) => !withOracles.includes(file)),
    ),
    withOracles.length ? await runPytest(oracles(), withOracles) : NONE,
    typescript.length ? await runMocha(typescript) : NONE,
  ];
  const sum = (key: keyof Counts) => counts.reduce((total, each) => total + each[key], 0);
  console.log(
    `\nmocha: ${typescript.length} files, pytest: ${python.length} files, ${((Date.now() - from) / 1000).toFixed(0)} s`,
  );
  console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  process.exit(sum("failed") > 0 || sum("passed") === 0 ? 1 : 0);
}

void main();
