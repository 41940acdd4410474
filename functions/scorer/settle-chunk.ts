import type { SourceObject } from "../shared/source-object";
import type { Chunk } from "./chunks";
import type { ChunkAccount } from "./claims";
import { REJECTED, type ChunkScores } from "./micro-batches";
import { predictionsOf, type Prediction } from "./predictions";

/** A chunk's predictions for good, and the object that holds them. */
export interface Committed {
  predictions: readonly Prediction[];
  key: string;
}

/** What settling a chunk needs of the world. */
export interface ChunkPorts {
  /** Scores of the rows that can be read. */
  score(chunk: Chunk): Promise<ChunkScores>;
  /** Predictions that stand already, where some may. */
  committed(chunk: number): Promise<Committed | undefined>;
  /** Makes predictions the chunk's for good, unless others are. @returns those that are. */
  commit(chunk: number, predictions: readonly Prediction[]): Promise<Committed>;
  /** Puts predictions into the table; the same ones again change nothing. */
  write(predictions: readonly Prediction[]): Promise<void>;
  /** Puts rows into quarantine; returns the key. */
  setAside(chunk: number, rows: Chunk["bad"]): Promise<string>;
  account(chunk: number, account: ChunkAccount): Promise<void>;
}

/**
 * Brings a chunk to its end: each row is in the predictions object and the table, or in quarantine. Doing it again, by
 * whomever and at the same time, comes to the same: what was committed first holds.
 */
export async function settleChunk(ports: ChunkPorts, source: SourceObject, chunk: Chunk): Promise<void> {
  const { bad, good, number, rows } = chunk;
  let predictions: readonly Prediction[] = [];
  let predictionKey: string | undefined;
  const reasons = new Map(bad.map((row) => [row.number, row]));
  if (good.length > 0) {
    const standing = await ports.committed(number);
    const committed = standing ?? (await ports.commit(number, await scored(ports, source, chunk, reasons)));
    ({ predictions, key: predictionKey } = committed);
    await ports.write(predictions);
  }
  const numbers = new Set(predictions.map((prediction) => prediction.row_number));
  const unscored = good
    .filter((row) => !numbers.has(row.number))
    .map((row) => reasons.get(row.number) ?? { number: row.number, reason: REJECTED, raw: row.line });
  const aside = [...bad, ...unscored].sort((one, other) => one.number - other.number);
  const quarantineKey = aside.length === 0 ? undefined : await ports.setAside(number, aside);
  if (predictions.length + aside.length !== rows) {
    throw new Error(
      `chunk ${number} of ${source.key} has ${rows} rows; ${predictions.length} predictions and ${aside.length} others`,
    );
  }
  await ports.account(number, {
    rows,
    scored: predictions.length,
    quarantined: aside.length,
    modelPackages: [...new Set(predictions.map((prediction) => prediction.model_package))].sort(),
    ...(predictionKey === undefined ? {} : { predictionKey }),
    ...(quarantineKey === undefined ? {} : { quarantineKey }),
  });
}

/** The chunk's predictions in the order of its rows; why the model rejects others goes to `reasons`. */
async function scored(
  ports: ChunkPorts,
  source: SourceObject,
  chunk: Chunk,
  reasons: Map<number, Chunk["bad"][number]>,
): Promise<Prediction[]> {
  const { batches, rejected } = await ports.score(chunk);
  for (const row of rejected) reasons.set(row.number, row);
  const scoredAt = new Date();
  return batches
    .flatMap((batch) => predictionsOf(batch, source, scoredAt))
    .sort((one, other) => one.row_number - other.row_number);
}
