// `npm run preview -- --stack prod [--base origin/main] [--json | --markdown]`
import "./quick";
import { join } from "node:path";
import { Command, Option } from "commander";
import { EngineError } from "../engine";
import { localDirectory, projectRoot, tools } from "../tools";
import { bySource } from "./compiled";
import { preview } from "./preview";
import { markdown, terminal } from "./text";
import { PreviewError } from "./trees";

/** A mandatory policy is violated. */
const BLOCKED = 2;

interface Options {
  stack: string;
  base?: string;
  json?: boolean;
  markdown?: boolean;
}

async function main(): Promise<number> {
  const options = new Command()
    .name("npm run preview --")
    .description("What `pulumi up` would change, by the real engine: without credentials, without a network.")
    .requiredOption("--stack <name>", "the stack to preview: there is a Pulumi.<name>.yaml")
    .option("--base <revision>", "compare with this revision of git (default: with nothing)")
    .addOption(new Option("--json", "print the report as JSON").conflicts("markdown"))
    .option("--markdown", "print a pull request's comment")
    .addHelpText("after", "\nExit codes: 0 previewed; 1 failed; 2 a mandatory policy is violated.")
    .showHelpAfterError()
    .parse()
    .opts<Options>();
  const report = await preview({
    project: projectRoot,
    stack: options.stack,
    base: options.base,
    directory: join(localDirectory, "preview"),
    pulumiBinary: tools().pulumi,
  });
  const print = options.json
    ? (value: typeof report) => JSON.stringify(value, undefined, 2)
    : options.markdown
      ? markdown
      : terminal;
  console.log(print(report));
  return report.policy.some(({ enforcement }) => enforcement === "mandatory") ? BLOCKED : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // Of what a person can put right, the message says all.
    const known = error instanceof PreviewError || error instanceof EngineError;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.error(known ? error.message : bySource(text));
    process.exitCode = 1;
  },
);
