// The command line of whoever runs a stack: `npm run rollback`, `freeze`, `promote`, `shadow` and `redrive`. On AWS,
// and on the local cloud.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SQSClient } from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { Command, InvalidArgumentError, Option } from "commander";
import * as t from "io-ts";
import { decodeJson } from "../functions/shared/decode";
import { Deployments } from "../functions/shared/deployments";
import { compareShadow } from "./shadow";
import { packageArn, requestRollback, setFreeze, settlementOf, type OperationClients } from "./deployments";
import { pulumiOutput, stackOutputs, type WhichStack } from "./outputs";
import { groupArn, requestPromotion } from "./promotion";
import { redrive, type Redriven } from "./redrive";

/** What of a stack's outputs the commands go by. */
const Outputs = t.intersection(
  [
    t.type({
      endpointName: t.string,
      deployQueueUrl: t.string,
      deploymentsTableName: t.string,
      modelPackageGroupName: t.string,
      mlflowArn: t.string,
      scorer: t.type({ queueUrl: t.string }),
    }),
    t.partial({ stack: t.string, compareShadowFunctionName: t.string }),
    t.partial({ promotion: t.type({ functionName: t.string, sourceGroupArn: t.string }) }),
  ],
  "Outputs",
);

interface StackOptions extends WhichStack {
  because: string;
}

/** Longest that a deployment is followed: AWS's own limit of one, and one ahead of it. */
const FOLLOW_MILLISECONDS = 2 * 28_800_000;

async function open(options: StackOptions) {
  const outputs = await stackOutputs(Outputs, options);
  const clients: OperationClients = {
    sagemaker: new SageMakerClient(),
    sqs: new SQSClient(),
    deployments: new Deployments(new DynamoDBClient(), outputs.deploymentsTableName, outputs.endpointName),
  };
  const { Arn = "unknown" } = await new STSClient().send(new GetCallerIdentityCommand());
  return { outputs, clients, requestedBy: Arn };
}

async function rollback({ to, ...options }: StackOptions & { to: string }): Promise<void> {
  const { outputs, clients, requestedBy } = await open(options);
  const arn = packageArn(to, outputs.modelPackageGroupName, outputs.mlflowArn);
  const asker = { requestedBy, because: options.because };
  const id = await requestRollback(clients, outputs.deployQueueUrl, arn, asker);
  console.log(`${arn} is to go live (${id}); it goes on if you interrupt this.`);
  await follow(clients.deployments, id);
}

/** Tells how a deployment ended; the exit code does, too. */
async function follow(deployments: Deployments, id: string): Promise<void> {
  const until = new Date(Date.now() + FOLLOW_MILLISECONDS);
  const { succeeded, reason } = await settlementOf(deployments, id, until);
  console.log(reason);
  process.exitCode = succeeded ? 0 : 1;
}

interface PromoteOptions {
  from?: string;
  to?: string;
  outputs?: string;
  package?: string;
  because: string;
}

async function promote({ from, to, outputs: file, package: modelPackage, because }: PromoteOptions): Promise<void> {
  const { outputs, clients, requestedBy } = await open({
    because,
    ...(to === undefined ? {} : { stack: to }),
    ...(file === undefined ? {} : { outputs: file }),
  });
  const { promotion } = outputs;
  if (promotion === undefined) {
    throw new Error("the stack takes no models: its configuration has no promotion.from (docs/operations.md)");
  }
  if (from !== undefined) {
    const theirs = groupArn(decodeJson(Outputs, await pulumiOutput(from), `The outputs of ${from}`));
    if (theirs !== promotion.sourceGroupArn) {
      throw new Error(`the stack takes models of ${promotion.sourceGroupArn}, and ${from} has ${theirs}`);
    }
  }
  const event = { requestedBy, because, ...(modelPackage === undefined ? {} : { modelPackage }) };
  const promoted = await requestPromotion(new LambdaClient(), promotion.functionName, event);
  const { sourceArn, modelPackageArn, artifactSha256, approvalStatus, deploymentId } = promoted;
  console.log(`${sourceArn} is ${modelPackageArn} here, byte for byte (SHA-256 ${artifactSha256}).`);
  if (deploymentId === undefined) {
    console.log(`It is ${approvalStatus}: its approval deploys it.`);
    return;
  }
  console.log(`Its deployment is ${deploymentId}; it goes on if you interrupt this.`);
  await follow(clients.deployments, deploymentId);
}

