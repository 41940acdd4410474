import type { SourceObject } from "../shared/source-object";
import type { FileEnd } from "./chunks";
import type { ChunkAccount, Progress } from "./claims";

/** A row's id where the file has none of its own. */
export const derivedId = ({ key, version }: SourceObject, number: number): string => `${key}#${version}#${number}`;

/** What became of a file. `rowsIn = scored + quarantined` and `scored = written`, always. */
export interface Manifest {
  schemaVersion: 2;
  source: { bucket: string; key: string; version: string; createdAt: string };
  /** `complete`, or `refused`: read no further than `rowsIn`, for `reason`. */
  status: "complete" | "refused";
  reason?: string;
  /** What scored it. */
  engine: Progress["engine"];
  chunks: number;
  rowsIn: number;
  scored: number;
  quarantined: number;
  /** Rows in the table. */
  written: number;
  /** Model packages that scored the file; more than one when the model changed meanwhile. */
  modelPackages: string[];
  predictionKeys: string[];
  quarantineKeys: string[];
}

/**
 * A file's manifest, put together from what is known of its chunks.
 *
 * @param fileKey of the object that says why the file was refused
 * @throws Error where the accounts are not of just the rows that were read: then nothing may be said of the file.
 */
export function manifestOf(
  { bucket, key, version, createdAt }: SourceObject,
  engine: Progress["engine"],
  end: FileEnd,
  accounts: readonly ChunkAccount[],
  fileKey?: string,
): Manifest {
  const sum = (of: "rows" | "scored" | "quarantined"): number =>
    accounts.reduce((total, account) => total + account[of], 0);
  const [rowsIn, scored, quarantined] = [sum("rows"), sum("scored"), sum("quarantined")];
  if (accounts.length !== end.chunks || rowsIn !== end.rows || rowsIn !== scored + quarantined) {
    throw new Error(
      `${key} has ${end.rows} rows in ${end.chunks} chunks; the accounts of ${accounts.length} chunks are of ` +
        `${rowsIn}, ${scored} of them scored and ${quarantined} set aside`,
    );
  }
  const keys = (of: "predictionKey" | "quarantineKey"): string[] => accounts.flatMap((account) => account[of] ?? []);
  return {
    schemaVersion: 2,
    source: { bucket, key, version, createdAt },
    status: end.problem === undefined ? "complete" : "refused",
    ...(end.problem === undefined ? {} : { reason: end.problem }),
    engine,
    chunks: end.chunks,
    rowsIn,
    scored,
    quarantined,
    written: scored,
    modelPackages: [...new Set(accounts.flatMap((account) => account.modelPackages))].sort(),
    predictionKeys: keys("predictionKey"),
    quarantineKeys: [...keys("quarantineKey"), ...(fileKey === undefined ? [] : [fileKey])],
  };
}
