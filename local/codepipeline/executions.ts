import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type {
  GetPipelineExecutionInput,
  ListActionExecutionsInput,
  SourceRevisionOverride,
  StartPipelineExecutionInput,
} from "@aws-sdk/client-codepipeline";
import type { Events } from "../server/events";
import { AwsError, type Wire } from "../server/json-service";
import type { Collection, Store } from "../server/store";
import type { Action, ActionContext, ActionResult, Actions } from "./actions";
import type { Declaration, Pipelines } from "./pipelines";

interface ActionExecution {
  actionExecutionId: string;
  stageName: string;
  actionName: string;
  status: "InProgress" | "Succeeded" | "Failed";
  startTime: number;
  lastUpdateTime: number;
  result?: ActionResult;
}

interface Execution {
  pipelineName: string;
  pipelineVersion: number;
  status: "InProgress" | "Succeeded" | "Failed";
  startTime: number;
  actions: ActionExecution[];
}

/** Executions of pipelines, one action after the other. */
export class Executions {
  private readonly documents: Collection<Execution>;
  /** A pipeline's executions are queued. */
  private readonly last = new Map<string, Promise<void>>();

  constructor(
    store: Store,
    private readonly pipelines: Pipelines,
    private readonly actions: Actions,
    private readonly events: Events,
    private readonly place: { region: string; arnOf: (name: string) => string; directory: string },
  ) {
    this.documents = store.collection("execution");
    for (const [id, { status }] of this.documents.entries()) if (status === "InProgress") this.abandon(id);
  }

  start = (input: Wire<StartPipelineExecutionInput>): Promise<object> => {
    const { name } = input;
    const { pipeline } = this.pipelines.named(name);
    const revisions = revisionsOf(pipeline, (input as Partial<StartPipelineExecutionInput>).sourceRevisions ?? []);
    const id = randomUUID();
    this.documents.insert(id, {
      pipelineName: name,
      pipelineVersion: pipeline.version ?? 1,
      status: "InProgress",
      startTime: Date.now() / 1000,
      actions: [],
    });
    this.last.set(
      name,
      (this.last.get(name) ?? Promise.resolve()).then(() => this.run(id, pipeline, revisions)),
    );
    return Promise.resolve({ pipelineExecutionId: id });
  };

  get = ({ pipelineName, pipelineExecutionId }: Wire<GetPipelineExecutionInput>): Promise<object> => {
    const { pipelineVersion, status } = this.known(pipelineName, pipelineExecutionId);
    return Promise.resolve({
      pipelineExecution: { pipelineName, pipelineVersion, pipelineExecutionId, status, executionMode: "QUEUED" },
    });
  };

  /** The last action first. */
  listActions = (input: Wire<ListActionExecutionsInput>): Promise<object> => {
    const { pipelineName } = input;
    const only = (input as Partial<ListActionExecutionsInput>).filter?.pipelineExecutionId;
    this.pipelines.named(pipelineName);
    const details = this.documents
      .entries()
      .filter(([id, each]) => each.pipelineName === pipelineName && (only === undefined || id === only))
      .flatMap(([pipelineExecutionId, { pipelineVersion, actions }]) =>
        actions.map(({ result, ...action }) => ({
          pipelineExecutionId,
          pipelineVersion,
          ...action,
          ...(result === undefined ? {} : { output: outputOf(result) }),
        })),
      );
    return Promise.resolve({ actionExecutionDetails: details.reverse() });
  };

  private known(pipelineName: string, id: string): Execution {
    this.pipelines.named(pipelineName);
    const found = this.documents.get(id);
    if (found?.pipelineName === pipelineName) return found;
    throw new AwsError("PipelineExecutionNotFoundException", `${pipelineName} has no execution ${id}.`);
  }

