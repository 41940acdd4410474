import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import { readContent } from "../shared/content";
import { log } from "../shared/log";
import { type NamedAnswer } from "../shared/scoring";
import { manifestKey, type SourceObject } from "../shared/source-object";
import { TRANSFORM_ATTEMPTS, type BatchTransform } from "./batch-transform";
import { FILE_START, readChunks, type Chunk, type FileEnd } from "./chunks";
import type { Claim, Progress } from "./claims";
import { eachChunk } from "./each-chunk";
import { derivedId, manifestOf, type Manifest } from "./logic";
import { scoreRows } from "./micro-batches";
import { predictionKey, quarantineKey, quarantineLines, type Prefixes, type ScorerObjects } from "./objects";
import { itemOf } from "./predictions";
import type { StreamSchema } from "./schemas";
import { settleChunk, type ChunkPorts } from "./settle-chunk";
import { Slots } from "../shared/slots";
import { writeItems } from "./table";

export interface WorkSettings {
  schema: StreamSchema;
  prefixes: Prefixes & { manifests: string };
  predictionsTableName: string;
  chunkRows: number;
  batchRows: number;
  /** Requests to the endpoint that are under way at once. */
  endpointConcurrency: number;
  /** Files from this length on, in bytes as they are stored, go to Batch Transform. */
  batchTransformBytes: number;
}

export interface World {
  s3: S3Client;
  dynamodb: DynamoDBClient;
  objects: ScorerObjects;
  transform: BatchTransform;
  /** One request to the endpoint. */
  ask: (lines: readonly string[]) => Promise<NamedAnswer>;
}

/**
 * What came of working on a file:
 * - a manifest: it is done now;
 * - `done`: it was, so long ago that the table forgot;
 * - `stopped`: time was short, and it goes on from where it is;
 * - `waiting`: for a job that says when it is done.
 */
export type Outcome = Manifest | "done" | "stopped" | "waiting";

/** Chunks in memory at once: while one is written the next is scored, and a third is read. */
const CHUNKS_AT_ONCE = 3;
/** Calls of DynamoDB that are under way at once. */
const WRITES_AT_ONCE = 16;
/** How long a busy endpoint is asked again before the file goes back to the queue. */
const PATIENCE_MILLISECONDS = 40_000;

/**
 * Works on a file that was claimed, from where it is.
 *
 * @param stop whether time is short
 * @throws LeaseLostError when another invocation has it by now, and whatever the world throws: then the file is where the
 * last checkpoint says.
 */
export async function workOn(
  world: World,
  settings: WorkSettings,
  named: SourceObject,
  claim: Claim,
  stop: () => boolean,
): Promise<Outcome> {
  if (claim.progress === undefined && (await isDone(world, settings, named))) {
    await claim.complete("complete");
    return "done";
  }
  let progress = claim.progress ?? (await begin(world, settings, named, claim));
  const source = { ...named, createdAt: progress.createdAt };
  const save = async (change: Partial<Progress>): Promise<void> => {
    progress = { ...progress, ...change };
    await claim.save(progress);
  };
  const walk = (work: (chunk: Chunk) => Promise<void>): Promise<FileEnd | undefined> => {
    const { schema, chunkRows, next: from } = progress;
    const content = readContent(world.s3, source, from.offset);
    const deriveId = (number: number): string => derivedId(source, number);
    return eachChunk(readChunks(content, { schema, chunkRows, from, deriveId }), work, {
      from,
      atOnce: CHUNKS_AT_ONCE,
      checkpoint: (next) => save({ next }),
      stop,
    });
  };

  if (progress.phase === "preparing") {
    const end = await walk(async (chunk) => {
      if (await world.transform.prepare(chunk)) progress = { ...progress, hasInput: true };
    });
    if (end === undefined) return "stopped";
    // Without a row that can be read there is nothing for a job to do.
    await save({ phase: progress.hasInput === true ? "transforming" : "scoring", next: FILE_START });
  }
  if (progress.phase === "transforming") {
    const run = progress.transform ?? (await world.transform.plan(1));
    if (progress.transform === undefined) await save({ transform: run });
    const job = await world.transform.follow(run);
    if (job.state === "running") return "waiting";
    if (job.state === "completed") await save({ phase: "scoring" });
    if (job.state === "failed") {
      log.warn("transform job failed", { key: source.key, job: run.jobName, reason: job.reason });
      if (run.attempt < TRANSFORM_ATTEMPTS) {
        await save({ transform: await world.transform.plan(run.attempt + 1) });
        return "stopped";
      }
      await save({ phase: "scoring", engine: "endpoint" });
    }
  }
  const ports = chunkPorts(world, settings, source, claim, progress);
  const end = await walk((chunk) => settleChunk(ports, source, chunk));
  return end === undefined ? "stopped" : finish(world, settings, source, claim, progress.engine, end);
}

