import { StepValue, type Expression, type Scalar, type Value } from "./expressions";
import { cacheRequest, Step, type Argument, type Caching, type StepOptions } from "./step";

/** Types that an output of a Lambda or a callback may have. */
type OutputType = "String" | "Integer" | "Boolean" | "Float";
type OutputTypes = Readonly<Record<string, OutputType>>;
type ScalarOf<T extends OutputType> = T extends "String" ? string : T extends "Boolean" ? boolean : number;

interface AnsweringOptions<O extends OutputTypes> extends StepOptions {
  readonly inputs: { readonly [key: string]: Argument };
  /** Types of the answer's members that later steps may use. */
  readonly outputs: O;
  readonly caching?: Caching;
}

/** A step whose answer has named outputs. */
abstract class AnsweringStep<O extends OutputTypes> extends Step {
  constructor(
    name: string,
    private readonly answering: AnsweringOptions<O>,
  ) {
    super(name, answering);
  }

  /** An output of the answer. A misspelt one does not compile. */
  output<K extends keyof O & string>(name: K): Expression<ScalarOf<O[K]>> {
    return new StepValue(this, `OutputParameters['${name}']`);
  }

  override arguments(): Readonly<Record<string, Argument>> {
    return this.answering.inputs;
  }

  override settings(): Readonly<Record<string, Argument>> {
    const outputs = Object.entries(this.answering.outputs);
    return {
      OutputParameters: outputs.map(([OutputName, type]) => ({ OutputName, OutputType: type })),
      CacheConfig: cacheRequest(this.answering.caching),
    };
  }
}

/** Calls a function and takes its answer as outputs. */
export class LambdaStep<O extends OutputTypes> extends AnsweringStep<O> {
  readonly type = "Lambda";

  constructor(
    name: string,
    private readonly call: AnsweringOptions<O> & { readonly functionArn: string },
  ) {
    super(name, call);
  }

  override settings(): Readonly<Record<string, Argument>> {
    return { ...super.settings(), FunctionArn: this.call.functionArn };
  }
}

/** A step that calls a function (for at most 10 minutes). */
export function lambda<const O extends OutputTypes>(
  name: string,
  options: AnsweringOptions<O> & { readonly functionArn: string },
): LambdaStep<O> {
  return new LambdaStep(name, options);
}

/** Sends a message with a token and waits until somebody answers with it. */
export class CallbackStep<O extends OutputTypes> extends AnsweringStep<O> {
  readonly type = "Callback";

  constructor(
    name: string,
    private readonly call: AnsweringOptions<O> & { readonly queueUrl: string },
  ) {
    super(name, call);
  }

  override settings(): Readonly<Record<string, Argument>> {
    return { ...super.settings(), SqsQueueUrl: this.call.queueUrl };
  }
}

/** A step that sends a message to a queue and waits for the answer. */
export function callback<const O extends OutputTypes>(
  name: string,
  options: AnsweringOptions<O> & { readonly queueUrl: string },
): CallbackStep<O> {
  return new CallbackStep(name, options);
}

/** Ends the execution as failed. */
export class FailStep extends Step {
  readonly type = "Fail";

  constructor(
    name: string,
    private readonly errorMessage: Value<string>,
    options: StepOptions,
  ) {
    super(name, options);
  }

  override arguments(): Readonly<Record<string, Argument>> {
    return { ErrorMessage: this.errorMessage };
  }
}

/** A step that ends the execution as failed, with this message. */
export function fail(name: string, errorMessage: Value<string>, options: StepOptions = {}): FailStep {
  return new FailStep(name, errorMessage, options);
}

/** A question that a condition step asks. */
export type Condition = { readonly [key: string]: Argument };

function comparison(type: string) {
  return <T extends Scalar>(left: Value<T>, right: Value<NoInfer<T>>): Condition => ({
    Type: type,
    LeftValue: left,
    RightValue: right,
  });
}

export const equals = comparison("Equals");
export const greaterThan = comparison("GreaterThan");
export const greaterThanOrEqualTo = comparison("GreaterThanOrEqualTo");
export const lessThan = comparison("LessThan");
export const lessThanOrEqualTo = comparison("LessThanOrEqualTo");

/** Whether the value is one of those. */
export function isIn<T extends Scalar>(value: Value<T>, values: readonly Value<NoInfer<T>>[]): Condition {
  return { Type: "In", QueryValue: value, Values: values };
}

export function not(condition: Condition): Condition {
  return { Type: "Not", Condition: condition };
}

/** Whether any of them holds. (All conditions of a condition step must hold.) */
export function or(...conditions: readonly Condition[]): Condition {
  return { Type: "Or", Conditions: conditions };
}

export interface ConditionOptions extends StepOptions {
  /** All of them must hold. */
  readonly conditions: readonly Condition[];
  readonly ifSteps: readonly Step[];
  readonly elseSteps: readonly Step[];
}

/** Runs one branch or the other. Steps of the branches stand nowhere else. */
export class ConditionStep extends Step {
  readonly type = "Condition";

  constructor(
    name: string,
    private readonly choice: ConditionOptions,
  ) {
    super(name, choice);
  }

  override arguments(): Readonly<Record<string, Argument>> {
    return { Conditions: this.choice.conditions };
  }

  override get branches(): Readonly<Record<string, readonly Step[]>> {
    return { IfSteps: this.choice.ifSteps, ElseSteps: this.choice.elseSteps };
  }
}

/** A step that runs one branch or the other. */
export function condition(name: string, options: ConditionOptions): ConditionStep {
  return new ConditionStep(name, options);
}
