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
}

export type Row = GoodRow | BadRow;

export const isBad = (row: Row): row is BadRow => "reason" in row;

/** Longest row that is looked for, in bytes: a quote that is never closed must not take the rest into memory. */
const MAX_ROW_BYTES = 4_000_000;
const MAX_RAW_CHARACTERS = 4_000;

/**
 * Reads the rows of a CSV file (header, quotes, line ends of any kind, byte order mark). Memory is flat however long
 * the file.
 *
 * @param deriveId gives a row's id where the file has no column for it.
 * @throws FileProblem when the header is not what the schema wants, or a quote is never closed, or the source
 * throws one; the rows before come first.
 */
export async function* readRows(
  source: AsyncIterable<Uint8Array>,
  schema: StreamSchema,
  deriveId: (number: number) => string,
): AsyncGenerator<Row, void, undefined> {
  const progress: Progress = { read: 0, parsed: 0 };
  const parser = parse({
    bom: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_record: (record: string[], { bytes }) => {
      progress.parsed = bytes;
      return record;
    },
    // With relaxed quotes and columns one error is left: the file ends inside of quotes.
    on_skip: (_error, raw) => {
      progress.rest = raw ?? "";
      return undefined;
    },
  });
  const input = Readable.from(bounded(source, progress), { highWaterMark: 1 });
  input.once("error", (error) => parser.destroy(error));
  const records = input.pipe(parser) as AsyncIterable<{ record: string[]; raw: string }>;
  let columns: Columns | undefined;
  let number = 0;
  const ids = new Set<string>();
  try {
    for await (const { record, raw } of records) {
      if (columns === undefined) {
        const header = readHeader(record, schema);
        if ("reason" in header) throw new FileProblem(header.reason);
        columns = header;
      } else yield readRow(record, raw, columns, ++number, deriveId, ids);
    }
  } finally {
    input.destroy();
  }
  const { rest } = progress;
  if (columns !== undefined && rest !== undefined) {
    const reason = "a quote is never closed: nothing from this row on was read";
    yield { number: ++number, reason, raw: clip(rest) };
    progress.problem ??= new FileProblem(`row ${number}: ${reason}`);
  }
  if (progress.problem !== undefined) throw progress.problem;
  if (columns === undefined) throw new FileProblem(rest === undefined ? "the file is empty" : "the file has no header");
}

interface Progress {
  /** Bytes handed to the parser, and bytes up to the end of its last row. */
  read: number;
  parsed: number;
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
  source: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of source) {
      yield chunk;
      progress.read += chunk.length;
      if (progress.read - progress.parsed > MAX_ROW_BYTES) return;
    }
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    progress.problem = error;
  }
}

function readRow(
  record: readonly string[],
  raw: string,
  columns: Columns,
  number: number,
  deriveId: (number: number) => string,
  ids: Set<string>,
): Row {
  const bad = (reason: string): BadRow => ({ number, reason, raw: clip(raw.trim()) });
  if (record.length !== columns.count) return bad(`has ${record.length} columns, the header ${columns.count}`);
  const faults: string[] = [];
  let line = "";
  for (const { name, index } of columns.features) {
    const text = record[index] ?? "";
    if (parseNumber(text) === undefined) faults.push(`${name} is not a finite number`);
    line += line === "" ? text.trim() : `,${text.trim()}`;
  }
  if (columns.id === undefined)
    return faults.length > 0 ? bad(faults.join("; ")) : { number, id: deriveId(number), line };
  const id = (record[columns.id] ?? "").trim();
  if (id === "" || id.length > LIMITS.idCharacters)
    faults.push(`the id must have 1 to ${LIMITS.idCharacters} characters`);
  else if (ids.has(id)) faults.push("the id stands in an earlier row of this file");
  if (faults.length > 0) return bad(faults.join("; "));
  ids.add(id);
  return { number, id, line };
}

const clip = (raw: string): string => (raw.length <= MAX_RAW_CHARACTERS ? raw : `${raw.slice(0, MAX_RAW_CHARACTERS)}…`);
