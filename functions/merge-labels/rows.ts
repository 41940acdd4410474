import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { FileProblem } from "../shared/content";
import { inferenceTime } from "../shared/inference-id";
import type { BadRow } from "../shared/quarantine";
import { LIMITS } from "../shared/transactions";

/** A row of a file of labels. Rows are numbered from 1, the header not counted. */
export interface LabelRow {
  number: number;
  raw: string;
  /** What the label is of: exactly one of the two. */
  inferenceId?: string;
  transactionId?: string;
  label: Label;
  /** ISO 8601, UTC. */
  labelledAt: string;
}

/** `1`: fraud. */
export type Label = "0" | "1";

const MAX_RAW_CHARACTERS = 1_000;
const MAX_ROW_BYTES = 100_000;
/** Clocks differ, and so do the zones of those who write a date alone. */
const AHEAD_MILLISECONDS = 24 * 3_600_000;

interface Columns {
  inferenceId: number;
  transactionId: number;
  label: number;
  labelledAt: number;
  count: number;
}

/** `Labelled at`, `labelled_at` and `LabelledAt` are one name. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, "");

/** Finds the columns, or says what is wrong with the header. */
export function readHeader(header: readonly string[]): Columns | { reason: string } {
  const names = header.map(plain);
  const at = (name: string): number => names.indexOf(name);
  const columns = {
    inferenceId: at("inferenceid"),
    transactionId: at("transactionid"),
    label: at("label"),
    labelledAt: at("labelledat"),
    count: names.length,
  };
  const doubled = names.filter((name, index) => name !== "" && names.indexOf(name) !== index);
  const faults = [
    ...(columns.inferenceId === -1 && columns.transactionId === -1 ? ["lacks InferenceId or TransactionID"] : []),
    ...(columns.label === -1 ? ["lacks label"] : []),
    ...(columns.labelledAt === -1 ? ["lacks labelled at"] : []),
    ...(doubled.length > 0 ? [`has more than one ${[...new Set(doubled)].join(", ")}`] : []),
  ];
  return faults.length > 0 ? { reason: `the header ${faults.join(" and ")}` } : columns;
}

const isoTime = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

/** A date, or a time that names its zone, as UTC; undefined for anything else. */
export function readTime(text: string): string | undefined {
  if (!isoTime.test(text)) return undefined;
  const time = new Date(text.replace(" ", "T"));
  // 31 February is another day to some engines.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(time.getTime()) || Number.isNaN(day.getTime())) return undefined;
  return day.toISOString().startsWith(text.slice(0, 10)) ? time.toISOString() : undefined;
}

const LABELS: Readonly<Record<string, Label>> = { "0": "0", "1": "1" };

/** A row, or everything that is wrong with it. @param latest labels are from no later time than a day after */
export function readRow(
  record: readonly string[],
  raw: string,
  columns: Columns,
  number: number,
  latest: Date,
): LabelRow | BadRow {
  const shown = raw.trim().slice(0, MAX_RAW_CHARACTERS);
  if (record.length !== columns.count) {
    return { number, raw: shown, reason: `has ${record.length} columns, the header ${columns.count}` };
  }
  const cell = (index: number): string => (index === -1 ? "" : (record[index] ?? "").trim());
  const quoted = (index: number): string => JSON.stringify(cell(index).slice(0, 80));
  const [inferenceId, transactionId] = [cell(columns.inferenceId), cell(columns.transactionId)];
  const label = LABELS[cell(columns.label)];
  const labelledAt = readTime(cell(columns.labelledAt));
  const faults: string[] = [];
  if (inferenceId === "" && transactionId === "") faults.push("it names no InferenceId or TransactionID");
  if (inferenceId !== "" && inferenceTime(inferenceId) === undefined) {
    faults.push(`InferenceId ${quoted(columns.inferenceId)} is none that a prediction was given`);
  }
  if (transactionId.length > LIMITS.idCharacters) faults.push(`TransactionID is longer than ${LIMITS.idCharacters}`);
  if (label === undefined) faults.push(`label ${quoted(columns.label)} is not 0 or 1`);
  if (labelledAt === undefined) {
    const wanted = "no date, and no time with its zone, such as 2026-11-21T13:00:00Z";
    faults.push(`labelled at ${quoted(columns.labelledAt)} is ${wanted}`);
  } else if (Date.parse(labelledAt) > latest.getTime() + AHEAD_MILLISECONDS) {
    faults.push(`labelled at ${labelledAt} is after the file itself`);
  }
  if (label === undefined || labelledAt === undefined || faults.length > 0) {
    return { number, raw: shown, reason: faults.join("; ") };
  }
  return { number, raw: shown, ...(inferenceId === "" ? { transactionId } : { inferenceId }), label, labelledAt };
}

export const isBad = (row: LabelRow | BadRow): row is BadRow => "reason" in row;

/**
 * The rows of a CSV of labels.
 *
 * @param latest when the file was made
 * @throws FileProblem when the header is not what it must be, or the file cannot be read to its end; rows before come
 * first.
 */
export async function* readRows(
  source: AsyncIterable<Uint8Array>,
  latest: Date,
): AsyncGenerator<LabelRow | BadRow, void, undefined> {
  const parser = parse({
    bom: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
  });
  const bytes = Readable.from(source);
  bytes.once("error", (error) => parser.destroy(error));
  let columns: Columns | undefined;
  let number = 0;
  try {
    for await (const { record, raw } of bytes.pipe(parser) as AsyncIterable<{ record: string[]; raw: string }>) {
      if (columns === undefined) {
        const found = readHeader(record);
        if ("reason" in found) throw new FileProblem(found.reason);
        columns = found;
      } else yield readRow(record, raw, columns, ++number, latest);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("CSV_")) {
      throw new FileProblem(`the file cannot be read beyond row ${number}: ${error.message}`);
    }
    throw error;
  } finally {
    bytes.destroy();
  }
  if (columns === undefined) throw new FileProblem("the file has no header");
}
