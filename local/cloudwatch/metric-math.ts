import { child, parseFormula, type Formula } from "./formula";

/** One value per period; undefined where there is none. */
export type Series = (number | undefined)[];

/** What an expression may refer to. */
export interface MathContext {
  /** The series of an id; undefined when there is no such id. */
  resolve: (id: string) => Series | undefined;
  /** Ids that are metrics and not expressions: what `METRICS()` means. */
  ids: readonly string[];
  /** Starts of the periods, epoch seconds. */
  periods: readonly number[];
  periodSeconds: number;
}

/** An expression that can't be computed: what is wrong, as a sentence. */
export class MathError extends Error {}

type Value = number | Series | SeriesList;
class SeriesList {
  constructor(readonly series: Series[]) {}
}

/**
 * The series that a metric math expression gives.
 *
 * @throws MathError for expressions that CloudWatch would refuse, and for functions that are not computed here
 */
export function evaluateMath(expression: string, context: MathContext): Series {
  const value = evaluateNode(parse(expression), context);
  if (value instanceof SeriesList)
    throw new MathError("The expression gives several time series, where one is wanted.");
  return typeof value === "number" ? context.periods.map(() => value) : value;
}

function parse(expression: string): Formula {
  try {
    return parseFormula(expression);
  } catch (error) {
    throw new MathError(`The expression ${JSON.stringify(expression)} can't be read: ${(error as Error).message}.`);
  }
}

function evaluateNode(node: Formula, context: MathContext): Value {
  switch (node.type) {
    case "Literal":
      if (typeof node.value === "number") return node.value;
      throw new MathError(`${String(node.raw)} is not a number.`);
    case "Identifier":
      return identifier(node.name, context);
    case "UnaryExpression":
      return unary(node.operator, evaluateNode(child(node.argument), context));
    case "BinaryExpression":
      return binary(node.operator, evaluateNode(child(node.left), context), evaluateNode(child(node.right), context));
    case "ArrayExpression": {
      const elements = node.elements.flatMap((element) => (element ? [evaluateNode(child(element), context)] : []));
      return new SeriesList(elements.flatMap((element) => listOf(element, context)));
    }
    case "CallExpression":
      return call(calleeOf(node), node.arguments, context);
    case "Compound":
    case "ConditionalExpression":
    case "MemberExpression":
    case "SequenceExpression":
    case "ThisExpression":
      throw new MathError(`Metric math has no ${node.type}.`);
  }
}

function calleeOf({ callee }: Extract<Formula, { type: "CallExpression" }>): string {
  const called = child(callee);
  return called.type === "Identifier" ? called.name : "";
}

function identifier(name: string, { resolve }: MathContext): Series {
  const series = resolve(name);
  if (!series) throw new MathError(`The expression refers to ${name}, which is not the id of any query.`);
  return series;
}

const OPERATORS: Record<string, (one: number, other: number) => number> = {
  "+": (one, other) => one + other,
  "-": (one, other) => one - other,
  "*": (one, other) => one * other,
  "/": (one, other) => one / other,
  "^": (one, other) => one ** other,
  "<": (one, other) => Number(one < other),
  ">": (one, other) => Number(one > other),
  "<=": (one, other) => Number(one <= other),
  ">=": (one, other) => Number(one >= other),
  "==": (one, other) => Number(one === other),
  "!=": (one, other) => Number(one !== other),
  AND: (one, other) => Number(one !== 0 && other !== 0),
  OR: (one, other) => Number(one !== 0 || other !== 0),
};
const SPELLINGS: Record<string, string> = { "&&": "AND", "||": "OR" };

function unary(operator: string, value: Value): Value {
  if (operator === "NOT") throw new MathError("Metric math has no NOT.");
  return operator === "-" ? each(value, (number) => -number) : value;
}

function binary(operator: string, left: Value, right: Value): Value {
  const apply = OPERATORS[SPELLINGS[operator] ?? operator];
  if (!apply) throw new MathError(`Metric math has no operator ${operator}.`);
  return pairwise(left, right, apply);
}

