import type { Chunk, ChunkPosition, FileEnd } from "./chunks";

export interface EachChunkOptions {
  /** The place from which the chunks come. */
  from: ChunkPosition;
  /** Chunks that are held in memory and worked on at once. */
  atOnce: number;
  /** Told of a place up to which everything is done. */
  checkpoint: (position: ChunkPosition) => Promise<void>;
  /** Whether to begin no further chunk; the first of all is begun nevertheless, so that each call gets somewhere. */
  stop: () => boolean;
}

/**
 * Works on a file's chunks, several at once, and keeps track of how far all is done.
 *
 * @returns how the file ended, or undefined where it was stopped before.
 * @throws the first error of any part, once nothing is under way any more.
 */
export async function eachChunk(
  chunks: AsyncGenerator<Chunk, FileEnd, undefined>,
  work: (chunk: Chunk) => Promise<void>,
  { from, atOnce, checkpoint, stop }: EachChunkOptions,
): Promise<FileEnd | undefined> {
  const running = new Set<Promise<void>>();
  const done = new Map<number, ChunkPosition | undefined>();
  let failure: { error: unknown } | undefined;
  let last = from.chunk;
  let saving = Promise.resolve();
  const finished = async ({ number, next }: Chunk): Promise<void> => {
    done.set(number, next);
    let position: ChunkPosition | undefined;
    for (; done.has(last + 1); done.delete(last)) position = done.get(++last);
    if (position === undefined) return;
    const reached = position;
    // One after the other: a later place must not be overwritten by an earlier one.
    saving = saving.then(() => checkpoint(reached));
    await saving;
  };
  let end: FileEnd | undefined;
  try {
    // Behind the last chunk there is but the end to be told of.
    for (let begun: Chunk | undefined; failure === undefined && !(begun?.next !== undefined && stop());) {
      const { value, done: ended } = await chunks.next();
      if (ended === true) {
        end = value;
        break;
      }
      begun = value;
      const run = work(value)
        .then(() => finished(value))
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(run));
      running.add(run);
      while (running.size >= atOnce) await Promise.race(running);
    }
  } catch (error) {
    failure ??= { error };
  }
  await Promise.all(running);
  if (end === undefined) await chunks.return({ chunks: 0, rows: 0 });
  if (failure !== undefined) throw failure.error;
  return end;
}
