// `npm run local -- deliver`: what a merge starts on AWS, started by hand on the working copy, and followed to its end.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CodePipelineClient,
  GetPipelineCommand,
  GetPipelineExecutionCommand,
  ListActionExecutionsCommand,
  StartPipelineExecutionCommand,
  type ActionExecutionDetail,
} from "@aws-sdk/client-codepipeline";
import { StageError } from "./loop/errors";
import { Stages } from "./loop/stage";
import { waitFor } from "./loop/wait";

/** Longest that one action is waited for, in seconds: the tests are the whole suite. */
const ACTION_TIMEOUT_SECONDS = 7_200;

/**
 * Delivers the project as it stands, by the stack's delivery pipeline.
 *
 * @param directory the local cloud's, where logs of builds are
 * @throws StageError naming the action that failed, with its reason
 */
export async function deliver(pipelineName: string, directory: string): Promise<void> {
  const client = new CodePipelineClient();
  const { pipeline } = await client.send(new GetPipelineCommand({ name: pipelineName }));
  const actions = (pipeline?.stages ?? []).flatMap((stage) => stage.actions ?? []).map(({ name = "" }) => name);
  const { pipelineExecutionId = "" } = await client.send(new StartPipelineExecutionCommand({ name: pipelineName }));
  const execution = { pipelineName, pipelineExecutionId };
  const stages = new Stages(
    actions.map((name) => ({ name, title: name })),
    process.stdout,
  );
  for (const name of actions) {
    await stages.run(name, async (progress) => {
      const log = join(directory, "server", "codepipeline", pipelineExecutionId, name, "build", "build.log");
      const action = await ended(client, execution, name, () => progress(lastLine(log)));
      const summary = action.output?.executionResult?.externalExecutionSummary ?? "";
      if (action.status === "Succeeded") return { value: undefined, detail: summary };
      throw new StageError(`${name} failed: ${summary}${existsSync(log) ? `\nIts log: ${log}` : ""}`);
    });
  }
}

/** Waits for an action's end. @throws StageError where the execution ends before it */
async function ended(
  client: CodePipelineClient,
  execution: { pipelineName: string; pipelineExecutionId: string },
  name: string,
  look: () => void,
): Promise<ActionExecutionDetail> {
  const { pipelineName, pipelineExecutionId } = execution;
  return waitFor(
    async () => {
      look();
      // The execution first: what it has not run when it has ended, it never will.
      const { pipelineExecution } = await client.send(new GetPipelineExecutionCommand(execution));
      const request = new ListActionExecutionsCommand({ pipelineName, filter: { pipelineExecutionId } });
      const { actionExecutionDetails = [] } = await client.send(request);
      const found = actionExecutionDetails.find(({ actionName }) => actionName === name);
      if (found !== undefined && found.status !== "InProgress") return found;
      if (found === undefined && pipelineExecution?.status !== "InProgress") {
        throw new StageError(`The delivery ended as ${pipelineExecution?.status ?? "unknown"} before ${name}`);
      }
      return undefined;
    },
    { what: `${name} to end`, timeoutSeconds: ACTION_TIMEOUT_SECONDS, intervalMilliseconds: 300 },
  );
}

/** What a build says just now. */
function lastLine(log: string): string {
  if (!existsSync(log)) return "";
  return readFileSync(log, "utf8").trimEnd().split("\n").at(-1)?.trim() ?? "";
}
