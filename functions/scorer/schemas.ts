import { FEATURES } from "../shared/transactions";

/** What a stream's files look like. */
export interface StreamSchema {
  /** Columns that may hold the transaction's id; the first one that a file has is taken. Without any, ids are derived. */
  idColumns: readonly string[];
  /** Numeric columns in the order in which the model takes them; a file may have them in any order. */
  features: readonly string[];
}

const idColumns = ["TransactionID", "Transaction ID", "id"];

export const schemas = {
  creditcard: { idColumns, features: FEATURES },
  ecommerce: { idColumns, features: ["Transaction Amount", "Quantity"] },
} as const satisfies Record<string, StreamSchema>;

/** Where a file has what its schema wants. */
export interface Columns {
  /** Index of the id column. */
  id: number | undefined;
  /** Index of each feature, in the model's order. */
  features: { name: string; index: number }[];
  count: number;
}

/** Finds the schema's columns in a file's header, or says what is wrong with it. */
export function readHeader(header: readonly string[], schema: StreamSchema): Columns | { reason: string } {
  const names = header.map((name) => name.trim());
  const missing = schema.features.filter((feature) => !names.includes(feature));
  const wanted = [...schema.features, ...schema.idColumns];
  const doubled = wanted.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  const faults = [
    ...(missing.length > 0 ? [`the header lacks ${missing.join(", ")}`] : []),
    ...(doubled.length > 0 ? [`the header has more than one ${doubled.join(", ")}`] : []),
  ];
  if (faults.length > 0) return { reason: faults.join("; ") };
  const idColumn = schema.idColumns.find((name) => names.includes(name));
  return {
    id: idColumn === undefined ? undefined : names.indexOf(idColumn),
    features: schema.features.map((name) => ({ name, index: names.indexOf(name) })),
    count: names.length,
  };
}
