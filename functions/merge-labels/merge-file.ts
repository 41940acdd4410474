import { FileProblem } from "../shared/content";
import { Quarantine } from "../shared/quarantine";
import type { SourceObject } from "../shared/source-object";
import { byHour, type EventLabel, type Manifest } from "./logic";
import { isBad, readRows, type LabelRow } from "./rows";

/** What merging a file needs of the world. */
export interface Ports {
  /** Inference ids of transactions, as far as they are known: one for each time that a transaction was scored. */
  find(transactionIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Merges labels into the file of their hour. */
  merge(hour: string, labels: readonly EventLabel[]): Promise<void>;
  /** Stores a part of the rows set aside; returns its key. */
  setAside(part: number, body: string): Promise<string>;
}

/** Labels that are held in memory before they are merged: an hour's file is read and written once for all of them. */
const LABELS_AT_ONCE = 100_000;

/**
 * Merges a file of labels. Every row ends as a label that is accepted, or as set aside with the reason. Doing it again
 * changes nothing.
 *
 * @throws whatever the ports throw; then nothing is said of the file, and it is to be done again.
 */
export async function mergeFile(
  ports: Ports,
  source: SourceObject,
  content: AsyncIterable<Uint8Array>,
): Promise<Manifest> {
  const quarantine = new Quarantine((part, body) => ports.setAside(part, body));
  const hours = new Set<string>();
  let reason: string | undefined;
  let rowsIn = 0;
  let accepted = 0;
  let waiting: LabelRow[] = [];
  const flush = async (): Promise<void> => {
    const before = quarantine.rows;
    const labels = await resolve(ports, waiting, quarantine);
    accepted += waiting.length - (quarantine.rows - before);
    waiting = [];
    for (const [hour, ofHour] of byHour(labels)) {
      await ports.merge(hour, ofHour);
      hours.add(hour);
    }
  };
  try {
    for await (const row of readRows(content, new Date(source.createdAt))) {
      rowsIn++;
      if (isBad(row)) await quarantine.add(row);
      else if (waiting.push(row) === LABELS_AT_ONCE) await flush();
    }
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    reason = error.message;
  }
  await flush();
  if (reason !== undefined) await quarantine.addFile(reason);
  await quarantine.flush();
  const { bucket, key, version, createdAt } = source;
  return {
    schemaVersion: 1,
    source: { bucket, key, version, createdAt },
    status: reason === undefined ? "complete" : "refused",
    ...(reason === undefined ? {} : { reason }),
    rowsIn,
    accepted,
    quarantined: quarantine.rows,
    hours: [...hours].sort(),
    quarantineKeys: quarantine.keys,
  };
}

/** The rows' labels by inference id; rows whose transaction nobody has scored are set aside. */
async function resolve(ports: Ports, rows: readonly LabelRow[], quarantine: Quarantine): Promise<EventLabel[]> {
  const wanted = new Set(rows.flatMap(({ transactionId }) => transactionId ?? []));
  const known = wanted.size === 0 ? new Map<string, string[]>() : await ports.find([...wanted]);
  const labels: EventLabel[] = [];
  for (const { number, raw, inferenceId, transactionId = "", label, labelledAt } of rows) {
    const eventIds = inferenceId === undefined ? (known.get(transactionId) ?? []) : [inferenceId];
    for (const eventId of eventIds) labels.push({ eventId, label, labelledAt });
    if (eventIds.length === 0)
      await quarantine.add({ number, raw, reason: `no prediction of transaction ${transactionId} is known` });
  }
  return labels;
}
