import { isRecord, resolve, type Json, type Scope } from "./expressions";

/**
 * Decides a condition of a Condition step.
 *
 * @throws Error when it is none of SageMaker's, or compares what can't be compared
 */
export async function holds(condition: Json, scope: Scope): Promise<boolean> {
  if (!isRecord(condition)) throw new Error("a condition must be an object");
  const operand = (name: string): Promise<Json> => {
    const value = condition[name];
    if (value === undefined) throw new Error(`the condition ${JSON.stringify(condition["Type"])} needs ${name}`);
    return resolve(value, scope);
  };
  const compared = async (decide: (order: number) => boolean): Promise<boolean> =>
    decide(order(await operand("LeftValue"), await operand("RightValue")));

  const type: unknown = condition["Type"];
  switch (type) {
    case "Equals":
      return equal(await operand("LeftValue"), await operand("RightValue"));
    case "GreaterThan":
      return compared((order) => order > 0);
    case "GreaterThanOrEqualTo":
      return compared((order) => order >= 0);
    case "LessThan":
      return compared((order) => order < 0);
    case "LessThanOrEqualTo":
      return compared((order) => order <= 0);
    case "In": {
      const wanted = await operand("QueryValue");
      const values = await operand("Values");
      if (!Array.isArray(values)) throw new Error("the Values of a condition In must be a list");
      return values.some((value) => equal(wanted, value));
    }
    case "Not":
      return !(await holds(condition["Expression"] ?? condition["Condition"] ?? null, scope));
    case "Or":
      return (await decideAll(condition["Conditions"], scope)).some(Boolean);
    default:
      throw new Error(`${JSON.stringify(type)} is no type of condition that SageMaker has`);
  }
}

/** Decides a list of conditions, all of which must hold in a Condition step. */
export async function decideAll(conditions: Json | undefined, scope: Scope): Promise<boolean[]> {
  if (!Array.isArray(conditions)) throw new Error("Conditions must be a list");
  return Promise.all(conditions.map((condition) => holds(condition, scope)));
}

function equal(left: Json, right: Json): boolean {
  const numbers = bothNumbers(left, right);
  return numbers ? numbers[0] === numbers[1] : JSON.stringify(left) === JSON.stringify(right);
}

function order(left: Json, right: Json): number {
  const numbers = bothNumbers(left, right);
  if (numbers) return numbers[0] - numbers[1];
  throw new Error(`${JSON.stringify(left)} and ${JSON.stringify(right)} can't be compared: numbers are wanted`);
}

/** Two numbers, one of which may be written as text, as Lambda and Callback outputs are. */
function bothNumbers(left: Json, right: Json): [number, number] | undefined {
  if (typeof left !== "number" && typeof right !== "number") return undefined;
  const [one, other] = [toNumber(left), toNumber(right)];
  return one === undefined || other === undefined ? undefined : [one, other];
}

function toNumber(value: Json): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}
