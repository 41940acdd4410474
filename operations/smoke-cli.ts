// `npm run smoke -- --stack dev --max-usd 5`: brings a stack of a live account up, and shows that it works, under a ceiling of
// cost that is looked at before anything is made.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Command } from "commander";
import * as t from "io-ts";
import { PlatformOutputs } from "../components/outputs";
import { decodeJson } from "../functions/shared/decode";
import { explain, UserError } from "../local/loop/errors";
import { installedPrices } from "../local/preview/cost";
import { preview } from "../local/preview/preview";
import { localDirectory, projectRoot, tools } from "../local/tools";
import { stackConfiguration } from "../tools/environments-table";
import { quotaNeeds } from "../tools/quotas";
import { pulumiOutput, stackOutputs } from "./outputs";
import { smoke } from "./smoke";
import { estimate, refusal } from "./smoke-estimate";

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
  await hold(given);
  const until = Date.now() + given.hours * 3_600_000;
  try {
    if (given.up) {
      await run("npm", ["run", "build"]);
      await run("pulumi", ["up", "--yes", "--stack", given.stack]);
    }
    const outputs = await stackOutputs(PlatformOutputs, { stack: given.stack });
    await smoke(outputs, await apiKeyOf(given.stack), {
      ...(given.data === undefined ? {} : { data: given.data }),
      rows: given.rows,
      until,
      say,
    });
    say("PASSED: the stack works");
  } finally {
    if (given.destroy) await run("pulumi", ["destroy", "--yes", "--stack", given.stack]);
  }
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

/** Runs a command in view of whoever looks on. */
function run(command: string, args: string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", (error) => fail(new UserError(`${command} cannot be started: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) done();
      else fail(new UserError(`${command} ${args.join(" ")} ended with ${code}.`));
    });
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
