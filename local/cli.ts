// The command line of the local cloud: `npm start` and `npm run local -- up | down | status | env | resume | deliver`.
import { Command, InvalidArgumentError, Option } from "commander";
import type { PreprocessFramework } from "../config/training";
import { algorithms } from "../pipeline/algorithms";
import { deliver, down, env, resume, status, up } from "./commands";
import { drill } from "./drill/drill";
import { start } from "./loop/start";

function whole(minimum: number, maximum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`A whole number from ${minimum} to ${maximum} is wanted.`);
    }
    return value;
  };
}
function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("A number above 0 is wanted.");
  return value;
}
const FRAMEWORKS: PreprocessFramework[] = ["scikit-learn", "pyspark", "auto"];
const collect = (value: string, before: string[]): string[] => [...before, value];

const port = ["--port <n>", "port of the AWS endpoint (default: a free one)", whole(1, 65_535)] as const;
const program = new Command()
  .name("fraud-platform")
  .description(
    "The fraud platform on this machine: the program that goes to AWS, on a local cloud, without an account.",
  )
  .showHelpAfterError();

program
  .command("start")
  .description("run the whole loop: stack up, train, gate, deploy, API, stream, report")
  .option(
    "--data <file>",
    "transactions to train on: CSV, plain or .gz, credit card schema (default: generated, labelled synthetic)",
  )
  .option("--rows <n>", "rows to generate where no file is given (default: 284807)", whole(5_000, 10_000_000))
  .option(
    "--legitimate-weight <w>",
    "what one legitimate row stands for, where they were sampled (default: 1)",
    positive,
  )
  .addOption(
    new Option("--algorithm <name>", "what to train (default: as configured)").choices(Object.keys(algorithms)),
  )
  .addOption(
    new Option("--framework <name>", "what preprocessing runs on (default: as configured)").choices(FRAMEWORKS),
  )
  .option("--set <group.key=value>", "override the local stack's configuration; may be repeated", collect, [])
  .option("--keep", "leave the cloud up and print how to use it")
  .option("--json", "print the report's JSON on standard output, everything else on standard error")
  .option(...port)
  .addHelpText(
    "after",
    "\nExit codes: 0 every stage did what it claims; 1 something failed; 2 the gate refused the model; 130 interrupted.",
  )
  .action(start);

program
  .command("drill")
  .description("the game day: roll models out, good and bad, under load, and write .local/drill.json and drill.html")
  .option("--data <file>", "transactions to train the champion on, as of start (default: 40,000 generated ones)")
  .option("--set <group.key=value>", "override the local stack's configuration; may be repeated", collect, [])
  .action(drill);

program
  .command("up")
  .description("bring the cloud and the stack up, without running the loop")
  .option("--no-stack", "the cloud alone, for other projects than this one")
  .option("--set <group.key=value>", "override the local stack's configuration; may be repeated", collect, [])
  .option(...port)
  .action(up);
program.command("down").description("end the cloud and every process of it").action(down);
program.command("status").description("say what is up, and where").option("--json", "as JSON").action(status);
program.command("env").description("print shell exports that point any AWS SDK or CLI at the cloud").action(env);
program
  .command("resume <execution>")
  .description("go on with a pipeline execution that failed or was stopped, from there, and follow it")
  .addHelpText(
    "after",
    "\nThe execution is named by its ExecutionId or its ARN. Exit codes are the launcher's: 0 succeeded, or skipped because another is under way; 1 failed; 2 the gate refused the model.",
  )
  .action(resume);
program
  .command("deliver")
  .description("what a merge starts on AWS, on the working copy: its tests, its image, a training run; and follow it")
  .addHelpText(
    "after",
    "\nExit codes: 0 the training run has started; 1 an action failed; 3 nothing is up to deliver to.",
  )
  .action(deliver);

void program.parseAsync();
