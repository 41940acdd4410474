import type { Collection } from "../../server/store";
import { notFound } from "../errors";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import { parseDefinition, type PipelinePlan } from "./definition";
import { isActive, stateOf, type Execution } from "./execution";
import { announceExecution, announceStep } from "./execution-events";
import type { StepState } from "./progress";
import { restricted } from "./selection";

/** The executions as they are kept, by ARN. Every change of a status is told to EventBridge. */
export class ExecutionDocuments {
  private readonly executions: Collection<Execution>;
  /** Plans of the executions that run. */
  private readonly plans = new Map<string, PipelinePlan>();

  constructor(private readonly context: SageMakerContext) {
    this.executions = context.store.collection<Execution>("pipeline-execution");
  }

  /** @throws AwsError ResourceNotFound */
  get(arn: string): Execution {
    const execution = this.executions.get(arn);
    if (!execution) throw notFound("Pipeline execution", arn);
    return execution;
  }

  all(): Execution[] {
    return this.executions.all();
  }

  ofPipeline(pipelineArn: string): Execution[] {
    return this.all().filter((execution) => execution.pipelineArn === pipelineArn);
  }

  insert(execution: Execution): void {
    this.executions.insert(execution.arn, execution);
    announceExecution(this.context, execution, null);
  }

  remove(arn: string): void {
    this.executions.remove(arn);
    this.plans.delete(arn);
  }

  /** The steps of an execution: of its own definition, which an update of the pipeline does not change. */
  plan(execution: Execution): PipelinePlan {
    const known = this.plans.get(execution.arn);
    if (known) return known;
    const whole = parseDefinition(execution.definition);
    const plan = execution.selection ? restricted(whole, execution.selection.steps) : whole;
    if (isActive(execution)) this.plans.set(execution.arn, plan);
    return plan;
  }

  change(arn: string, change: (execution: Execution) => Execution): Execution {
    return this.context.store.transaction(() => {
      const before = this.get(arn);
      const after = { ...change(before), modified: now() };
      this.executions.update(arn, () => after);
      if (after.status !== before.status) announceExecution(this.context, after, before.status);
      if (!isActive(after)) this.plans.delete(arn);
      return after;
    });
  }

  addStep(arn: string, state: StepState): void {
    this.context.store.transaction(() => {
      const execution = this.change(arn, (current) => ({ ...current, steps: [...current.steps, state] }));
      announceStep(this.context, execution, this.plan(execution), state, "Starting");
    });
  }

  changeStep(arn: string, name: string, change: (state: StepState) => StepState): void {
    this.context.store.transaction(() => {
      const before = stateOf(this.get(arn), name);
      const execution = this.change(arn, (current) => ({
        ...current,
        steps: current.steps.map((state) => (state.name === name ? change(state) : state)),
      }));
      const after = stateOf(execution, name);
      if (before && after && before.status !== after.status) {
        announceStep(this.context, execution, this.plan(execution), after, before.status);
      }
    });
  }
}
