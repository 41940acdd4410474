import { setTimeout as delay } from "node:timers/promises";
import type { BadRow } from "../shared/quarantine";
import { ScoringError, type NamedAnswer } from "../shared/scoring";
import type { GoodRow } from "./rows";
import type { Slots } from "../shared/slots";

/** Rows of one request, and the answer to it. */
export interface ScoredBatch {
  rows: readonly GoodRow[];
  answer: NamedAnswer;
}

/** What became of rows: each is in a batch that was scored, or rejected. */
export interface ChunkScores {
  batches: ScoredBatch[];
  rejected: BadRow[];
}

export interface ScoringOptions {
  /** One request to the endpoint. */
  ask: (lines: readonly string[]) => Promise<NamedAnswer>;
  /** Rows in a request, at most. */
  batchRows: number;
  /** Bounds the requests that are under way. */
  slots: Slots;
  /** For how long a busy endpoint is asked again, in milliseconds. */
  patienceMilliseconds: number;
}

/** SageMaker takes 6 MB in a request. */
const REQUEST_CHARACTERS = 5_000_000;
/** Requests, at most, in search of the rows of a batch that the model rejects. */
const REJECTION_REQUESTS = 64;
const LONGEST_PAUSE_MILLISECONDS = 10_000;

/**
 * Scores rows in few requests, several at once. A busy endpoint is asked again after pauses that grow, at random; rows
 * that the model rejects are found by halving the batch that holds them.
 *
 * @throws ScoringError when the endpoint gives no scores, or rejects more rows than can be searched for: then it is the
 * model, not the rows.
 */
export async function scoreRows(rows: readonly GoodRow[], options: ScoringOptions): Promise<ChunkScores> {
  const results = await allOrFirstError(
    requestsOf(rows, options.batchRows).map((batch) => scoreBatch(batch, options, { left: REJECTION_REQUESTS })),
  );
  return {
    batches: results.flatMap(({ batches }) => batches),
    rejected: results.flatMap(({ rejected }) => rejected),
  };
}

/** Rows cut into requests of as many as `batchRows` and the endpoint's limit allow. */
export function requestsOf(rows: readonly GoodRow[], batchRows: number): GoodRow[][] {
  const requests: GoodRow[][] = [];
  let characters = Infinity;
  for (const row of rows) {
    const open = requests.at(-1);
    characters += row.line.length + 1;
    if (open !== undefined && open.length < batchRows && characters <= REQUEST_CHARACTERS) open.push(row);
    else {
      requests.push([row]);
      characters = row.line.length + 1;
    }
  }
  return requests;
}

async function scoreBatch(
  rows: readonly GoodRow[],
  options: ScoringOptions,
  budget: { left: number },
): Promise<ChunkScores> {
  try {
    const answer = await options.slots.run(() => askPatiently(rows, options));
    return { batches: [{ rows, answer }], rejected: [] };
  } catch (error) {
    if (!(error instanceof ScoringError && error.failure === "rejected")) throw error;
    budget.left -= 2;
    if (budget.left < 0) throw error;
    const [row] = rows;
    if (row !== undefined && rows.length === 1) {
      return { batches: [], rejected: [{ number: row.number, reason: rejection(error), raw: row.line }] };
    }
    const middle = Math.ceil(rows.length / 2);
    // One after the other, so that a model which rejects everything is soon known to.
    const first = await scoreBatch(rows.slice(0, middle), options, budget);
    const second = await scoreBatch(rows.slice(middle), options, budget);
    return {
      batches: [...first.batches, ...second.batches],
      rejected: [...first.rejected, ...second.rejected],
    };
  }
}

const rejection = (error: Error): string => `${REJECTED}: ${error.message.slice(0, 500)}`;

/** Why a row is in quarantine that could be read. */
export const REJECTED = "the model rejects the row";

async function askPatiently(
  rows: readonly GoodRow[],
  { ask, patienceMilliseconds }: ScoringOptions,
): Promise<NamedAnswer> {
  const lines = rows.map(({ line }) => line);
  const started = performance.now();
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(lines);
    } catch (error) {
      if (!(error instanceof ScoringError && error.failure === "busy")) throw error;
      const pause = Math.random() * Math.min(LONGEST_PAUSE_MILLISECONDS, 200 * 2 ** attempt);
      if (performance.now() + pause - started > patienceMilliseconds) throw error;
      await delay(pause);
    }
  }
}

/** Waits for all, whatever becomes of them. @throws the first error. */
async function allOrFirstError<A>(promises: readonly Promise<A>[]): Promise<A[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
