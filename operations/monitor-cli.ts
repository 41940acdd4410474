// `npm run monitor -- KIND --stack STACK --from TIME --to TIME`: runs one monitor on one period, and says what it found. On
// AWS, and on the local cloud.
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { Argument, Command } from "commander";
import { PlatformOutputs } from "../components/outputs";
import { monitorKinds, type MonitorKind } from "../functions/shared/monitors";
import { runMonitor } from "../pipeline/monitor-client";
import { describeRun, exitCodeOf, exitCodes, time } from "./monitor";
import { stackOutputs, type WhichStack } from "./outputs";

interface Options extends WhichStack {
  from: Date;
  to: Date;
  json?: boolean;
}

async function main(kind: MonitorKind, options: Options): Promise<number> {
  const { from, to } = options;
  if (from >= to) throw new Error(`--from ${from.toISOString()} is not before --to ${to.toISOString()}`);
  const outputs = await stackOutputs(PlatformOutputs, options);
  const clients = { lambda: new LambdaClient(), sagemaker: new SageMakerClient(), s3: new S3Client() };
  // Whoever asks by hand wants it now, also where it was looked at before.
  const attempt = new Date().toISOString();
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const run = await runMonitor(clients, outputs.monitors.runFunctionName, { kind, from, to, attempt }, progress);
  process.stdout.write(`${options.json ? JSON.stringify(run) : describeRun(run)}\n`);
  return exitCodeOf(run);
}

function program(): Command {
  return new Command()
    .name("monitor")
    .description("Runs one monitor on what an endpoint captured in a period, and says what it found.")
    .addArgument(new Argument("<kind>", "the monitor").choices(monitorKinds))
    .option("--stack <name>", "whose endpoint (default: the selected stack, or that of FRAUD_OUTPUTS)")
    .option("--outputs <file>", "file of `pulumi stack output --json`, where the stack itself can't be read")
    .requiredOption("--from <time>", "the period's beginning, such as 2026-11-21T13:00:00Z or 2026-11-21", time)
    .requiredOption("--to <time>", "its end, which does not belong to it", time)
    .option("--json", "print JSON on standard output")
    .addHelpText("after", "\nExit codes: 0 no violation; 2 violations; 3 nothing to look at; 1 something failed.")
    .showHelpAfterError()
    .action(async (kind: MonitorKind, options: Options) => {
      process.exit(await main(kind, options));
    });
}

program()
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(exitCodes.failed);
  });
