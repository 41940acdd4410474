import * as t from "io-ts";

/** What the pipeline's Lambda step sends. */
export const FindChampionEvent = t.type(
  {
    executionId: t.string,
    /** Folder of the execution, `s3://bucket/key` without a slash at its end, for what is found. */
    championUri: t.string,
  },
  "FindChampionEvent",
);
export type FindChampionEvent = t.TypeOf<typeof FindChampionEvent>;

/**
 * `champion.json`, for the evaluate job: the champion whose `model.tar.gz` lies beside it, or why there is none
 * (`detail`, a sentence): `none` if there is no champion, `unavailable` if there is one and its model cannot be had.
 */
export type ChampionDocument =
  | { status: "found"; packageArn: string; mlflowVersion: string; modelUri: string }
  | { status: "none"; detail: string; packageArn?: string; mlflowVersion?: string }
  | { status: "unavailable"; detail: string; packageArn?: string; mlflowVersion: string };

/** The step's outputs. */
export interface FoundChampion {
  status: ChampionDocument["status"];
  /** Where `champion.json` is. */
  championUri: string;
}