  private async run(id: string, pipeline: Declaration, revisions: ReadonlyMap<string, string>): Promise<void> {
    this.tell(id, pipeline, "STARTED");
    const { location = "", encryptionKey } = pipeline.artifactStore ?? {};
    const context: ActionContext = {
      executionId: id,
      pipelineName: pipeline.name,
      roleArn: pipeline.roleArn,
      revisions,
      artifacts: new Map(),
      variables: new Map([["codepipeline", { PipelineExecutionId: id }]]),
      directory: join(this.place.directory, id),
      artifactStore: { location, ...(encryptionKey === undefined ? {} : { keyArn: encryptionKey.id }) },
    };
    for (const stage of pipeline.stages) {
      const inOrder = [...stage.actions].sort((one, other) => (one.runOrder ?? 1) - (other.runOrder ?? 1));
      for (const action of inOrder) {
        if (await this.act(id, pipeline, stage.name, action, context)) continue;
        this.documents.update(id, (execution) => void (execution.status = "Failed"));
        return this.tell(id, pipeline, "FAILED");
      }
    }
    this.documents.update(id, (execution) => void (execution.status = "Succeeded"));
    this.tell(id, pipeline, "SUCCEEDED");
  }

  /** @returns whether the action succeeded */
  private async act(
    id: string,
    pipeline: Declaration,
    stageName: string,
    action: Action,
    context: ActionContext,
  ): Promise<boolean> {
    const actionExecutionId = randomUUID();
    const startTime = Date.now() / 1000;
    const begun = { actionExecutionId, stageName, actionName: action.name, startTime };
    this.note(id, { ...begun, status: "InProgress", lastUpdateTime: startTime });
    const result = await this.actions.run(action, context);
    const status = result.succeeded ? "Succeeded" : "Failed";
    this.note(id, { ...begun, status, lastUpdateTime: Date.now() / 1000, result });
    if (action.namespace !== undefined) context.variables.set(action.namespace, result.variables ?? {});
    this.events.publish({
      detailType: "CodePipeline Action Execution State Change",
      resources: [this.place.arnOf(pipeline.name)],
      detail: {
        pipeline: pipeline.name,
        "execution-id": id,
        "start-time": new Date(startTime * 1000).toISOString(),
        stage: stageName,
        action: action.name,
        "action-execution-id": actionExecutionId,
        state: status.toUpperCase(),
        region: this.place.region,
        type: action.actionTypeId,
        version: pipeline.version,
        "execution-result": {
          "external-execution-summary": result.summary,
          "external-execution-id": result.externalExecutionId,
          "error-code": result.errorCode,
        },
      },
    });
    return result.succeeded;
  }

  private note(id: string, action: ActionExecution): void {
    this.documents.update(id, (execution) => {
      const others = execution.actions.filter((each) => each.actionExecutionId !== action.actionExecutionId);
      return { ...execution, actions: [...others, action] };
    });
  }

  private tell(id: string, pipeline: Declaration, state: "STARTED" | "SUCCEEDED" | "FAILED"): void {
    this.events.publish({
      detailType: "CodePipeline Pipeline Execution State Change",
      resources: [this.place.arnOf(pipeline.name)],
      detail: { pipeline: pipeline.name, "execution-id": id, state, version: pipeline.version },
    });
  }

  /** An execution that ran when an earlier server ended. */
  private abandon(id: string): void {
    const now = Date.now() / 1000;
    const result = { succeeded: false, summary: "The local CodePipeline ended while it ran.", errorCode: "JobFailed" };
    this.documents.update(id, (execution) => ({
      ...execution,
      status: "Failed",
      actions: execution.actions.map((action) =>
        action.status === "InProgress" ? { ...action, status: "Failed", lastUpdateTime: now, result } : action,
      ),
    }));
  }
}

/** The commits that an execution is started with, by source action. @throws AwsError ValidationException */
function revisionsOf({ stages }: Declaration, overrides: readonly SourceRevisionOverride[]): Map<string, string> {
  const sources = new Set(stages[0]?.actions.map((action) => action.name));
  const problems = overrides.flatMap(({ actionName = "", revisionType }) => [
    ...(sources.has(actionName) ? [] : [`${actionName} is no source action of the pipeline`]),
    ...(revisionType === "COMMIT_ID" ? [] : [`${actionName}'s revisions are COMMIT_ID, not ${revisionType}`]),
  ]);
  if (problems.length > 0) throw new AwsError("ValidationException", `${problems.join("; ")}.`);
  return new Map(overrides.map(({ actionName = "", revisionValue = "" }) => [actionName, revisionValue]));
}

function outputOf({ summary, externalExecutionId, errorCode, variables = {} }: ActionResult): object {
  return {
    outputVariables: variables,
    executionResult: {
      externalExecutionId,
      externalExecutionSummary: summary,
      ...(errorCode === undefined ? {} : { errorDetails: { code: errorCode, message: summary } }),
    },
  };
}
