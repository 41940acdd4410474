import "./defer-closures";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";

/** Runs the engine, as the Automation API's own class does; its types leave it out. */
type Run = (args: string[], ...rest: unknown[]) => Promise<{ stdout: string; stderr: string; code: number }>;

/** What the Automation API asks before and after an operation, and the answer that tells it nothing. */
const BESIDE = [
  // Each command names its stack.
  { asked: "stack select", answer: "" },
  { asked: "stack output", answer: "{}" },
  { asked: "stack history", answer: "[]" },
];

/**
 * The engine for operations of which only the events are read, on stacks that are there: it is not started to be asked
 * for its version, to select the stack, nor for outputs and history, which would each take a fifth of a second.
 *
 * @param binary absolute path of `pulumi`
 * @param store where the engine's version is kept
 */
export async function quickEngine(binary: string, store: string): Promise<PulumiCommand> {
  const command = {
    command: binary,
    // A string does wherever the API compares it.
    version: (await versionOf(binary, store)) as unknown as PulumiCommand["version"],
    run(args: string[], ...rest: unknown[]): ReturnType<Run> {
      const beside = BESIDE.find(({ asked }) => asked === args.slice(0, 2).join(" "));
      if (beside) return Promise.resolve({ stdout: beside.answer, stderr: "", code: 0 });
      const { run } = PulumiCommand.prototype as unknown as { run: Run };
      return run.call(command, args, ...rest);
    },
  };
  return command;
}

/** Asked once of each engine. */
async function versionOf(binary: string, store: string): Promise<string> {
  const { size, mtimeMs } = statSync(binary);
  const name = createHash("sha256").update(`${binary} ${size} ${mtimeMs}`).digest("hex");
  const file = join(store, `engine-${name.slice(0, 16)}`);
  if (existsSync(file)) return readFileSync(file, "utf8");
  const { version } = await PulumiCommand.get({ root: dirname(dirname(binary)), skipVersionCheck: true });
  if (!version) throw new Error(`the Pulumi engine at ${binary} does not tell its version: run the set-up again`);
  await mkdir(store, { recursive: true });
  await writeFile(`${file}.${process.pid}`, version.toString());
  await rename(`${file}.${process.pid}`, file);
  return version.toString();
}
