import { FileProblem } from "../shared/content";
import { Quarantine } from "../shared/quarantine";
import type { NamedAnswer } from "../shared/scoring";
import type { SourceObject } from "../shared/source-object";
import { derivedId, type Manifest } from "./logic";
import { isBad, readRows, type GoodRow } from "./rows";
import type { StreamSchema } from "./schemas";

/** What scoring a file needs of the world. */
export interface Ports {
  /** A probability for each line. */
  score(lines: readonly string[]): Promise<NamedAnswer>;
  /** Stores predictions; returns how many. */
  write(rows: readonly GoodRow[], answer: NamedAnswer): Promise<number>;
  /** Stores a part of the rows set aside; returns its key. */
  setAside(part: number, body: string): Promise<string>;
}

/** Batches that are being scored or written at once. */
const BATCHES_AT_ONCE = 4;

/**
 * Scores a file in batches, several in flight. Every row ends as scored and written, or as set aside. Doing it again
 * writes the same.
 *
 * @throws whatever the ports throw; then nothing is said of the file, and it is to be done again.
 */
export async function scoreFile(
  ports: Ports,
  source: SourceObject,
  content: AsyncIterable<Uint8Array>,
  schema: StreamSchema,
  batchRows: number,
): Promise<Manifest> {
  const quarantine = new Quarantine((part, body) => ports.setAside(part, body));
  const batches = new Batches(ports);
  let reason: string | undefined;
  let rowsIn = 0;
  let batch: GoodRow[] = [];
  try {
    for await (const row of readRows(content, schema, (number) => derivedId(source, number))) {
      rowsIn++;
      if (isBad(row)) await quarantine.add(row);
      else if (batch.push(row) === batchRows) {
        await batches.add(batch);
        batch = [];
      }
    }
  } catch (error) {
    if (!(error instanceof FileProblem)) {
      await batches.abandon();
      throw error;
    }
    reason = error.message;
  }
  if (batch.length > 0) await batches.add(batch);
  await batches.end();
  if (reason !== undefined) await quarantine.addFile(reason);
  await quarantine.flush();
  const { bucket, key, version, createdAt } = source;
  return {
    schemaVersion: 1,
    source: { bucket, key, version, createdAt },
    status: reason === undefined ? "complete" : "refused",
    ...(reason === undefined ? {} : { reason }),
    rowsIn,
    scored: batches.scored,
    quarantined: quarantine.rows,
    written: batches.written,
    modelPackages: [...batches.modelPackages].sort(),
    quarantineKeys: quarantine.keys,
  };
}

/** Batches in flight, a few at once. The first that fails ends it all. */
class Batches {
  scored = 0;
  written = 0;
  readonly modelPackages = new Set<string>();
  private readonly running = new Set<Promise<void>>();
  private failure: { error: unknown } | undefined;

  constructor(private readonly ports: Ports) {}

  /** Starts a batch, once there is room. @throws the error of an earlier one. */
  async add(rows: readonly GoodRow[]): Promise<void> {
    while (this.running.size >= BATCHES_AT_ONCE) await Promise.race(this.running);
    this.rethrow();
    const run: Promise<void> = this.process(rows)
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  /** Waits for all. @throws the first error. */
  async end(): Promise<void> {
    await Promise.all(this.running);
    this.rethrow();
  }

  /** Waits for all, whatever becomes of them. */
  async abandon(): Promise<void> {
    await Promise.all(this.running);
  }

  private rethrow(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  private async process(rows: readonly GoodRow[]): Promise<void> {
    const answer = await this.ports.score(rows.map(({ line }) => line));
    this.scored += rows.length;
    this.modelPackages.add(answer.model.packageArn);
    // Not `+= await`: that would add to what was there before the wait.
    const written = await this.ports.write(rows, answer);
    this.written += written;
  }
}
