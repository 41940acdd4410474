import type {
  DescribePipelineDefinitionForExecutionRequest,
  DescribePipelineDefinitionForExecutionResponse,
  DescribePipelineExecutionRequest,
  DescribePipelineExecutionResponse,
  ListPipelineExecutionsRequest,
  ListPipelineExecutionsResponse,
  ListPipelineExecutionStepsRequest,
  ListPipelineExecutionStepsResponse,
  ListPipelineParametersForExecutionRequest,
  ListPipelineParametersForExecutionResponse,
  PipelineExecutionStep,
  RetryPipelineExecutionRequest,
  RetryPipelineExecutionResponse,
  SelectiveExecutionConfig,
  SendPipelineExecutionStepFailureRequest,
  SendPipelineExecutionStepSuccessRequest,
  StartPipelineExecutionRequest,
  StartPipelineExecutionResponse,
  StopPipelineExecutionRequest,
  StopPipelineExecutionResponse,
  UpdatePipelineExecutionRequest,
  UpdatePipelineExecutionResponse,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { randomId } from "../arns";
import { conflict, invalid, notFound } from "../errors";
import { messageOf } from "../../server/errors";
import { defined, omit } from "../objects";
import { page } from "../paging";
import { RequestTokens } from "../tokens";
import { now } from "../time";
import { parseDefinition, type PipelinePlan } from "./definition";
import { isActive, type Execution } from "./execution";
import type { ExecutionDocuments } from "./execution-documents";
import { Executor } from "./executor";
import { bindOutputs, bindParameters } from "./parameters";
import type { Pipelines } from "./pipelines";
import type { StepState } from "./progress";
import { reused } from "./selection";
import type { StepResult, StepServices } from "./step-run";
import { outputList } from "./step-runners";

/** Executions of pipelines, as their API has them. */
export class Executions {
  private readonly tokens: RequestTokens;
  private readonly executor: Executor;

  constructor(
    services: StepServices,
    private readonly pipelines: Pipelines,
    private readonly documents: ExecutionDocuments,
  ) {
    this.tokens = new RequestTokens(services.context.store);
    this.executor = new Executor(services, documents);
    this.executor.resume();
  }

  readonly operations = {
    StartPipelineExecution: (input: Wire<StartPipelineExecutionRequest>) => Promise.resolve(this.start(input)),
    StopPipelineExecution: (input: Wire<StopPipelineExecutionRequest>) => Promise.resolve(this.stop(input)),
    RetryPipelineExecution: (input: Wire<RetryPipelineExecutionRequest>) => Promise.resolve(this.retry(input)),
    UpdatePipelineExecution: (input: Wire<UpdatePipelineExecutionRequest>) => Promise.resolve(this.update(input)),
    DescribePipelineExecution: (input: Wire<DescribePipelineExecutionRequest>) =>
      Promise.resolve(this.describe(input.PipelineExecutionArn)),
    ListPipelineExecutions: (input: Wire<ListPipelineExecutionsRequest>) => Promise.resolve(this.list(input)),
    ListPipelineExecutionSteps: (input: Wire<ListPipelineExecutionStepsRequest>) => Promise.resolve(this.steps(input)),
    DescribePipelineDefinitionForExecution: (
      input: Wire<DescribePipelineDefinitionForExecutionRequest>,
    ): Promise<Wire<DescribePipelineDefinitionForExecutionResponse>> => {
      const { definition, started } = this.documents.get(input.PipelineExecutionArn);
      return Promise.resolve({ PipelineDefinition: definition, CreationTime: started });
    },
    ListPipelineParametersForExecution: (
      input: Wire<ListPipelineParametersForExecutionRequest>,
    ): Promise<Wire<ListPipelineParametersForExecutionResponse>> => {
      const { given, started } = this.documents.get(input.PipelineExecutionArn);
      const { items, ...next } = page(
        "ListPipelineParametersForExecution",
        given,
        input,
        ({ Name }) => ({ name: Name, created: started }),
        { order: "Ascending", sortBy: "Name", size: 50 },
      );
      return Promise.resolve({ PipelineParameters: items, ...next });
    },
    SendPipelineExecutionStepSuccess: (input: Wire<SendPipelineExecutionStepSuccessRequest>) =>
      Promise.resolve(this.succeed(input)),
    SendPipelineExecutionStepFailure: (input: Wire<SendPipelineExecutionStepFailureRequest>) =>
      Promise.resolve(this.fail(input)),
  };

  close(): Promise<void> {
    return this.executor.close();
  }

  private start(input: Wire<StartPipelineExecutionRequest>): Wire<StartPipelineExecutionResponse> {
    const pipeline = this.pipelines.describe(input.PipelineName);
    const answer = this.tokens.once("Start", pipeline.PipelineArn, input.ClientRequestToken, () => {
      const given = input.PipelineParameters ?? [];
      const plan = parseDefinition(pipeline.PipelineDefinition);
      const started = now();
      const parallelism = input.ParallelismConfiguration ?? pipeline.ParallelismConfiguration;
      const execution: Execution = {
        arn: `${pipeline.PipelineArn}/execution/${randomId(12)}`,
        pipelineArn: pipeline.PipelineArn,
        pipelineName: pipeline.PipelineName,
        displayName: input.PipelineExecutionDisplayName ?? `execution-${Math.round(started * 1000)}`,
        ...(input.PipelineExecutionDescription ? { description: input.PipelineExecutionDescription } : {}),
        roleArn: pipeline.RoleArn,
        definition: pipeline.PipelineDefinition,
        given,
        parameters: bindParameters(plan.parameters, given),
        ...(parallelism ? { maxParallelSteps: parallelism.MaxParallelExecutionSteps } : {}),
        status: "Executing",
        started,
        modified: started,
        ...this.selected(plan, pipeline.PipelineArn, input.SelectiveExecutionConfig),
      };
      this.documents.insert(execution);
      this.pipelines.collection.update(pipeline.PipelineName, (document) => ({ ...document, LastRunTime: started }));
      return { PipelineExecutionArn: execution.arn };
    });
    this.executor.advance(answer.PipelineExecutionArn);
    return answer;
  }

  /** What an execution of some of the steps takes over; nothing where all of them run. */
  private selected(
    plan: PipelinePlan,
    pipelineArn: string,
    config: Wire<SelectiveExecutionConfig> | undefined,
  ): Pick<Execution, "selection" | "steps"> {
    if (!config) return { steps: [] };
    const { SourcePipelineExecutionArn: sourceArn, SelectedSteps } = config;
    const names = SelectedSteps.map(({ StepName }) => StepName);
    const source = sourceArn === undefined ? undefined : this.documents.get(sourceArn);
    if (source && source.pipelineArn !== pipelineArn) {
      throw invalid(`SourcePipelineExecutionArn ${source.arn} is not an execution of ${pipelineArn}.`);
    }
    if (source && source.status !== "Succeeded" && source.status !== "Failed") {
      throw invalid(`SourcePipelineExecutionArn ${source.arn} is ${source.status}: Succeeded or Failed is wanted.`);
    }
    return { selection: { steps: names, ...defined({ sourceArn }) }, steps: reused(plan, names, source) };
  }

  private stop(input: Wire<StopPipelineExecutionRequest>): Wire<StopPipelineExecutionResponse> {
    const { arn } = this.documents.get(input.PipelineExecutionArn);
    let stopped = false;
    const answer = this.tokens.once("Stop", arn, input.ClientRequestToken, () => {
      const { status } = this.documents.get(arn);
      if (!isActive({ status })) {
        throw conflict(`The pipeline execution ${arn} is ${status}: only one that runs can be stopped.`);
      }
      if (status === "Executing") {
        this.executor.markStopping(arn);
        stopped = true;
      }
      return { PipelineExecutionArn: arn };
    });
    if (stopped) this.executor.stop(arn);
    return answer;
  }

  /** Goes on with an execution that failed or was stopped: what succeeded is kept, the rest runs again. */
  private retry(input: Wire<RetryPipelineExecutionRequest>): Wire<RetryPipelineExecutionResponse> {
    const { arn } = this.documents.get(input.PipelineExecutionArn);
    const answer = this.tokens.once("Retry", arn, input.ClientRequestToken, () => {
      this.documents.change(arn, (execution) => {
        if (execution.status !== "Failed" && execution.status !== "Stopped") {
          throw conflict(
            `The pipeline execution ${arn} is ${execution.status}: only one that has failed or was stopped can be retried.`,
          );
        }
        const parallelism = input.ParallelismConfiguration;
        return {
          ...omit(execution, "failureReason"),
          ...(parallelism ? { maxParallelSteps: parallelism.MaxParallelExecutionSteps } : {}),
          status: "Executing",
          steps: execution.steps.filter(({ status }) => status === "Succeeded"),
        };
      });
      return { PipelineExecutionArn: arn };
    });
    this.executor.advance(arn);
    return answer;
  }

  private update(input: Wire<UpdatePipelineExecutionRequest>): Wire<UpdatePipelineExecutionResponse> {
    const { arn } = this.documents.change(input.PipelineExecutionArn, (execution) => ({
      ...execution,
      ...defined({
        description: input.PipelineExecutionDescription,
        displayName: input.PipelineExecutionDisplayName,
        maxParallelSteps: input.ParallelismConfiguration?.MaxParallelExecutionSteps,
      }),
    }));
    this.executor.advance(arn);
    return { PipelineExecutionArn: arn };
  }

  /** Every execution as Search has it. */
  searchable(): object[] {
    return this.documents.all().map(({ arn, given }) => ({ ...this.describe(arn), PipelineParameters: given }));
  }

  private describe(arn: string): Wire<DescribePipelineExecutionResponse> {
    const execution = this.documents.get(arn);
    const { maxParallelSteps, selection } = execution;
    return {
      PipelineArn: execution.pipelineArn,
      PipelineExecutionArn: execution.arn,
      PipelineExecutionStatus: execution.status,
      CreationTime: execution.started,
      LastModifiedTime: execution.modified,
      ...defined({
        PipelineExecutionDisplayName: execution.displayName,
        PipelineExecutionDescription: execution.description,
        FailureReason: execution.failureReason,
      }),
      ...(maxParallelSteps === undefined
        ? {}
        : { ParallelismConfiguration: { MaxParallelExecutionSteps: maxParallelSteps } }),
      ...(selection === undefined
        ? {}
        : {
            SelectiveExecutionConfig: {
              SelectedSteps: selection.steps.map((StepName) => ({ StepName })),
              ...defined({ SourcePipelineExecutionArn: selection.sourceArn }),
            },
          }),
    };
  }

  private list(input: Wire<ListPipelineExecutionsRequest>): Wire<ListPipelineExecutionsResponse> {
    const { PipelineArn } = this.pipelines.describe(input.PipelineName);
    const executions = this.documents.ofPipeline(PipelineArn);
    const { items, ...next } = page("ListPipelineExecutions", executions, input, (execution) => ({
      name: execution.arn,
      created: execution.started,
    }));
    const summaries = items.map((execution) => ({
      PipelineExecutionArn: execution.arn,
      StartTime: execution.started,
      PipelineExecutionStatus: execution.status,
      ...defined({
        PipelineExecutionDisplayName: execution.displayName,
        PipelineExecutionDescription: execution.description,
        PipelineExecutionFailureReason: execution.failureReason,
      }),
    }));
    return { PipelineExecutionSummaries: summaries, ...next };
  }

  private steps(input: Wire<ListPipelineExecutionStepsRequest>): Wire<ListPipelineExecutionStepsResponse> {
    const arn = input.PipelineExecutionArn ?? "";
    const execution = this.documents.get(arn);
    const plan = this.documents.plan(execution);
    const order = [...execution.steps].map((state, index) => ({ state, index }));
    const { items, ...next } = page("ListPipelineExecutionSteps", order, input, ({ state, index }) => ({
      name: state.name,
      created: index,
    }));
    const PipelineExecutionSteps = items.map(({ state }) => {
      const { DisplayName, Description } = plan.steps.get(state.name)?.step ?? {};
      return { ...describeStep(state), ...defined({ StepDisplayName: DisplayName, StepDescription: Description }) };
    });
    return { PipelineExecutionSteps, ...next };
  }

  private succeed(input: Wire<SendPipelineExecutionStepSuccessRequest>): object {
    return this.answered("Success", input, ({ execution, state }) => {
      const declared = this.documents.plan(execution).steps.get(state.name)?.step.OutputParameters ?? [];
      const given = Object.fromEntries((input.OutputParameters ?? []).map(({ Name, Value }) => [Name, Value]));
      try {
        const outputs = bindOutputs(declared, given);
        return {
          kind: "succeeded",
          metadata: { Callback: { ...state.metadata.Callback, OutputParameters: outputList(outputs) } },
          properties: { OutputParameters: outputs },
        };
      } catch (error) {
        return { kind: "failed", reason: `ClientError: ${messageOf(error)}` };
      }
    });
  }

  private fail(input: Wire<SendPipelineExecutionStepFailureRequest>): object {
    return this.answered("Failure", input, ({ state }) => {
      const reason = input.FailureReason ?? "The callback reported a failure without a reason.";
      return state.status === "Stopping" ? { kind: "stopped" } : { kind: "failed", reason };
    });
  }

  /** Ends the step that a callback's token belongs to. */
  private answered(
    operation: "Success" | "Failure",
    { CallbackToken, ClientRequestToken }: { CallbackToken: string; ClientRequestToken?: string },
    result: (waiting: { execution: Execution; state: StepState }) => StepResult,
  ): object {
    const waiting = this.callback(CallbackToken);
    const { execution, state } = waiting;
    const resource = `${execution.arn}/${CallbackToken}`;
    const answer = this.tokens.once(operation, resource, ClientRequestToken, () => {
      if (!this.executor.answer(execution.arn, state.name, result(waiting))) {
        throw invalid(`The step ${state.name} of the callback ${CallbackToken} is ${state.status}.`);
      }
      return { PipelineExecutionArn: execution.arn };
    });
    this.executor.advance(execution.arn);
    return answer;
  }

  /** Which execution a callback's answer is for; nothing of a token that is not known, which is refused later. */
  forDemands(operation: string, { CallbackToken }: { CallbackToken?: string }): object {
    if (!operation.startsWith("SendPipelineExecutionStep") || CallbackToken === undefined) return {};
    return { PipelineExecutionArn: this.callback(CallbackToken).execution.arn };
  }

  private callback(token: string): { execution: Execution; state: StepState } {
    for (const execution of this.documents.all()) {
      const state = execution.steps.find(({ metadata }) => metadata.Callback?.CallbackToken === token);
      if (state) return { execution, state };
    }
    throw notFound("Callback token", token);
  }
}

function describeStep(state: StepState): Wire<PipelineExecutionStep> {
  return {
    StepName: state.name,
    StepStatus: state.status,
    StartTime: state.started,
    AttemptCount: state.attempt,
    Metadata: state.metadata,
    ...describeReuse(state),
    ...defined({ EndTime: state.ended, FailureReason: state.failureReason }),
  };
}

function describeReuse({ reusedFrom }: StepState): Wire<PipelineExecutionStep> {
  if (!reusedFrom) return {};
  const source = { SourcePipelineExecutionArn: reusedFrom.executionArn };
  return reusedFrom.by === "cache" ? { CacheHitResult: source } : { SelectiveExecutionResult: source };
}
