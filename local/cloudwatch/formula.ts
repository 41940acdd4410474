import jsep from "jsep";

// The grammar that metric math and the rules of composite alarms have in common: jsep's, with CloudWatch's operators.

for (const operator of Object.keys(jsep.binary_ops)) jsep.removeBinaryOp(operator);
for (const operator of Object.keys(jsep.unary_ops)) jsep.removeUnaryOp(operator);
const BINARY: readonly (readonly [precedence: number, ...operators: string[]])[] = [
  [1, "OR", "||"],
  [2, "AND", "&&"],
  [3, "==", "!="],
  [4, "<", ">", "<=", ">="],
  [5, "+", "-"],
  [6, "*", "/"],
];
for (const [precedence, ...operators] of BINARY) {
  for (const operator of operators) jsep.addBinaryOp(operator, precedence);
}
jsep.addBinaryOp("^", 7, true);
for (const operator of ["-", "+", "NOT"]) jsep.addUnaryOp(operator);

/** A parsed formula. */
export type Formula = jsep.CoreExpression;

/** @throws Error with the place of the fault */
export function parseFormula(text: string): Formula {
  return jsep(text) as Formula;
}

/** A node's child, which jsep types as any expression. */
export function child(node: jsep.Expression): Formula {
  return node as Formula;
}
