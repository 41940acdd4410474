import type { Json } from "./canonical-json";
import type { Step } from "./step";

/** What a pipeline's values are while it runs. */
export type Scalar = string | number | boolean;

/**
 * A value that SageMaker knows only while the pipeline runs. It carries the steps and parameters that it needs, so
 * that `compile` finds what depends on what. It is not text: use `join` to build text of it.
 */
export abstract class Expression<out T extends Scalar = Scalar> {
  /** What it will be. Only the compiler sees it. */
  declare protected readonly scalar: T;

  /** The form that it has in a definition. */
  abstract request(): Json;

  /** Steps that must have run before. */
  get steps(): readonly Step[] {
    return [];
  }

  /** Parameters that the pipeline must declare. */
  get parameters(): readonly Parameter[] {
    return [];
  }

  /** @throws {TypeError} always: the value is not known yet. */
  toString(): string {
    throw new TypeError(
      `${JSON.stringify(this.request())} is known only while the pipeline runs: build text of it with join()`,
    );
  }

  /** @throws {TypeError} always: definitions are made by compile(). */
  toJSON(): never {
    throw new TypeError(`${JSON.stringify(this.request())} is an expression: compile() the pipeline to get its JSON`);
  }

  /** @throws {TypeError} always: the value is not known yet. */
  [Symbol.toPrimitive](): string {
    return this.toString();
  }
}

/** A value, or what will be one. */
export type Value<T extends Scalar> = T | Expression<T>;

type ParameterType = "String" | "Integer" | "Float" | "Boolean";

/** A value that each execution may give. */
export class Parameter<out T extends Scalar = Scalar> extends Expression<T> {
  constructor(
    readonly name: string,
    readonly type: ParameterType,
    readonly defaultValue?: T,
    readonly enumValues?: readonly string[],
  ) {
    super();
  }

  override request(): Json {
    return { Get: `Parameters.${this.name}` };
  }

  override get parameters(): readonly Parameter[] {
    return [this];
  }

  /** The parameter as the definition declares it. */
  declaration(): Json {
    return {
      Name: this.name,
      Type: this.type,
      ...(this.defaultValue === undefined ? {} : { DefaultValue: this.defaultValue }),
      ...(this.enumValues === undefined ? {} : { EnumValues: this.enumValues }),
    };
  }
}

/** Text that each execution gives, if it has no default. */
export function stringParameter(
  name: string,
  options: { default?: string; oneOf?: readonly string[] } = {},
): Parameter<string> {
  return new Parameter(name, "String", options.default, options.oneOf);
}

/** A whole number that each execution gives, if it has no default. */
export function integerParameter(name: string, options: { default?: number } = {}): Parameter<number> {
  return new Parameter(name, "Integer", options.default);
}

/** A number that each execution gives, if it has no default. */
export function floatParameter(name: string, options: { default?: number } = {}): Parameter<number> {
  return new Parameter(name, "Float", options.default);
}

/** A truth that each execution gives, if it has no default. */
export function booleanParameter(name: string, options: { default?: boolean } = {}): Parameter<boolean> {
  return new Parameter(name, "Boolean", options.default);
}

class ExecutionVariable extends Expression<string> {
  constructor(private readonly name: string) {
    super();
  }

  override request(): Json {
    return { Get: `Execution.${this.name}` };
  }
}

/** What SageMaker says of the execution itself. */
export const execution = {
  startDateTime: new ExecutionVariable("StartDateTime"),
  currentDateTime: new ExecutionVariable("CurrentDateTime"),
  pipelineName: new ExecutionVariable("PipelineName"),
  pipelineArn: new ExecutionVariable("PipelineArn"),
  pipelineExecutionId: new ExecutionVariable("PipelineExecutionId"),
  pipelineExecutionArn: new ExecutionVariable("PipelineExecutionArn"),
} as const satisfies Record<string, Expression<string>>;

/** A property or an output of a step. */
export class StepValue<out T extends Scalar> extends Expression<T> {
  constructor(
    private readonly step: Step,
    private readonly path: string,
  ) {
    super();
  }

  override request(): Json {
    return { Get: `Steps.${this.step.name}.${this.path}` };
  }

  override get steps(): readonly Step[] {
    return [this.step];
  }
}

/** A value out of a JSON file that a processing step wrote. */
export class JsonFileValue<out T extends Scalar> extends Expression<T> {
  constructor(
    private readonly step: Step,
    private readonly file: string,
    private readonly path: string,
  ) {
    super();
  }

  override request(): Json {
    const file = { Get: `Steps.${this.step.name}.PropertyFiles.${this.file}` };
    return { "Std:JsonGet": { PropertyFile: file, Path: this.path } };
  }

  override get steps(): readonly Step[] {
    return [this.step];
  }
}

class Join extends Expression<string> {
  constructor(
    private readonly separator: string,
    private readonly values: readonly Value<Scalar>[],
  ) {
    super();
  }

  override request(): Json {
    const values = this.values.map((value) => (value instanceof Expression ? value.request() : value));
    return { "Std:Join": { On: this.separator, Values: values } };
  }

  override get steps(): readonly Step[] {
    return this.values.flatMap((value) => (value instanceof Expression ? value.steps : []));
  }

  override get parameters(): readonly Parameter[] {
    return this.values.flatMap((value) => (value instanceof Expression ? value.parameters : []));
  }
}

/** The values as one text, with the separator between them. */
export function join(separator: string, values: readonly Value<Scalar>[]): Expression<string> {
  return new Join(separator, values);
}

/** The value as text. */
export function text(value: Value<Scalar>): Value<string> {
  return value instanceof Expression ? join("", [value]) : String(value);
}
