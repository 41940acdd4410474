import type { Filter, NestedFilters, SearchExpression } from "@aws-sdk/client-sagemaker";
import { loadModel, shapeOf, type Shape } from "../aws-models";
import type { Wire } from "../server/json-service";
import { invalid } from "./errors";

/** A resource as Search gives it: what its description says, and its tags. */
export type SearchRecord = Readonly<Record<string, unknown>>;

const ORDERS = {
  GreaterThan: (difference: number) => difference > 0,
  GreaterThanOrEqualTo: (difference: number) => difference >= 0,
  LessThan: (difference: number) => difference < 0,
  LessThanOrEqualTo: (difference: number) => difference <= 0,
};

/**
 * Whether a record satisfies an expression.
 *
 * @param kind name of the record's shape in SageMaker's model: properties that it does not have are refused
 * @throws AwsError ValidationException for an unknown property, or a value that can't be compared
 */
export function satisfies(record: SearchRecord, kind: string, expression: Wire<SearchExpression>): boolean {
  const verdicts = [
    ...(expression.Filters ?? []).map((filter) => passes(record, kind, filter)),
    ...(expression.NestedFilters ?? []).map((nested) => passesNested(record, kind, nested)),
    ...(expression.SubExpressions ?? []).map((inner) => satisfies(record, kind, inner)),
  ];
  return expression.Operator === "Or" ? verdicts.some(Boolean) : verdicts.every(Boolean);
}

/** The values of a property: of each element, where the path goes through a list. */
export function valuesOf(value: unknown, path: readonly string[]): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((element) => valuesOf(element, path));
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  if (typeof value !== "object") return [];
  const record = value as Record<string, unknown>;
  // Names of metrics and hyperparameters may hold dots.
  const joined = path.join(".");
  if (rest.length > 0 && Object.hasOwn(record, joined)) return valuesOf(record[joined], []);
  return Object.hasOwn(record, name) ? valuesOf(record[name], rest) : [];
}

/**
 * The path of a property, and what its values are.
 *
 * @throws AwsError ValidationException when records of the kind have no such property
 */
export function property(kind: string, name: string): { path: string[]; type: Shape["type"] } {
  const model = loadModel("sagemaker");
  const [first = "", ...rest] = name.split(".");
  let shape: Shape | undefined = shapeOf(model, kind);
  let known = shape.members?.[first];
  if (known === undefined) throw invalid(`Unknown property name: ${name}. A ${kind} has no ${first}.`);
  if (first === "Tags" && rest.length > 0) return { path: ["Tags", rest.join(".")], type: "string" };
  for (const part of ["", ...rest]) {
    // Whatever follows the name of a map is a key, dots and all.
    if (shape?.type === "map") break;
    if (part !== "") known = shape?.members?.[part];
    shape = known === undefined ? undefined : shapeOf(model, known);
    while (shape?.type === "list" && shape.member !== undefined) shape = shapeOf(model, shape.member);
    if (shape === undefined) throw invalid(`Unknown property name: ${name}. A ${kind} has no such property.`);
  }
  if (shape?.type === "map" && shape.value !== undefined) shape = shapeOf(model, shape.value);
  return { path: [first, ...rest], type: shape?.type ?? "string" };
}

function passes(record: SearchRecord, kind: string, filter: Wire<Filter>): boolean {
  const { Name, Operator = "Equals", Value = "" } = filter;
  const { path, type } = property(kind, Name);
  const found = path[0] === "Tags" ? tagValues(record, path[1]) : valuesOf(record, path);
  switch (Operator) {
    case "Exists":
      return found.length > 0;
    case "NotExists":
      return found.length === 0;
    case "Equals":
      return found.some((value) => same(value, Value, type));
    case "NotEquals":
      return !found.some((value) => same(value, Value, type));
    case "Contains":
      return found.some((value) => String(value).includes(Value));
    case "In":
      return found.some((value) => Value.split(",").some((one) => same(value, one.trim(), type)));
    case "GreaterThan":
    case "GreaterThanOrEqualTo":
    case "LessThan":
    case "LessThanOrEqualTo": {
      const wanted = comparable(Value, type);
      if (wanted === undefined) throw invalid(`The value "${Value}" of ${Name} can't be compared by ${Operator}.`);
      return found.some((value) => {
        const own = comparable(value, type);
        return own !== undefined && ORDERS[Operator](own - wanted);
      });
    }
  }
}

/** All filters must hold for one and the same element of a list. */
function passesNested(record: SearchRecord, kind: string, nested: Wire<NestedFilters>): boolean {
  const { NestedPropertyName, Filters } = nested;
  property(kind, NestedPropertyName);
  const path = NestedPropertyName.split(".");
  return valuesOf(record, path).some((element) => {
    const inPlace = path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), element);
    return Filters.every((filter) => passes(inPlace as SearchRecord, kind, filter));
  });
}

function tagValues(record: SearchRecord, key: string | undefined): unknown[] {
  const tags = (record["Tags"] ?? []) as { Key: string; Value: string }[];
  return key === undefined
    ? tags.flatMap(({ Key, Value }) => [Key, Value])
    : tags.filter(({ Key }) => Key === key).map(({ Value }) => Value);
}

function same(value: unknown, wanted: string, type: Shape["type"]): boolean {
  if (type === "string" || type === "boolean") return String(value) === wanted;
  const [own, other] = [comparable(value, type), comparable(wanted, type)];
  return own !== undefined && own === other;
}

/** A number, or the epoch seconds of a time; undefined for anything else. */
function comparable(value: unknown, type: Shape["type"]): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  // A time without a zone is in UTC.
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`;
  const number = type === "timestamp" ? Date.parse(zoned) / 1000 : Number(value);
  return Number.isNaN(number) ? undefined : number;
}
