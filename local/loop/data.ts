// The transactions of a run: a file of the user's, looked at before anything is started, or the generated stand-in.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { localDirectory, projectRoot, tools } from "../tools";
import { UserError } from "./errors";

export interface Dataset {
  source: "file" | "synthetic";
  /** Absolute path of the CSV or CSV.gz. */
  path: string;
  /** Where it goes below the raw prefix: keeps `.gz`, which says how it is packed. */
  keySuffix: ".csv" | ".csv.gz";
}

const GENERATOR = join(projectRoot, "local/data/generate.py");
/** Rows of the published data set, and so of its stand-in. */
export const SYNTHETIC_ROWS = 284_807;

/** Makes the seeded stand-in, or finds the one that the same generator made before. */
export async function syntheticDataset(rows = SYNTHETIC_ROWS, seed = 7): Promise<Dataset> {
  const directory = join(localDirectory, "data");
  const version = createHash("sha256").update(readFileSync(GENERATOR)).digest("hex").slice(0, 8);
  const name = `synthetic-${rows}-${seed}-${version}.csv`;
  const path = join(directory, name);
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    for (const old of readdirSync(directory)) {
      if (old.startsWith(`synthetic-${rows}-${seed}-`)) rmSync(join(directory, old));
    }
    const part = `${path}.${process.pid}.part`;
    await promisify(execFile)(tools().python, [
      GENERATOR,
      "--out",
      part,
      "--rows",
      String(rows),
      "--seed",
      String(seed),
    ]);
    renameSync(part, path);
  }
  return { source: "synthetic", path, keySuffix: ".csv" };
}

const HEADER = ["Time", ...Array.from({ length: 28 }, (_, i) => `V${i + 1}`), "Amount", "Class"];

/**
 * Looks at a file of the user's from end to end: that it can be read and unpacked, has the schema's header and rows.
 * The values are the schema guard's business, in the preprocessing job.
 *
 * @throws UserError naming the file, what is wrong with it and what to do.
 */
export async function fileDataset(file: string): Promise<Dataset> {
  const path = resolve(file);
  const wrong = (problem: string, remedy: string) => new UserError(`--data ${file}: ${problem} ${remedy}`);
  if (!existsSync(path))
    throw wrong(
      "there is no such file.",
      "Give the path of a CSV (plain or .gz) with the columns Time, V1 to V28, Amount, Class.",
    );
  if (!statSync(path).isFile()) throw wrong("is not a file.", "Give the path of a CSV, plain or .gz.");
  if (statSync(path).size === 0) throw wrong("is empty.", "Give a CSV with a header and rows.");
  const packed = isGzip(path);
  let head = "";
  let newlines = 0;
  const look = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (head.length < 65_536) head += chunk.toString("latin1");
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) newlines++;
      done();
    },
  });
  try {
    await (packed ? pipeline(createReadStream(path), createGunzip(), look) : pipeline(createReadStream(path), look));
  } catch (cause) {
    throw new UserError(
      `--data ${file}: cannot be read to its end (${(cause as Error).message}).${packed ? " The gzip file is damaged or cut short: fetch or pack it again." : ""}`,
      { cause },
    );
  }
  const header = (head.split(/\r?\n/, 1)[0] ?? "")
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .split(",")
    .map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
  const missing = HEADER.filter((name) => !header.includes(name));
  const extra = header.filter((name) => !HEADER.includes(name));
  if (missing.length || extra.length) {
    const parts = [
      missing.length ? `lacks ${list(missing)}` : "",
      extra.length ? `has ${list(extra)} that the schema does not know` : "",
    ];
    throw wrong(
      `the header ${parts.filter(Boolean).join(" and ")}.`,
      `The first line must be ${HEADER.slice(0, 3).join(",")},…,V28,Amount,Class.`,
    );
  }
  if (newlines < 2) throw wrong("holds a header and no rows.", "Give a file with transactions, some of them fraud.");
  return { source: "file", path, keySuffix: packed ? ".csv.gz" : ".csv" };
}

function isGzip(path: string): boolean {
  const magic = Buffer.alloc(2);
  const file = openSync(path, "r");
  try {
    readSync(file, magic, 0, 2, 0);
  } finally {
    closeSync(file);
  }
  return magic[0] === 0x1f && magic[1] === 0x8b;
}

const list = (names: string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
