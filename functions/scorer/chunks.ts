import * as t from "io-ts";
import { FileProblem } from "../shared/content";
import type { BadRow } from "../shared/quarantine";
import { isBad, readRows, type GoodRow, type ReadOptions, type RowPosition } from "./rows";
import { Columns } from "./schemas";

/** A place between two chunks of a file. */
export const ChunkPosition = t.intersection(
  [
    t.type({
      /** Chunks, rows, and bytes of the unpacked content before it. */
      chunk: t.number,
      row: t.number,
      offset: t.number,
    }),
    t.partial({ columns: Columns }),
  ],
  "ChunkPosition",
);
export type ChunkPosition = t.TypeOf<typeof ChunkPosition>;

export const FILE_START: ChunkPosition = { chunk: 0, row: 0, offset: 0 };

/** Consecutive rows of a file: what is claimed, scored and accounted for as one. */
export interface Chunk {
  /** From 1. */
  number: number;
  rows: number;
  good: GoodRow[];
  bad: BadRow[];
  /** The place behind it; undefined of the last one. */
  next?: ChunkPosition;
}

/** How the reading of a file ended. */
export interface FileEnd {
  chunks: number;
  rows: number;
  /** Why it could not be read any further. */
  problem?: string;
}

/** A chunk also ends when its rows have grown to this, in characters, so that memory stays flat. */
const CHUNK_CHARACTERS = 12_000_000;

export interface ChunkOptions extends Omit<ReadOptions, "from"> {
  from: ChunkPosition;
  /** Rows in a chunk, at most. */
  chunkRows: number;
}

/**
 * Cuts a file into chunks, from any place between two of them on: always into the same ones.
 *
 * @param content the file's bytes from that place on
 * @returns how the file ended, once all chunks were taken
 */
export async function* readChunks(
  content: AsyncIterable<Uint8Array>,
  { from, chunkRows, ...options }: ChunkOptions,
): AsyncGenerator<Chunk, FileEnd, undefined> {
  let chunk: Chunk = { number: from.chunk + 1, rows: 0, good: [], bad: [] };
  let characters = 0;
  let end: RowPosition = from;
  let problem: string | undefined;
  try {
    for await (const { row, next } of readRows(content, { ...options, from })) {
      // Only now is it known that this chunk is not the last one, which has to be read again to see how the file ends.
      if (chunk.rows === chunkRows || characters >= CHUNK_CHARACTERS) {
        yield { ...chunk, next: { ...end, chunk: chunk.number } };
        chunk = { number: chunk.number + 1, rows: 0, good: [], bad: [] };
        characters = 0;
      }
      chunk.rows++;
      if (isBad(row)) chunk.bad.push(row);
      else chunk.good.push(row);
      characters += isBad(row) ? row.raw.length + row.reason.length : row.line.length + row.id.length;
      end = next;
    }
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    problem = error.message;
  }
  if (chunk.rows > 0) yield chunk;
  const chunks = chunk.rows > 0 ? chunk.number : chunk.number - 1;
  return { chunks, rows: end.row, ...(problem === undefined ? {} : { problem }) };
}
