// `npm test [-- PATH …]`: mocha for TypeScript and pytest for Python at the same time, and one line of counts at the end.
// What checks the project with clients that others wrote (test/oracles) runs on a Python of its own, which has them.
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
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

/** Where results are kept in JUnit's format, for whoever runs the tests (`TEST_REPORTS`, a folder of the project). */
function reportFile(name: string): string | undefined {
  const reports = process.env["TEST_REPORTS"];
  if (!reports) return undefined;
  const directory = join(projectRoot, reports, "results");
  mkdirSync(directory, { recursive: true });
  return join(directory, `${name}.xml`);
}

async function runMocha(files: string[]): Promise<Counts> {
  // Against hanging alone: how fast the machine is decides no test.
  const mocha = new Mocha({ timeout: 300_000, reporter: "spec", color: process.stdout.isTTY, forbidOnly: true });
  for (const file of files) mocha.addFile(join(projectRoot, file));
  await mocha.loadFilesAsync();
  return new Promise((done) => {
    const runner = mocha.run(() => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const counts = { passed: passes, failed: failures, skipped: pending };
      if (!xml) return done(counts);
      // It writes its file once everybody has heard of the end.
      setImmediate(() => xml.done(failures, () => done(counts)));
    });
    const output = reportFile("mocha");
    const xml = output && new Mocha.reporters.XUnit(runner, { reporterOptions: { output } });
  });
}

const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** Pytest's counts, and what it printed where it may not print by itself. */
interface PytestRun {
  counts: Counts;
  printed: string;
}

/** @param aside pytest runs beside something that prints, so what it has to say is kept until that is done */
async function runPytest(name: string, python: string, files: string[], aside: boolean): Promise<PytestRun> {
  if (!files.length) return { counts: NONE, printed: "" };
  const directory = mkdtempSync(join(tmpdir(), "pytest-"));
  const xml = reportFile(name) ?? join(directory, "junit.xml");
  const pytest = spawn(python, ["-m", "pytest", "-q", "-rs", "--color=auto", `--junitxml=${xml}`, ...files], {
    cwd: projectRoot,
    stdio: ["ignore", aside ? "pipe" : "inherit", aside ? "pipe" : "inherit"],
  });
  let printed = "";
  for (const stream of [pytest.stdout, pytest.stderr])
    stream?.on("data", (text: Buffer) => (printed += text.toString()));
  const code = await new Promise<number | null>((done) => pytest.on("close", done));
  try {
    const report = existsSync(xml) ? readFileSync(xml, "utf8") : "";
    const suite = /<testsuite [^>]*>/.exec(report)?.[0] ?? "";
    const count = (attribute: string) => Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = count("failures") + count("errors");
    // A crash of pytest itself is a failure too, whatever the file counted.
    const crashed = code !== 0 && failed === 0 ? 1 : 0;
    const passed = count("tests") - failed - count("skipped");
    return { counts: { passed, failed: failed + crashed, skipped: count("skipped") }, printed };
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
  const aside = typescript.length > 0;
  const pytestRuns = async (): Promise<PytestRun[]> => [
    await runPytest(
      "pytest",
      tools().python,
      python.filter((file) => !withOracles.includes(file)),
      aside,
    ),
    ...(withOracles.length ? [await runPytest("oracles", oracles(), withOracles, aside)] : []),
  ];
  const [runs, mocha] = await Promise.all([pytestRuns(), aside ? runMocha(typescript) : NONE]);
  for (const { printed } of runs) if (printed) console.log(`\n${printed}`);
  const counts = [...runs.map((run) => run.counts), mocha];
  const sum = (key: keyof Counts) => counts.reduce((total, each) => total + each[key], 0);
  console.log(
    `\nmocha: ${typescript.length} files, pytest: ${python.length} files, ${((Date.now() - from) / 1000).toFixed(0)} s`,
  );
  console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  process.exit(sum("failed") > 0 || sum("passed") === 0 ? 1 : 0);
}

void main();
