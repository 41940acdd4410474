// Spark is large and only some runs ask for it: set-up installs it when one does.
import { tools } from "../tools";
import { UserError } from "./errors";
import type { Progress } from "./stage";

/** @throws UserError with cause and remedy where it cannot be installed. */
export async function installSpark(progress: Progress): Promise<void> {
  if (tools().spark === undefined) progress("installing Spark (once, 340 MB)");
  const { setup, SetupError } = await import("../../tools/setup.mjs");
  try {
    await setup({ withSpark: true });
  } catch (error) {
    throw error instanceof SetupError ? new UserError(error.message, { cause: error }) : error;
  }
}