async function freeze({ off = false, ...options }: StackOptions & { off?: boolean }): Promise<void> {
  const { outputs, clients, requestedBy } = await open(options);
  await setFreeze(clients, outputs.deployQueueUrl, !off, { requestedBy, because: options.because });
  const what = off ? "is no longer frozen; what waited goes on" : "is frozen: only `npm run rollback` deploys to it";
  console.log(`${outputs.endpointName} ${what}.`);
}

interface ShadowOptions extends WhichStack {
  from?: string;
  to?: string;
  json?: boolean;
}

async function shadow({ from, to, json = false, ...which }: ShadowOptions): Promise<void> {
  const { compareShadowFunctionName: functionName } = await stackOutputs(Outputs, which);
  if (functionName === undefined)
    throw new Error("the stack has no shadows: its deployment.rollout is of another type");
  const run = await compareShadow(new LambdaClient(), functionName, { from, to });
  console.log(json ? JSON.stringify(run) : [run.reason, run.pageUri].filter((line) => line !== undefined).join("\n"));
  process.exitCode = run.outcome === "compared" ? 0 : 3;
}

interface RedriveCommandOptions extends WhichStack {
  queue: "scorer" | "deploy";
  limit?: number;
  json?: boolean;
}

async function redriveQueue({ queue, limit, json = false, ...which }: RedriveCommandOptions): Promise<void> {
  const outputs = await stackOutputs(Outputs, which);
  const queueUrl = queue === "scorer" ? outputs.scorer.queueUrl : outputs.deployQueueUrl;
  const redriven = await redrive(new SQSClient(), queueUrl, {
    ...(limit === undefined ? {} : { limit }),
    onProgress: ({ moved, found }) => console.error(`${moved} of about ${Math.max(moved, found)} moved`),
  });
  console.log(json ? JSON.stringify(redriven) : redriveInWords(redriven));
  process.exitCode = redriven.kept.length + redriven.failed.length + redriven.returned > 0 ? 1 : 0;
}

function redriveInWords({ moved, kept, failed, returned, queueUrl }: Redriven): string {
  return [
    `${moved} dead letters are back in ${queueUrl}.`,
    ...failed.map(({ messageId, error }) => `${messageId} stayed: ${error}`),
    ...kept.map(({ messageId, error }) => `${messageId} is in both queues, and will be moved once more: ${error}`),
    ...(returned > 0 ? [`${returned} came back: mend what they fail on first (the function's log says what).`] : []),
  ].join("\n");
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("give a whole number from 1");
  return Number(text);
}

const program = new Command().name("operations").showHelpAfterError();
const stackOf = (command: Command): Command =>
  command
    .option("--stack <name>", "Pulumi stack (default: the selected one, or that of FRAUD_OUTPUTS)")
    .option("--outputs <file>", "file of `pulumi stack output --json`, where the stack itself can't be read");
const stackOptions = (command: Command): Command =>
  stackOf(command).requiredOption("--because <text>", "why: kept with who asked and when");
stackOptions(program.command("rollback").description("make a model package live, the one before or any other"))
  .requiredOption("--to <package>", "the package's ARN, or its number in the stack's group")
  .action(rollback);
stackOptions(program.command("freeze").description("hold deployments, but those that a person asks for"))
  .option("--off", "let them go on")
  .action(freeze);

program
  .command("promote")
  .description("register a copy of a package of the stack before, and deploy it where no person has to approve it")
  .option("--from <stack>", "stack that the package must come from (default: that of the other's configuration)")
  .option("--to <stack>", "stack that takes it (default: the selected one, or that of FRAUD_OUTPUTS)")
  .option("--outputs <file>", "file of `pulumi stack output --json` of that stack, where it can't be read")
  .option("--package <package>", "its ARN, or its number in the source's group (default: the one approved last)")
  .requiredOption("--because <text>", "why: kept with who asked and when")
  .action(promote);

stackOf(program.command("shadow").description("compare the model that only listens with the one that answers"))
  .option(
    "--from <time>",
    "from when on, such as 2026-11-21T12:00:00Z (default: a day ago, or since there is the shadow)",
  )
  .option("--to <time>", "until when (default: now)")
  .option("--json", "print what came of it as JSON")
  .action(shadow);

stackOf(program.command("redrive").description("move dead letters back to the queue that they failed in"))
  .addOption(
    new Option("--queue <queue>", "whose: files to score, or deployments")
      .choices(["scorer", "deploy"])
      .default("scorer"),
  )
  .option("--limit <count>", "most that are moved (default: all)", wholeNumber)
  .option("--json", "print what was moved as JSON")
  .action(redriveQueue);

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
