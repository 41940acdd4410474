import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** A JSON document and the moment at which it was stored first. */
interface Row {
  name: string;
  document: string;
}

/**
 * The state of the service: JSON documents by kind and name, in one SQLite file that survives a restart. Every
 * operation is synchronous, so code between two awaits sees and leaves a consistent state.
 */
export class Store {
  private readonly database: DatabaseSync;
  private inTransaction = false;

  /** @param path of the database file; `:memory:` keeps nothing */
  constructor(path: string) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    this.database = new DatabaseSync(path);
    this.database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    this.database.exec(
      `CREATE TABLE IF NOT EXISTS documents (
         sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
         UNIQUE (kind, name))`,
    );
  }

  /** The documents of one kind. Their names are unique. */
  collection<T extends object>(kind: string): Collection<T> {
    return new Collection<T>(this.database, kind);
  }

  /**
   * Runs `change` as one: either all of its writes are kept, or (when it throws) none, whatever happens to this process
   * meanwhile. Within another transaction it is a part of that one.
   *
   * @param change synchronous; what it throws must reach the outermost transaction
   */
  transaction<R>(change: () => R): R {
    if (this.inTransaction) return change();
    this.database.exec("BEGIN IMMEDIATE");
    this.inTransaction = true;
    try {
      const result = change();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      this.database.exec("ROLLBACK");
      throw error;
    } finally {
      this.inTransaction = false;
    }
  }

  close(): void {
    this.database.close();
  }
}

/** Documents of one kind, in the order of their creation. */
export class Collection<T extends object> {
  private readonly statements: Record<"get" | "insert" | "replace" | "remove" | "all", StatementSync>;

  constructor(
    database: DatabaseSync,
    private readonly kind: string,
  ) {
    this.statements = {
      get: database.prepare("SELECT name, document FROM documents WHERE kind = ? AND name = ?"),
      insert: database.prepare("INSERT OR IGNORE INTO documents (kind, name, document) VALUES (?, ?, ?)"),
      replace: database.prepare("UPDATE documents SET document = ? WHERE kind = ? AND name = ?"),
      remove: database.prepare("DELETE FROM documents WHERE kind = ? AND name = ?"),
      all: database.prepare("SELECT name, document FROM documents WHERE kind = ? ORDER BY sequence"),
    };
  }

  get(name: string): T | undefined {
    const row = this.statements.get.get(this.kind, name) as Row | undefined;
    return row && (JSON.parse(row.document) as T);
  }

  /** @returns false, changing nothing, when the name is taken */
  insert(name: string, document: T): boolean {
    return this.statements.insert.run(this.kind, name, JSON.stringify(document)).changes === 1;
  }

  /**
   * Changes a document in place.
   *
   * @param change gets the current document and may change it, or return another one
   * @returns the document as it is now, undefined when there is none of that name
   */
  update(name: string, change: (document: T) => T | void): T | undefined {
    const current = this.get(name);
    if (!current) return undefined;
    const next = change(current) ?? current;
    this.statements.replace.run(JSON.stringify(next), this.kind, name);
    return next;
  }

  /** @returns false when there was none */
  remove(name: string): boolean {
    return this.statements.remove.run(this.kind, name).changes === 1;
  }

  all(): T[] {
    return this.entries().map(([, document]) => document);
  }

  /** Names and documents. */
  entries(): [string, T][] {
    const rows = this.statements.all.all(this.kind) as unknown as Row[];
    return rows.map(({ name, document }) => [name, JSON.parse(document) as T]);
  }
}
