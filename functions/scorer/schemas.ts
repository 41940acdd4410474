import * as t from "io-ts";
import { FEATURES } from "../shared/transactions";

/** What a stream's files look like. */
export const StreamSchema = t.readonly(
  t.intersection([
    t.type({
      /** Columns that may hold the transaction's id; the first that a file has is taken. Without any, ids are derived. */
      idColumns: t.readonlyArray(t.string),
      /** Numeric columns in the order in which the model takes them; a file may have them in any order. */
      features: t.readonlyArray(t.string),
    }),
    t.partial({
      /** The column, a feature or not, that holds the transaction's amount. */
      amountColumn: t.string,
    }),
  ]),
  "StreamSchema",
);
export type StreamSchema = t.TypeOf<typeof StreamSchema>;

const idColumns = ["TransactionID", "Transaction ID", "id"];

/** The schemas in the box. */
export const schemas = {
  creditcard: { idColumns, features: FEATURES, amountColumn: "Amount" },
  ecommerce: { idColumns, features: ["Transaction Amount", "Quantity"], amountColumn: "Transaction Amount" },
} as const satisfies Record<string, StreamSchema>;

/** Where a file has what its schema wants: indexes of columns, from 0. */
export const Columns = t.intersection([
  t.type({
    /** Of each feature, in the model's order. */
    features: t.readonlyArray(t.number),
    count: t.number,
  }),
  t.partial({ id: t.number, amount: t.number }),
]);
export type Columns = t.TypeOf<typeof Columns>;

/** Finds the schema's columns in a file's header, or says what is wrong with it. */
export function readHeader(header: readonly string[], schema: StreamSchema): Columns | { reason: string } {
  const names = header.map((name) => name.trim());
  const needed = [
    ...new Set([...schema.features, ...(schema.amountColumn === undefined ? [] : [schema.amountColumn])]),
  ];
  const missing = needed.filter((name) => !names.includes(name));
  const doubled = [...needed, ...schema.idColumns].filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  const faults = [
    ...(missing.length > 0 ? [`the header lacks ${missing.join(", ")}`] : []),
    ...(doubled.length > 0 ? [`the header has more than one ${doubled.join(", ")}`] : []),
  ];
  if (faults.length > 0) return { reason: faults.join("; ") };
  const idColumn = schema.idColumns.find((name) => names.includes(name));
  return {
    ...(idColumn === undefined ? {} : { id: names.indexOf(idColumn) }),
    features: schema.features.map((name) => names.indexOf(name)),
    ...(schema.amountColumn === undefined ? {} : { amount: names.indexOf(schema.amountColumn) }),
    count: names.length,
  };
}
