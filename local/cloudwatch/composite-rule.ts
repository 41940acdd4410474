import type { AlarmState } from "./evaluation";
import { child, parseFormula, type Formula } from "./formula";

/** The rule of a composite alarm: a formula over other alarms' states. */
export interface CompositeRule {
  /** Names of the alarms in it, each once. */
  alarms: string[];
  /** @param stateOf the state of an alarm; undefined when there is none of that name, of which nothing is true */
  holds(stateOf: (alarm: string) => AlarmState | undefined): boolean;
}

const STATES: readonly AlarmState[] = ["ALARM", "OK", "INSUFFICIENT_DATA"];

/** Alarms in a rule, quoted or not: by their names, or their ARNs. */
const REFERENCE = /\b(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|'([^']*)'|([^()"']*?))\s*\)/g;

/** @throws Error that says what is wrong with the rule */
export function parseCompositeRule(text: string): CompositeRule {
  const quoted = text.replace(
    REFERENCE,
    (_, state: string, double?: string, one?: string, bare?: string) =>
      `${state}(${JSON.stringify(nameOf(double ?? one ?? bare ?? ""))})`,
  );
  const formula = parseFormula(quoted);
  const alarms = new Set<string>();
  const holds = compile(formula, alarms);
  return { alarms: [...alarms], holds };
}

function nameOf(reference: string): string {
  return reference.replace(/^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:/, "");
}

function compile(node: Formula, alarms: Set<string>): CompositeRule["holds"] {
  if (node.type === "Identifier" && (node.name === "TRUE" || node.name === "FALSE")) {
    const always = node.name === "TRUE";
    return () => always;
  }
  if (node.type === "UnaryExpression" && node.operator === "NOT") {
    const inner = compile(child(node.argument), alarms);
    return (stateOf) => !inner(stateOf);
  }
  if (node.type === "BinaryExpression" && (node.operator === "AND" || node.operator === "OR")) {
    const left = compile(child(node.left), alarms);
    const right = compile(child(node.right), alarms);
    return node.operator === "AND"
      ? (stateOf) => left(stateOf) && right(stateOf)
      : (stateOf) => left(stateOf) || right(stateOf);
  }
  const state = node.type === "CallExpression" ? STATES.find((each) => each === node.callee["name"]) : undefined;
  const [argument] = node.type === "CallExpression" ? node.arguments : [];
  if (state && argument?.type === "Literal" && typeof argument["value"] === "string") {
    const name = argument["value"];
    alarms.add(name);
    return (stateOf) => stateOf(name) === state;
  }
  throw new Error("a rule is made of ALARM(name), OK(name), INSUFFICIENT_DATA(name), TRUE, FALSE, AND, OR, NOT and ()");
}
