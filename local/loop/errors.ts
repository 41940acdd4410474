// The ways in which a run ends early, each with its exit code.
import { Interrupted } from "../interrupt";

/** What the user gave, or what the machine lacks: shown as one paragraph (cause and remedy), exit code 1. */
export class UserError extends Error {}

/** The gate refused the model: the platform did its work, the model did not pass. Exit code 2. */
export class RefusedError extends Error {
  constructor(readonly reason: string) {
    super(`The gate refused the model: ${reason}`);
  }
}

/** A stage did not do what it claims. Exit code 1. */
export class StageError extends Error {}

/** @throws StageError with `message` where the claim does not hold. */
export function claim(holds: boolean, message: string): asserts holds {
  if (!holds) throw new StageError(message);
}

/** One paragraph for what was foreseen; for what was not, the stack as well, because it is a defect. */
export function explain(failure: unknown): string {
  if (failure instanceof Interrupted) return "Interrupted: the cloud is down.";
  if (failure instanceof UserError || failure instanceof StageError) return failure.message;
  if (failure instanceof Error) return process.env.DEBUG ? (failure.stack ?? failure.message) : failure.message;
  return String(failure);
}
