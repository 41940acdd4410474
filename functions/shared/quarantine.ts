/** A row that is set aside. Rows are numbered from 1, the header not counted. */
export interface BadRow {
  number: number;
  reason: string;
  /** The row as it stands in the file, its beginning at least. */
  raw: string;
}

/** A part is written when it has grown to this, in characters, so that memory stays flat. */
const PART_CHARACTERS = 4_000_000;

/**
 * Rows set aside, as JSON Lines `{"row","reason","raw"}` (row 0: the file itself), in parts numbered from 1. The same
 * rows give the same parts.
 */
export class Quarantine {
  private lines: string[] = [];
  private characters = 0;
  private part = 0;
  /** Rows set aside so far. */
  rows = 0;
  /** Keys of the parts written. */
  readonly keys: string[] = [];

  constructor(private readonly write: (part: number, body: string) => Promise<string>) {}

  async add({ number, reason, raw }: BadRow): Promise<void> {
    this.rows++;
    await this.push({ row: number, reason, raw });
  }

  /** Notes that the file was refused, for which no row stands. */
  async addFile(reason: string): Promise<void> {
    await this.push({ row: 0, reason, raw: "" });
  }

  async flush(): Promise<void> {
    if (this.lines.length === 0) return;
    const body = this.lines.join("");
    this.lines = [];
    this.characters = 0;
    this.keys.push(await this.write(++this.part, body));
  }

  private async push(entry: { row: number; reason: string; raw: string }): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    this.lines.push(line);
    this.characters += line.length;
    if (this.characters >= PART_CHARACTERS) await this.flush();
  }
}
