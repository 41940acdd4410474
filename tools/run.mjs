// `node tools/run.mjs [--with-oracles] [--with-spark] [--compiled] SCRIPT.ts [ARGUMENT …]`: set-up where it is not done yet,
// then the script under the project's Node. With oracles, set-up also installs the clients by others that tests use; with
// Spark, Spark. A script that imports nothing else when it runs can be compiled as one file: it starts sooner.
import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { compile } from "./compile.mjs";
import { SetupError, root, setup } from "./setup.mjs";

const given = process.argv.slice(2);
const first = given.findIndex((argument) => !argument.startsWith("--"));
const wanted = given.slice(0, first);
const [script, ...args] = given.slice(first);
try {
  const tools = await setup({
    withOracles: wanted.includes("--with-oracles"),
    withSpark: wanted.includes("--with-spark"),
  });
  const path = [dirname(tools.node), join(root, "node_modules", ".bin"), dirname(tools.python), process.env.PATH ?? ""];
  const entry = wanted.includes("--compiled")
    ? [await compile(root, script)]
    : ["--disable-warning=ExperimentalWarning", "--import", "tsx", join(root, script)];
  const child = spawn(tools.node, [...entry, ...args], {
    // The fourth channel tells the script when this process is gone, however it ended.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, PATH: path.join(delimiter) },
  });
  // Ctrl-C reaches the script by itself, as it is in the same process group.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\n${error.message}`);
  process.exit(1);
}
