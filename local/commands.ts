// `npm run local -- up | down | status | env | resume | deliver`.
import { delimiter, join } from "node:path";
import { environment, findCloud, findOrStartCloud, stopCloud, type RunningCloud } from "./cloud";
import { deliver as followDelivery } from "./deliver";
import { interruption } from "./interrupt";
import { explain } from "./loop/errors";
import { resuming, runLauncher } from "./loop/launch-task";
import { writeStackFile } from "./loop/settings";
import { bringUp, buildArtifacts, pulumiCommandLine, readStack, type StackUp } from "./loop/stack";
import { Stages } from "./loop/stage";
import { localDirectory } from "./tools";
import { usage } from "./usage";

const directory = join(localDirectory, "cloud");
const NOT_UP = "No local cloud is up. Bring it up with `npm run local -- up` or `npm start -- --keep`.";

/** @param options stack: whether the platform's stack is brought up on it too */
export async function up(options: { set: string[]; port?: number; stack: boolean }): Promise<void> {
  const signal = interruption();
  const cloudStage = { name: "cloud", title: "Local cloud" };
  const stages = new Stages(
    options.stack
      ? [{ name: "build", title: "Build" }, cloudStage, { name: "stack", title: "Stack up" }]
      : [cloudStage],
    process.stdout,
  );
  let cloud: RunningCloud | undefined;
  try {
    if (options.stack) await stages.run("build", buildArtifacts);
    const file = writeStackFile("local", options.set, join(localDirectory, "run"));
    signal.throwIfAborted();
    const running = await stages.run("cloud", async (progress) => {
      const value = await findOrStartCloud({
        directory,
        region: file.region,
        ...(options.port === undefined ? {} : { port: options.port }),
        onProgress: progress,
      });
      cloud = value;
      return { value, detail: value.description.awsEndpointUrl };
    });
    signal.throwIfAborted();
    Object.assign(process.env, environment(running.description));
    const stack = options.stack
      ? await stages.run("stack", (progress) => bringUp(file.path, running, progress))
      : undefined;
    await running.mlflowReady;
    await running.keep();
    process.stdout.write(`\n${usage(running.description, stack)}\n`);
    process.exit(0);
  } catch (error) {
    if (cloud !== undefined && !cloud.wasUp) await cloud.stop();
    process.stderr.write(`\n${explain(error)}\n`);
    process.exit(1);
  }
}

export async function down(): Promise<void> {
  const stopped = await stopCloud(directory);
  process.stdout.write(stopped ? "The local cloud is down.\n" : "No local cloud was up.\n");
  process.exit(0);
}

export async function status(options: { json?: boolean }): Promise<void> {
  const cloud = await findCloud(directory);
  if (options.json) process.stdout.write(`${JSON.stringify({ up: cloud !== undefined, ...cloud?.description })}\n`);
  else process.stdout.write(cloud ? `${usage(cloud.description, await readStack(cloud))}\n` : `${NOT_UP}\n`);
  process.exit(cloud ? 0 : 3);
}

export async function env(): Promise<void> {
  const cloud = await findCloud(directory);
  if (!cloud) {
    process.stderr.write(`${NOT_UP}\n`);
    process.exit(3);
  }
  const stack = await readStack(cloud);
  const engine = await pulumiCommandLine(cloud);
  const variables = {
    ...environment(cloud.description),
    ...engine.variables,
    ...(stack
      ? {
          FRAUD_BUCKET: stack.outputs.bucketName,
          FRAUD_SAGEMAKER_ROLE_ARN: stack.outputs.sagemakerRoleArn,
          // What the commands of operations/ go by.
          FRAUD_OUTPUTS: JSON.stringify(stack.outputs),
          FRAUD_API_KEY: stack.apiKey,
        }
      : {}),
  };
  const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${quoted(value)}\n`);
  process.stdout.write(`export PATH=${quoted(engine.path.join(delimiter))}:"$PATH"\n`);
  process.exit(0);
}

/** Longest that a resumed execution is waited for, in seconds. */
const RESUMED_TIMEOUT_SECONDS = 7_200;

/** The stack that is up; from here on, clients of AWS reach its cloud. Ends with 3 where there is none. */
async function standing(): Promise<StackUp> {
  const cloud = await findCloud(directory);
  if (!cloud) {
    process.stderr.write(`${NOT_UP}\n`);
    process.exit(3);
  }
  Object.assign(process.env, environment(cloud.description));
  const stack = await readStack(cloud);
  if (stack) return stack;
  process.stderr.write("The local cloud has no stack: `npm run local -- up` brings it up.\n");
  process.exit(3);
}

/** What a merge starts, on the working copy: tests, image, run. Ends with 1 where an action fails. */
export async function deliver(): Promise<void> {
  const { outputs } = await standing();
  if (outputs.ciPipelineName === undefined) {
    process.stderr.write("The stack has no delivery pipeline: give it `ci`, in Pulumi.local.yaml or by --set.\n");
    process.exit(3);
  }
  try {
    await followDelivery(outputs.ciPipelineName, directory);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    process.exit(1);
  }
}

/** Goes on with an execution as on AWS: by the launcher's task with another command. Ends with the task's exit code. */
export async function resume(execution: string): Promise<void> {
  const stack = await standing();
  const { ended } = await runLauncher(
    stack.outputs.launcher,
    { command: resuming(execution) },
    { timeoutSeconds: RESUMED_TIMEOUT_SECONDS, onLine: (line) => process.stdout.write(`${line}\n`) },
  );
  if (typeof ended === "string") process.stderr.write(`The launcher's task ended without an exit code: ${ended}\n`);
  process.exit(typeof ended === "number" ? ended : 1);
}