const isDone = async ({ objects }: World, { prefixes }: WorkSettings, source: SourceObject): Promise<boolean> =>
  (await objects.length(manifestKey(prefixes.manifests, source))) !== undefined;

/** Decides what holds for a file until its end. */
async function begin(
  { objects }: World,
  { schema, chunkRows, batchTransformBytes }: WorkSettings,
  { key, versionId, createdAt }: SourceObject,
  claim: Claim,
): Promise<Progress> {
  const bytes = (await objects.length(key, versionId)) ?? 0;
  const large = bytes >= batchTransformBytes;
  const progress: Progress = {
    createdAt,
    schema,
    chunkRows,
    engine: large ? "batch-transform" : "endpoint",
    phase: large ? "preparing" : "scoring",
    next: FILE_START,
  };
  await claim.save(progress);
  return progress;
}

function chunkPorts(
  { dynamodb, objects, transform, ask }: World,
  settings: WorkSettings,
  source: SourceObject,
  claim: Claim,
  progress: Progress,
): ChunkPorts {
  const { batchRows, prefixes, predictionsTableName } = settings;
  const scoring = {
    ask,
    batchRows,
    slots: new Slots(settings.endpointConcurrency),
    patienceMilliseconds: PATIENCE_MILLISECONDS,
  };
  const writes = new Slots(WRITES_AT_ONCE);
  // Whoever had the file before may have been at work on chunks that no checkpoint knows of.
  const unsure = claim.fence > 1 ? progress.next.chunk + 2 * CHUNKS_AT_ONCE : 0;
  const keyOf = (chunk: number): string => predictionKey(prefixes.predictions, source, chunk);
  const { engine, transform: run } = progress;
  return {
    score: (chunk) =>
      engine === "batch-transform" && run !== undefined ? transform.scores(chunk, run) : scoreRows(chunk.good, scoring),
    committed: (chunk) => (chunk <= unsure ? objects.committed(keyOf(chunk)) : Promise.resolve(undefined)),
    commit: (chunk, predictions) => objects.commit(keyOf(chunk), predictions),
    write: (predictions) =>
      writeItems(dynamodb, predictionsTableName, predictions, (prediction) => itemOf(prediction, source), writes),
    setAside: (chunk, rows) =>
      objects.put(quarantineKey(prefixes, source, chunk), quarantineLines(rows), "application/x-ndjson"),
    account: (chunk, account) => claim.account(chunk, account),
  };
}

/** Says what became of the file, once all of it is written. */
async function finish(
  { objects }: World,
  { prefixes }: WorkSettings,
  source: SourceObject,
  claim: Claim,
  engine: Progress["engine"],
  end: FileEnd,
): Promise<Manifest> {
  let fileKey: string | undefined;
  if (end.problem !== undefined) {
    const line = quarantineLines([{ number: 0, reason: end.problem, raw: "" }]);
    fileKey = await objects.put(quarantineKey(prefixes, source, "file"), line, "application/x-ndjson");
  }
  const manifest = manifestOf(source, engine, end, await claim.accounts(), fileKey);
  await objects.put(manifestKey(prefixes.manifests, source), JSON.stringify(manifest), "application/json");
  await claim.complete(manifest.status);
  return manifest;
}
