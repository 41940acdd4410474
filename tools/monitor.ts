// `npm run monitor -- KIND --stack STACK --from TIME --to TIME`: runs one monitor on one period, and says what it found.
import { join } from "node:path";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation";
import { Argument, Command, InvalidArgumentError } from "commander";
import { isLeft } from "fp-ts/Either";
import { PlatformOutputs } from "../components/outputs";
import { monitorKinds, type MonitorKind } from "../functions/shared/monitors";
import { environment, findCloud } from "../local/cloud";
import { readStack } from "../local/loop/stack";
import { localDirectory, projectRoot, tools } from "../local/tools";
import { runMonitor, type FollowedRun } from "../pipeline/monitor-client";

/** What a run's end means to whoever called. */
export const exitCodes = { clean: 0, failed: 1, violations: 2, nothing: 3 } as const;

export function exitCodeOf({ summary, failure }: FollowedRun): number {
  if (failure !== undefined) return exitCodes.failed;
  if (summary === undefined || summary.status === "Empty") return exitCodes.nothing;
  return summary.violations.length > 0 ? exitCodes.violations : exitCodes.clean;
}

/** What a run came to, for people. */
export function describeRun(run: FollowedRun): string {
  const { summary, failure, outputUri } = run;
  if (failure !== undefined) return `The job ${run.jobName ?? ""} failed: ${failure}`;
  if (summary === undefined) return run.reason;
  const labelled = summary.labelledRows === undefined ? "" : `, ${summary.labelledRows} of them labelled`;
  const count = summary.violations.length;
  const found = count === 0 ? "no violation" : `${count} ${count === 1 ? "violation" : "violations"}`;
  return [
    `${summary.monitor}, ${summary.startTime} to ${summary.endTime}: ${summary.rows} rows${labelled}, ${found}`,
    ...summary.violations.map(({ feature, metric, description }) => `  ${feature || metric}: ${description}`),
    `Output: ${outputUri ?? ""}/`,
  ].join("\n");
}

/** A time in ISO 8601; a date alone is its midnight, UTC. */
export function time(text: string): Date {
  const value = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) || isNaN(+value)) {
    throw new InvalidArgumentError("A time such as 2026-11-21T13:00:00Z, or a date, is wanted.");
  }
  return value;
}

/** The stack's outputs; the SDK's clients are pointed at where it is. */
async function outputsOf(stackName: string): Promise<PlatformOutputs> {
  if (stackName === "local") {
    const cloud = await findCloud(join(localDirectory, "cloud"));
    if (cloud === undefined) throw new Error("No local cloud is up. Bring it up with `npm start -- --keep`.");
    Object.assign(process.env, environment(cloud.description));
    const stack = await readStack(cloud);
    if (stack === undefined) throw new Error("The local cloud has no stack: run `npm start -- --keep`.");
    return stack.outputs;
  }
  const pulumiCommand = await PulumiCommand.get({ root: join(tools().pulumi, "..", ".."), skipVersionCheck: true });
  const stack = await LocalWorkspace.selectStack({ stackName, workDir: projectRoot }, { pulumiCommand });
  process.env["AWS_REGION"] ??= (await stack.getConfig("aws:region")).value;
  const values = Object.entries(await stack.outputs()).map(([name, { value }]): [string, unknown] => [name, value]);
  const decoded = PlatformOutputs.decode(Object.fromEntries(values));
  if (isLeft(decoded)) throw new Error(`Stack ${stackName} has no monitors: bring it up with \`pulumi up\` first.`);
  return decoded.right;
}

interface Options {
  stack: string;
  from: Date;
  to: Date;
  json?: boolean;
}

async function main(kind: MonitorKind, options: Options): Promise<number> {
  const { from, to } = options;
  if (from >= to) throw new Error(`--from ${from.toISOString()} is not before --to ${to.toISOString()}`);
  const outputs = await outputsOf(options.stack);
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
    .requiredOption("--stack <name>", "whose endpoint: a stack of Pulumi's, or local")
    .requiredOption("--from <time>", "the period's beginning, such as 2026-11-21T13:00:00Z or 2026-11-21", time)
    .requiredOption("--to <time>", "its end, which does not belong to it", time)
    .option("--json", "print JSON on standard output")
    .addHelpText("after", "\nExit codes: 0 no violation; 2 violations; 3 nothing to look at; 1 something failed.")
    .showHelpAfterError()
    .action(async (kind: MonitorKind, options: Options) => {
      process.exit(await main(kind, options));
    });
}

if (require.main === module) {
  program()
    .parseAsync()
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(exitCodes.failed);
    });
}
