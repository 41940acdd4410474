// `npm run preflight -- --stack prod [--json]`: what the stack needs of its account's quotas, before it is brought up.
import { Command } from "commander";
import { projectRoot } from "../local/tools";
import { stackConfiguration } from "./environments-table";
import { describeNeeds, quotaNeeds } from "./quotas";

const program = new Command()
  .name("preflight")
  .requiredOption("--stack <name>", "the stack, as in Pulumi.<name>.yaml")
  .option("--json", "as JSON")
  .action(({ stack, json }: { stack: string; json?: boolean }) => {
    const needs = quotaNeeds(stackConfiguration(projectRoot, stack));
    console.log(json ? JSON.stringify({ stack, needs }) : describeNeeds(stack, needs));
  });

try {
  program.parse();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
