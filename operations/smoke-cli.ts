// `npm run smoke -- --stack dev --max-usd 5`: brings a stack of a live account up, and shows that it works, under a ceiling of
// cost that is looked at before anything is made.
import { spawn } from "node:child_process";
import { basename, join } from "node:path";
import { Command } from "commander";
import * as t from "io-ts";
import { PlatformOutputs } from "../components/outputs";
import { decodeJson } from "../functions/shared/decode";
import { interruption } from "../local/interrupt";
import { explain, UserError } from "../local/loop/errors";
import { installedPrices } from "../local/preview/cost";
import { preview } from "../local/preview/preview";
import { localDirectory, projectRoot, tools } from "../local/tools";
import { stackConfiguration } from "../tools/environments-table";
import { quotaNeeds } from "../tools/quotas";
import { pulumiOutput, stackOutputs } from "./outputs";
import { smoke } from "./smoke";
import { estimate, refusal } from "./smoke-estimate";
import { onStack } from "./smoke-stack";

interface Options {
  stack: string;
  maxUsd: number;
  hours: number;
  instanceUsdPerHour?: number;
  data?: string;
  rows: number;
  up: boolean;
  destroy?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A number above 0, as an option has it. */
function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new UserError(`${text} is not a number above 0.`);
  return value;
}

function options(): Options {
  return new Command()
    .name("npm run smoke --")
    .description("Brings a stack up and shows that it works: data, a run, a model that serves, the API, the stream.")
    .requiredOption("--stack <name>", "the stack: there is a Pulumi.<name>.yaml")
    .requiredOption("--max-usd <amount>", "what it may cost at the most, in US dollars", positive)
    .option("--hours <number>", "how long it may last, checks and all", positive, 2)
    .option("--instance-usd-per-hour <amount>", "of instance types that the price file does not have", positive)
    .option("--data <file>", "a CSV (plain or .gz) instead of generated transactions")
    .option("--rows <number>", "how many transactions are generated", positive, 50_000)
    .option("--no-up", "the stack is up: check it as it is (FRAUD_OUTPUTS and FRAUD_API_KEY tell what `pulumi` would)")
    .option("--destroy", "destroy the stack at the end, however the checks ended")
    .addHelpText("after", "\nExit codes: 0 it works; 1 it does not, or costs too much.")
    .parse()
    .opts<Options>();
}

async function main(): Promise<void> {
  const given = options();
  const signal = interruption();
  await hold(given);
  signal.throwIfAborted();
  const until = Date.now() + given.hours * 3_600_000;
  const { stack, data, rows } = given;
  // What was told is of a stack that was up before.
  if (given.up) for (const name of ["FRAUD_OUTPUTS", "FRAUD_API_KEY"]) Reflect.deleteProperty(process.env, name);
  const commands = {
    async up() {
      await run("npm", ["run", "build"], until);
      await run(tools().pulumi, ["up", "--yes", "--non-interactive", "--stack", stack], until);
    },
    destroy: () => run(tools().pulumi, ["destroy", "--yes", "--non-interactive", "--stack", stack]),
  };
  await onStack({ stack, up: given.up, destroy: given.destroy ?? false, signal, say }, commands, async () => {
    const outputs = await stackOutputs(PlatformOutputs, { stack });
    await smoke(outputs, await apiKeyOf(stack), { ...(data === undefined ? {} : { data }), rows, until, say });
  });
  say("PASSED: the stack works");
}

/** Holds the estimate to the ceiling. @throws UserError before anything is made */
async function hold({ stack, maxUsd, hours, instanceUsdPerHour }: Options): Promise<void> {
  const directory = join(localDirectory, "preview");
  const report = await preview({
    project: projectRoot,
    stack,
    base: undefined,
    directory,
    pulumiBinary: tools().pulumi,
  });
  const found = estimate({
    cost: report.cost,
    needs: quotaNeeds(stackConfiguration(projectRoot, stack)),
    prices: installedPrices(),
    hours,
    ...(instanceUsdPerHour === undefined ? {} : { instanceUsdPerHour }),
  });
  const refused = refusal(found, maxUsd);
  say(
    [
      ...found.lines,
      `At the most ${found.usd.toFixed(2)} USD, of ${maxUsd.toFixed(2)}; requests and gigabytes come on top.`,
    ].join("\n"),
  );
  if (refused !== undefined) throw new UserError(refused);
}

async function apiKeyOf(stack: string): Promise<string> {
  const told = process.env.FRAUD_API_KEY;
  if (told !== undefined) return told;
  return decodeJson(t.string, await pulumiOutput(stack, "apiKey", "--show-secrets"), "The output apiKey");
}

/**
 * Runs a command in view of whoever looks on.
 *
 * @param until when it is interrupted, in milliseconds since 1970; default: never
 * @throws UserError where it cannot be started, fails, or is not over in time
 */
function run(command: string, args: string[], until?: number): Promise<void> {
  const told = [basename(command), ...args].join(" ");
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"] });
    let late = false;
    const timer =
      until === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            child.kill("SIGINT");
          }, until - Date.now());
    child.once("error", (error) => {
      clearTimeout(timer);
      fail(new UserError(`${told} cannot be started: ${error.message}`));
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) done();
      else fail(new UserError(late ? `${told} was not over within --hours.` : `${told} ended with ${signal ?? code}.`));
    });
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
