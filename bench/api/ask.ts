// The API's function in a process of its own, asked as an order says.
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleProgram } from "../../functions/bundle";
import { tools } from "../../local/tools";
import type { Measured, Order } from "./function";

type Said = { measured: Measured } | { error: string };

/** Builds the function and asks it. What it logs goes nowhere. @throws Error where it ends without an answer */
export async function askFunction(order: Omit<Order, "bundle">): Promise<Measured> {
  const outDir = await mkdtemp(join(tmpdir(), "bench-api-"));
  try {
    const bundles = await bundleProgram({ outDir });
    const bundle = bundles.find(({ name }) => name === "inference")?.file ?? "";
    const child = fork(join(__dirname, "function.ts"), [], {
      execPath: tools().node,
      execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning", "--import", "tsx"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const said = new Promise<Said>((done, fail) => {
      child.once("message", (message) => done(message as Said));
      child.once("error", fail);
      child.once("exit", (code) => fail(new Error(`the function's process ended with ${code}`)));
    });
    child.send({ ...order, bundle } satisfies Order);
    const answer = await said;
    if ("error" in answer) throw new Error(answer.error);
    return answer.measured;
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}
