import type { SourceObject } from "../shared/source-object";

/** A row's id where the file has none of its own. */
export const derivedId = ({ key, version }: SourceObject, number: number): string => `${key}#${version}#${number}`;

/**
 * What became of a file. `rowsIn = scored + quarantined` and `scored = written`, always. The same file and model give
 * the same manifest.
 */
export interface Manifest {
  schemaVersion: 1;
  source: { bucket: string; key: string; version: string; createdAt: string };
  /** `complete`, or `refused`: read no further than `rowsIn`, for `reason`. */
  status: "complete" | "refused";
  reason?: string;
  rowsIn: number;
  scored: number;
  quarantined: number;
  written: number;
  /** Model packages that scored the file; more than one when the model changed meanwhile. */
  modelPackages: string[];
  quarantineKeys: string[];
}