/** Point by point; a point that one side lacks, and one that is no number (a division by 0), is missing. */
function pairwise(left: Value, right: Value, apply: (one: number, other: number) => number): Value {
  if (left instanceof SeriesList)
    return new SeriesList(left.series.map((one) => pairwise(one, right, apply) as Series));
  if (right instanceof SeriesList) {
    return new SeriesList(right.series.map((other) => pairwise(left, other, apply) as Series));
  }
  if (typeof left === "number" && typeof right === "number") return apply(left, right);
  const length = typeof left === "number" ? (right as Series).length : left.length;
  const at = (value: number | Series, index: number) => (typeof value === "number" ? value : value[index]);
  return Array.from({ length }, (_, index) => {
    const one = at(left, index);
    const other = at(right, index);
    return one === undefined || other === undefined ? undefined : finite(apply(one, other));
  });
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function each(value: Value, apply: (number: number) => number): Value {
  if (typeof value === "number") return apply(value);
  if (value instanceof SeriesList) return new SeriesList(value.series.map((series) => each(series, apply) as Series));
  return value.map((number) => (number === undefined ? undefined : finite(apply(number))));
}

/** Of one series, a single number; of several, one series of what there is at each moment. */
const AGGREGATES: Record<string, (values: readonly number[]) => number> = {
  SUM: total,
  AVG: (values) => total(values) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
  STDDEV: (values) => {
    const mean = total(values) / values.length;
    return Math.sqrt(total(values.map((value) => (value - mean) ** 2)) / values.length);
  },
};

const POINTWISE: Record<string, (value: number) => number> = {
  ABS: Math.abs,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
  LOG: Math.log,
  LOG10: Math.log10,
};

function call(name: string, parameters: readonly unknown[], context: MathContext): Value {
  const nodes = parameters as Formula[];
  const argument = (index: number): Value => {
    const node = nodes[index];
    if (!node) throw new MathError(`${name} lacks its argument ${index + 1}.`);
    return evaluateNode(node, context);
  };
  const aggregate = Object.hasOwn(AGGREGATES, name) ? AGGREGATES[name] : undefined;
  if (aggregate) return aggregated(argument(0), aggregate);
  const pointwise = Object.hasOwn(POINTWISE, name) ? POINTWISE[name] : undefined;
  if (pointwise) return each(argument(0), pointwise);
  switch (name) {
    case "IF":
      return choice(argument(0), argument(1), nodes.length > 2 ? argument(2) : undefined, context);
    case "FILL":
      return eachSeries(argument(0), (series) => filled(series, nodes[1], context), context);
    case "METRICS":
      return new SeriesList(metrics(nodes[0], context));
    case "METRIC_COUNT":
      return listOf(argument(0), context).length;
    case "PERIOD":
      return context.periodSeconds;
    case "DIFF":
      return eachSeries(argument(0), (series) => differences(series), context);
    case "RATE":
      return eachSeries(
        argument(0),
        (series) =>
          differences(series).map((value) => (value === undefined ? undefined : value / context.periodSeconds)),
        context,
      );
    case "RUNNING_SUM":
      return eachSeries(argument(0), runningSum, context);
    default:
      throw new MathError(
        `The function ${name || "(none named)"} is not computed here: known are ${[...Object.keys(AGGREGATES), ...Object.keys(POINTWISE), "IF", "FILL", "METRICS", "METRIC_COUNT", "PERIOD", "DIFF", "RATE", "RUNNING_SUM"].join(", ")}.`,
      );
  }
}

function aggregated(value: Value, aggregate: (values: readonly number[]) => number): Value {
  if (typeof value === "number") return value;
  if (!(value instanceof SeriesList)) {
    const present = value.filter((number) => number !== undefined);
    return present.length > 0 ? aggregate(present) : value;
  }
  const length = Math.max(0, ...value.series.map((series) => series.length));
  return Array.from({ length }, (_, index) => {
    const present = value.series.map((series) => series[index]).filter((number) => number !== undefined);
    return present.length > 0 ? aggregate(present) : undefined;
  });
}

function choice(condition: Value, then: Value, otherwise: Value | undefined, context: MathContext): Value {
  const [conditions, yes, no] = [condition, then, otherwise].map((value) =>
    value === undefined ? [] : (single(value, context) ?? []),
  ) as [Series, Series, Series];
  return conditions.map((met, index) => (met === undefined ? undefined : met === 0 ? no[index] : yes[index]));
}

function filled(series: Series, how: Formula | undefined, context: MathContext): Series {
  if (how?.type === "Identifier" && how.name === "REPEAT") {
    let last: number | undefined;
    return series.map((value) => (last = value ?? last));
  }
  if (how?.type === "Identifier" && how.name === "LINEAR") {
    throw new MathError("FILL with LINEAR is not computed here: REPEAT and numbers are.");
  }
  const value = how ? evaluateNode(how, context) : undefined;
  if (value === undefined) throw new MathError("FILL lacks what to fill with.");
  const filler = single(value, context);
  return series.map((point, index) => point ?? filler?.[index]);
}

function metrics(filter: Formula | undefined, { ids, resolve }: MathContext): Series[] {
  const part = filter?.type === "Literal" ? String(filter.value) : "";
  return ids.filter((id) => id.includes(part)).flatMap((id) => [resolve(id) ?? []]);
}

function differences(series: Series): Series {
  return series.map((value, index) => {
    const before = index > 0 ? series[index - 1] : undefined;
    return value === undefined || before === undefined ? undefined : value - before;
  });
}

function runningSum(series: Series): Series {
  let sum = 0;
  return series.map((value) => (value === undefined ? undefined : (sum += value)));
}

function eachSeries(value: Value, change: (series: Series) => Series, context: MathContext): Value {
  if (value instanceof SeriesList) return new SeriesList(value.series.map(change));
  return change(single(value, context) ?? []);
}

function listOf(value: Value, context: MathContext): Series[] {
  return value instanceof SeriesList ? value.series : [single(value, context) ?? []];
}

function single(value: Value, { periods }: MathContext): Series | undefined {
  if (value instanceof SeriesList) throw new MathError("One time series is wanted, not several.");
  return typeof value === "number" ? periods.map(() => value) : value;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
