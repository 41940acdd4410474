import { createHash } from "node:crypto";

/** The model's inputs, in the order of training: `Time, V1..V28, Amount`. */
export const FEATURES: readonly string[] = [
  "Time",
  ...Array.from({ length: 28 }, (_, index) => `V${index + 1}`),
  "Amount",
];

/** Says whether two models take the same inputs in the same order. */
export const featuresHash = (features: readonly string[]): string =>
  createHash("sha256").update(features.join("\n")).digest("hex");

/** One thing that is wrong with a request: where, and what is wanted. */
export interface Violation {
  path: string;
  reason: string;
}

/** A transaction that can be scored. */
export interface Transaction {
  id: string;
  /** The transaction as the model takes it: one CSV line, features in the order of training, no line end. */
  line: string;
}

/** What is left of an input after validation: transactions to score, or everything that is wrong. */
export type Validated = { transactions: Transaction[]; violations: [] } | { transactions: []; violations: Violation[] };

/** Transactions in one request, the length of an id, reasons for one prediction. */
export const LIMITS = { transactions: 1000, idCharacters: 256, reasons: 30 } as const;

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** The largest number of 32 bits: the model's numbers have no more. */
export const LARGEST_FEATURE = 3.4028234663852886e38;
const isFiniteIn32Bits = (value: number): boolean => Math.abs(value) <= LARGEST_FEATURE;

/**
 * The number that `text` writes in decimal or scientific notation, or undefined where it is none, or none of 32 bits: no
 * hexadecimal, no blanks as 0.
 */
export function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!decimal.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return isFiniteIn32Bits(value) ? value : undefined;
}

/**
 * Checks the body `{"transactions":[{"id"?, "Time", "V1", …, "Amount"}]}`. A transaction without an id gets its
 * position (from 0) as one.
 */
export function validateTransactions(body: unknown): Validated {
  if (!isRecord(body)) return refused([{ path: "", reason: "must be an object with `transactions`" }]);
  const violations = Object.keys(body)
    .filter((key) => key !== "transactions")
    .map((key) => ({ path: key, reason: "is not a property of the request" }));
  const { transactions } = body;
  if (!Array.isArray(transactions) || transactions.length === 0 || transactions.length > LIMITS.transactions) {
    violations.push({ path: "transactions", reason: `must be a list of 1 to ${LIMITS.transactions} transactions` });
    return refused(violations);
  }
  const accepted: Transaction[] = [];
  for (const [index, transaction] of (transactions as unknown[]).entries()) {
    const path = `transactions.${index}`;
    if (isRecord(transaction)) {
      accepted.push({
        id: readId(transaction.id, index, path, violations),
        line: readLine(transaction, path, violations),
      });
    } else violations.push({ path, reason: "must be an object" });
  }
  return violations.length === 0 ? { transactions: accepted, violations: [] } : refused(violations);
}

/** Checks CSV without header, a transaction a line in the order of training. The id is the position (from 0). */
export function validateCsv(body: string): Validated {
  const lines = body.replace(/\r?\n$/, "").split(/\r?\n/);
  if (body.trim() === "" || lines.length > LIMITS.transactions) {
    return refused([{ path: "", reason: `must hold 1 to ${LIMITS.transactions} lines` }]);
  }
  const violations: Violation[] = [];
  const transactions = lines.map((line, index) => {
    const fields = line.split(",");
    if (fields.length !== FEATURES.length) {
      violations.push({ path: `${index}`, reason: `must have ${FEATURES.length} columns, has ${fields.length}` });
    } else {
      for (const [column, feature] of FEATURES.entries()) {
        if (parseNumber(fields[column] ?? "") === undefined) {
          violations.push({ path: `${index}.${feature}`, reason: "must be a finite number" });
        }
      }
    }
    return { id: String(index), line: fields.map((field) => field.trim()).join(",") };
  });
  return violations.length === 0 ? { transactions, violations: [] } : refused(violations);
}

const refused = (violations: Violation[]): Validated => ({ transactions: [], violations });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const properties: ReadonlySet<string> = new Set(["id", ...FEATURES]);

function readId(id: unknown, index: number, path: string, violations: Violation[]): string {
  if (id === undefined) return String(index);
  if (typeof id === "string" && id !== "" && [...id].length <= LIMITS.idCharacters) return id;
  violations.push({ path: `${path}.id`, reason: `must be a string of 1 to ${LIMITS.idCharacters} characters` });
  return "";
}

function readLine(transaction: Record<string, unknown>, path: string, violations: Violation[]): string {
  let line = "";
  for (const feature of FEATURES) {
    const value = transaction[feature];
    if (typeof value !== "number" || !isFiniteIn32Bits(value)) {
      const reason = value === undefined ? "is missing: it must be a finite number" : "must be a finite number";
      violations.push({ path: `${path}.${feature}`, reason });
    }
    line += line === "" ? String(value) : `,${String(value)}`;
  }
  for (const key of Object.keys(transaction)) {
    if (!properties.has(key)) violations.push({ path: `${path}.${key}`, reason: "is not a property of a transaction" });
  }
  return line;
}
