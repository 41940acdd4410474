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
  SendPipelineExecutionStepFailureRequest,
  SendPipelineExecutionStepSuccessRequest,
  StartPipelineExecutionRequest,
  StartPipelineExecutionResponse,
  StopPipelineExecutionRequest,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { randomId } from "../arns";
import { invalid, notFound } from "../errors";
import { messageOf } from "../../server/errors";
import { defined } from "../objects";
import { page, type ListRequest } from "../paging";
import type { Collection } from "../../server/store";
import { now } from "../time";
import { parseDefinition } from "./definition";
import type { Execution } from "./execution";
import { announceExecution } from "./execution-events";
import { Executor } from "./executor";
import { bindOutputs, bindParameters } from "./parameters";
import type { Pipelines } from "./pipelines";
import type { StepState } from "./progress";
import { outputList, type StepServices } from "./step-runners";

/** A client token, and the execution that it started. */
interface Token {
  arn: string;
}

/** Executions of pipelines, by ARN. */
export class Executions {
  private readonly executions: Collection<Execution>;
  private readonly tokens: Collection<Token>;
  private readonly executor: Executor;

  constructor(
    private readonly services: StepServices,
    private readonly pipelines: Pipelines,
  ) {
    const { store } = services.context;
    this.executions = store.collection<Execution>("pipeline-execution");
    this.tokens = store.collection<Token>("pipeline-execution-token");
    this.executor = new Executor(services, this.executions);
    this.executor.resume();
  }

  readonly operations = {
    StartPipelineExecution: (input: Wire<StartPipelineExecutionRequest>) => Promise.resolve(this.start(input)),
    StopPipelineExecution: async (input: Wire<StopPipelineExecutionRequest>) => {
      const execution = this.known(input.PipelineExecutionArn);
      if (execution.status === "Executing") await this.executor.stop(execution.arn);
      return { PipelineExecutionArn: execution.arn };
    },
    DescribePipelineExecution: (input: Wire<DescribePipelineExecutionRequest>) =>
      Promise.resolve(this.describe(input.PipelineExecutionArn)),
    ListPipelineExecutions: (input: Wire<ListPipelineExecutionsRequest>) => Promise.resolve(this.list(input)),
    ListPipelineExecutionSteps: (input: Wire<ListPipelineExecutionStepsRequest>) => Promise.resolve(this.steps(input)),
    DescribePipelineDefinitionForExecution: (
      input: Wire<DescribePipelineDefinitionForExecutionRequest>,
    ): Promise<Wire<DescribePipelineDefinitionForExecutionResponse>> => {
      const { definition, started } = this.known(input.PipelineExecutionArn);
      return Promise.resolve({ PipelineDefinition: definition, CreationTime: started });
    },
    ListPipelineParametersForExecution: (
      input: Wire<ListPipelineParametersForExecutionRequest>,
    ): Promise<Wire<ListPipelineParametersForExecutionResponse>> => {
      const { given, started } = this.known(input.PipelineExecutionArn);
      const { items, ...next } = page(
        given,
        { MaxResults: 50, ...input, SortBy: "Name", SortOrder: "Ascending" },
        ({ Name }) => ({
          name: Name,
          created: started,
        }),
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
    const token = input.ClientRequestToken ?? randomId(32);
    const made = this.tokens.get(token);
    if (made) return { PipelineExecutionArn: made.arn };
    const pipeline = this.pipelines.describe(input.PipelineName);
    const given = input.PipelineParameters ?? [];
    const plan = parseDefinition(pipeline.PipelineDefinition);
    const started = now();
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
      status: "Executing",
      started,
      modified: started,
      steps: [],
    };
    this.services.context.store.transaction(() => {
      this.executions.insert(execution.arn, execution);
      this.tokens.insert(token, { arn: execution.arn });
    });
    this.pipelines.collection.update(pipeline.PipelineName, (document) => ({ ...document, LastRunTime: started }));
    announceExecution(this.services.context, execution, null);
    this.executor.advance(execution.arn);
    return { PipelineExecutionArn: execution.arn };
  }

  private describe(arn: string): Wire<DescribePipelineExecutionResponse> {
    const execution = this.known(arn);
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
    };
  }

  private list(input: Wire<ListPipelineExecutionsRequest>): Wire<ListPipelineExecutionsResponse> {
    const { PipelineArn } = this.pipelines.describe(input.PipelineName);
    const { CreatedAfter, CreatedBefore, ...rest } = input;
    const wanted = this.executions.all().filter((execution) => execution.pipelineArn === PipelineArn);
    const request: ListRequest = {
      ...rest,
      ...defined({ CreationTimeAfter: CreatedAfter, CreationTimeBefore: CreatedBefore }),
    };
    const { items, ...next } = page(wanted, request, (execution) => ({
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
    const execution = this.known(arn);
    const plan = parseDefinition(execution.definition);
    const order = [...execution.steps].map((state, index) => ({ state, index }));
    const { items, ...next } = page(order, { ...input, SortBy: "CreationTime" }, ({ state, index }) => ({
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
    const { execution, state } = this.waiting(input.CallbackToken);
    const declared = parseDefinition(execution.definition).steps.get(state.name)?.step.OutputParameters ?? [];
    const given = Object.fromEntries((input.OutputParameters ?? []).map(({ Name, Value }) => [Name, Value]));
    const callback = state.metadata.Callback;
    try {
      const outputs = bindOutputs(declared, given);
      this.executor.answer(execution.arn, state.name, {
        kind: "succeeded",
        metadata: { Callback: { ...callback, OutputParameters: outputList(outputs) } },
        properties: { OutputParameters: outputs },
      });
    } catch (error) {
      this.executor.answer(execution.arn, state.name, { kind: "failed", reason: `ClientError: ${messageOf(error)}` });
    }
    return { PipelineExecutionArn: execution.arn };
  }

  private fail(input: Wire<SendPipelineExecutionStepFailureRequest>): object {
    const { execution, state } = this.waiting(input.CallbackToken);
    const stopping = state.status === "Stopping";
    const reason = input.FailureReason ?? "The callback reported a failure without a reason.";
    this.executor.answer(execution.arn, state.name, stopping ? { kind: "stopped" } : { kind: "failed", reason });
    return { PipelineExecutionArn: execution.arn };
  }

  /** The step that a callback's token belongs to. */
  private waiting(token: string): { execution: Execution; state: StepState } {
    for (const execution of this.executions.all()) {
      const state = execution.steps.find(({ metadata }) => metadata.Callback?.CallbackToken === token);
      if (!state) continue;
      if (state.ended !== undefined)
        throw invalid(`The step ${state.name} of the callback ${token} is ${state.status}.`);
      return { execution, state };
    }
    throw notFound("Callback token", token);
  }

  private known(arn: string): Execution {
    const execution = this.executions.get(arn);
    if (!execution) throw notFound("Pipeline execution", arn);
    return execution;
  }
}

function describeStep(state: StepState): Wire<PipelineExecutionStep> {
  return {
    StepName: state.name,
    StepStatus: state.status,
    StartTime: state.started,
    AttemptCount: 1,
    Metadata: state.metadata,
    ...defined({ EndTime: state.ended, FailureReason: state.failureReason }),
  };
}
