import { DatabaseSync, type StatementSync } from "node:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Sample } from "./statistics";

/** Which metric: name and namespace, and its dimensions. With other dimensions it is another metric. */
export interface MetricId {
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
}

/** A metric that has data. */
export interface KnownMetric extends MetricId {
  /** When its data came last, epoch seconds. */
  lastPutAt: number;
}

/** A sample to store. */
export interface Put {
  metric: MetricId;
  unit: string;
  sample: Sample;
}

/** CloudWatch keeps data of a minute's resolution for 15 days, seconds; coarser data is not kept here. */
const RETENTION_SECONDS = 15 * 24 * 3600;

/** All data of all metrics, in a SQLite file that survives a restart. */
export class MetricStore {
  private readonly database: DatabaseSync;
  private readonly statements: Record<"find" | "add" | "touch" | "put" | "range" | "all", StatementSync>;

  /** @param path of the database file; `:memory:` keeps nothing */
  constructor(path: string, now: number) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    this.database = new DatabaseSync(path);
    this.database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
       CREATE TABLE IF NOT EXISTS metrics (
         id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, dimensions TEXT NOT NULL,
         last_put_at REAL NOT NULL, UNIQUE (namespace, name, dimensions));
       CREATE TABLE IF NOT EXISTS samples (
         metric INTEGER NOT NULL REFERENCES metrics (id), at REAL NOT NULL, unit TEXT NOT NULL, count REAL NOT NULL,
         sum REAL NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL, value REAL);
       CREATE INDEX IF NOT EXISTS samples_by_time ON samples (metric, at);`,
    );
    this.database.prepare("DELETE FROM samples WHERE at < ?").run(now - RETENTION_SECONDS);
    this.statements = {
      find: this.database.prepare("SELECT id FROM metrics WHERE namespace = ? AND name = ? AND dimensions = ?"),
      add: this.database.prepare(
        "INSERT INTO metrics (namespace, name, dimensions, last_put_at) VALUES (?, ?, ?, ?) RETURNING id",
      ),
      touch: this.database.prepare("UPDATE metrics SET last_put_at = max(last_put_at, ?) WHERE id = ?"),
      put: this.database.prepare("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
      range: this.database.prepare(
        `SELECT at, unit, count, sum, minimum, maximum, value FROM samples
         WHERE metric = ? AND at >= ? AND at < ? ORDER BY at`,
      ),
      all: this.database.prepare(
        "SELECT namespace, name, dimensions, last_put_at FROM metrics ORDER BY namespace, name, dimensions",
      ),
    };
  }

  /** Stores all, or (when it throws) nothing. */
  put(puts: readonly Put[]): void {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      for (const { metric, unit, sample } of puts) {
        const { at, count, sum, minimum, maximum, value = null } = sample;
        this.statements.put.run(this.idOf(metric, at), at, unit, count, sum, minimum, maximum, value);
      }
      this.database.exec("COMMIT");
    } catch (error) {
      this.database.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Samples of one metric from `start` up to, not including, `end` (epoch seconds), oldest first.
   *
   * @param unit only samples of this unit; of any when undefined
   */
  samples(metric: MetricId, start: number, end: number, unit?: string): (Sample & { unit: string })[] {
    const row = this.statements.find.get(metric.namespace, metric.name, dimensionsKey(metric)) as
      { id: number } | undefined;
    if (!row) return [];
    const found = this.statements.range.all(row.id, start, end) as unknown as (Sample & {
      unit: string;
      value: number | null;
    })[];
    return found
      .filter((sample) => unit === undefined || sample.unit === unit)
      .map(({ value, ...sample }) => (value === null ? sample : { ...sample, value }));
  }

  /** Every metric that ever had data, in the order of their names. */
  metrics(): KnownMetric[] {
    const rows = this.statements.all.all() as unknown as {
      namespace: string;
      name: string;
      dimensions: string;
      last_put_at: number;
    }[];
    return rows.map(({ namespace, name, dimensions, last_put_at }) => ({
      namespace,
      name,
      dimensions: JSON.parse(dimensions) as Record<string, string>,
      lastPutAt: last_put_at,
    }));
  }

  close(): void {
    this.database.close();
  }

  private idOf(metric: MetricId, at: number): number {
    const key = dimensionsKey(metric);
    const found = this.statements.find.get(metric.namespace, metric.name, key) as { id: number } | undefined;
    if (!found) return (this.statements.add.get(metric.namespace, metric.name, key, at) as { id: number }).id;
    this.statements.touch.run(at, found.id);
    return found.id;
  }
}

/** Equal for equal dimensions, in whatever order they were given. */
export function dimensionsKey({ dimensions }: Pick<MetricId, "dimensions">): string {
  return JSON.stringify(Object.fromEntries(Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))));
}
