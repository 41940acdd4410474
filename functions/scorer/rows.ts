import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { FileProblem } from "../shared/content";
import type { BadRow } from "../shared/quarantine";
import { LIMITS, parseNumber } from "../shared/transactions";
import { readHeader, type Columns, type StreamSchema } from "./schemas";

/** A row that can be scored. Rows are numbered from 1, the header not counted. */
export interface GoodRow {
  number: number;
  id: string;
  /** Features in the model's order, as one CSV line. */
  line: string;
  /** Undefined where the schema has none. */
  amount: number | undefined;
}

export type Row = GoodRow | BadRow;

export const isBad = (row: Row): row is BadRow => "reason" in row;

/** A place between two rows of a file. */
export interface RowPosition {
  /** Rows before it. */
  row: number;
  /** Bytes before it, of the unpacked content. */
  offset: number;
  /** Undefined before the header. */
  columns?: Columns;
}

/** The beginning of a file. */
export const START: RowPosition = { row: 0, offset: 0 };

/** A row, and the place behind it. */
export interface ReadRow {
  row: Row;
  next: RowPosition;
}

export interface ReadOptions {
  schema: StreamSchema;
  /** Gives a row's id where the file has no column for it. */
  deriveId: (number: number) => string;
  /** Where the content begins that is read. Default: the file's beginning. */
  from?: RowPosition;
}

/** Longest row that is looked for, in bytes: a quote that is never closed must not take the rest into memory. */
const MAX_ROW_BYTES = 4_000_000;
const MAX_RAW_CHARACTERS = 4_000;

/** What is wrong with a row that a quote takes to the end of the file. */
const OPEN_QUOTE = "a quote is never closed: nothing from this row on was read";

/**
 * Reads the rows of a CSV file (header, quotes, line ends of any kind, byte order mark), from any place between two
 * rows on. Memory is flat however long the file.
 *
 * @param content the file's bytes from that place on
 * @throws FileProblem when the header is not what the schema wants, or a quote is never closed, or the content throws
 * one; the rows before come first.
 */
export async function* readRows(
  content: AsyncIterable<Uint8Array>,
  { schema, deriveId, from = START }: ReadOptions,
): AsyncGenerator<ReadRow, void, undefined> {
  const progress: Progress = { read: 0, parsed: 0, ends: [] };
  const parser = parse({
    bom: from.offset === 0,
    raw: true,
    // Named, not found out: what is read from the middle on must be cut into the same rows.
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_record: (cells: string[], { bytes }) => {
      progress.parsed = bytes;
      progress.ends.push(bytes);
      return cells;
    },
    // With relaxed quotes and columns one error is left: the file ends inside of quotes.
    on_skip: (_error, raw) => {
      progress.rest = raw ?? "";
      return undefined;
    },
  });
  const input = Readable.from(bounded(content, progress), { highWaterMark: 1 });
  input.once("error", (error) => parser.destroy(error));
  const records = input.pipe(parser) as AsyncIterable<{ record: string[]; raw: string }>;
  let { columns, row: number } = from;
  try {
    for await (const { record, raw } of records) {
      const end = progress.ends.shift() ?? 0;
      if (columns === undefined) {
        const header = readHeader(record, schema);
        if ("reason" in header) throw new FileProblem(header.reason);
        columns = header;
      } else {
        const row = readRow(record, raw, columns, ++number, schema, deriveId);
        yield { row, next: { row: number, offset: from.offset + end, columns } };
      }
    }
  } finally {
    input.destroy();
  }
  const { rest } = progress;
  if (columns !== undefined && rest !== undefined) {
    const row = { number: ++number, reason: OPEN_QUOTE, raw: clip(rest) };
    yield { row, next: { row: number, offset: from.offset + progress.read, columns } };
    progress.problem ??= new FileProblem(`row ${number}: ${OPEN_QUOTE}`);
  }
  if (progress.problem !== undefined) throw progress.problem;
  if (columns === undefined) throw new FileProblem(rest === undefined ? "the file is empty" : "the file has no header");
}

interface Progress {
  /** Bytes handed to the parser, and bytes up to the end of its last row. */
  read: number;
  parsed: number;
  /** Bytes up to the ends of the rows that are parsed and not yet taken. */
  ends: number[];
  /** What follows a quote that is never closed. */
  rest?: string;
  /** Why the input ended before its end. */
  problem?: FileProblem;
}

/**
 * Ends the input when the parser has found no end of a row for too long, or where it can't be read any further: as an
 * end, not as an error, so that the rows before it come through.
 */
async function* bounded(
  content: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of content) {
      yield piece;
      progress.read += piece.length;
      if (progress.read - progress.parsed > MAX_ROW_BYTES) return;
    }
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    progress.problem = error;
  }
}

function readRow(
  cells: readonly string[],
  raw: string,
  columns: Columns,
  number: number,
  schema: StreamSchema,
  deriveId: (number: number) => string,
): Row {
  const bad = (reason: string): BadRow => ({ number, reason, raw: clip(raw.trim()) });
  if (cells.length !== columns.count) return bad(`has ${cells.length} columns, the header ${columns.count}`);
  const faults: string[] = [];
  const values = columns.features.map((column, index) => {
    const text = (cells[column] ?? "").trim();
    if (parseNumber(text) === undefined) faults.push(`${schema.features[index]} is not a finite number`);
    return text;
  });
  const amount = columns.amount === undefined ? undefined : parseNumber(cells[columns.amount] ?? "");
  if (columns.amount !== undefined && amount === undefined && !columns.features.includes(columns.amount)) {
    faults.push(`${schema.amountColumn} is not a finite number`);
  }
  const id = columns.id === undefined ? deriveId(number) : (cells[columns.id] ?? "").trim();
  if (columns.id !== undefined && (id === "" || id.length > LIMITS.idCharacters)) {
    faults.push(`the id must have 1 to ${LIMITS.idCharacters} characters`);
  }
  return faults.length > 0 ? bad(faults.join("; ")) : { number, id, line: values.join(","), amount };
}

const clip = (raw: string): string => (raw.length <= MAX_RAW_CHARACTERS ? raw : `${raw.slice(0, MAX_RAW_CHARACTERS)}…`);
