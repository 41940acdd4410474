// A stack for as long as something is shown on it: up, the checks, and away again, however they ended.
import { UserError } from "../local/loop/errors";
import { messageOf } from "../local/server/errors";

export interface StackCommands {
  up(): Promise<void>;
  destroy(): Promise<void>;
}

export interface OnStackOptions {
  stack: string;
  /** Whether it is brought up first. */
  up: boolean;
  /** Whether it is destroyed at the end. */
  destroy: boolean;
  /** Aborted where whoever started the test wants it to end. */
  signal: AbortSignal;
  /** Takes a line of what has become of the stack. */
  say: (line: string) => void;
}

/**
 * Brings a stack up, does something on it, and destroys it where that is wanted: after an `up` that failed half way and
 * after an interruption, too. Nobody is left to guess what stands and costs.
 *
 * @throws UserError naming everything that failed, and what is left to do by hand
 */
export async function onStack(
  { stack, up, destroy, signal, say }: OnStackOptions,
  commands: StackCommands,
  work: () => Promise<void>,
): Promise<void> {
  const failures: string[] = [];
  const attempt = async (step: () => Promise<void>): Promise<boolean> => {
    try {
      await step();
      return true;
    } catch (error) {
      failures.push(messageOf(error));
      return false;
    }
  };
  const interrupted = new Promise<never>((_done, fail) => {
    const end = (): void => fail(new UserError("The test was interrupted."));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  interrupted.catch(() => undefined);

  // `up` hears of an interruption itself, and is waited for: what it has begun to make must be known before it goes.
  const isUp = !up || (await attempt(() => commands.up()));
  if (isUp) await attempt(() => Promise.race([work(), interrupted]));
  if (!destroy) {
    say(`The stack ${stack} stays as it is, and costs: \`pulumi destroy --stack ${stack}\` ends that.`);
  } else if (await attempt(() => commands.destroy())) {
    say(`The stack ${stack} is destroyed: only the data that it keeps on purpose are left.`);
  } else {
    failures.push(`The stack ${stack} may stand in part, and cost: repeat \`pulumi destroy --stack ${stack}\`.`);
  }
  if (failures.length > 0) throw new UserError(failures.join("\n"));
}
