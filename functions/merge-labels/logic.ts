import * as t from "io-ts";
import { decodeJson } from "../shared/decode";
import { inferenceTime } from "../shared/inference-id";
import { hourFolder } from "../shared/monitors";
import type { Label } from "./rows";

/** A label of one scored transaction. */
export interface EventLabel {
  /** The transaction's inference id, which its capture carries. */
  eventId: string;
  label: Label;
  /** ISO 8601, UTC, with milliseconds: texts compare as times do. */
  labelledAt: string;
}

/** A label as AWS's monitors read it beside captures in JSON: as a request would hold it. */
const IN_JSON = { "0": '{"instances":[{"label":0}]}', "1": '{"instances":[{"label":1}]}' } as const;

const LabelInJson = t.type({
  data: t.union([t.literal(IN_JSON["0"]), t.literal(IN_JSON["1"])]),
  encoding: t.literal("JSON"),
});
/** As it was written while requests were CSV. */
const LabelInCsv = t.type({ data: t.union([t.literal("0"), t.literal("1")]), encoding: t.literal("CSV") });

/**
 * One record of AWS's ground truth. `labelledAt` is ours: the later of two labels counts, whichever comes first, and
 * readers of AWS's format pass over it.
 */
const GroundTruth = t.type(
  {
    groundTruthData: t.union([LabelInJson, LabelInCsv]),
    eventMetadata: t.type({ eventId: t.string, labelledAt: t.string }),
    eventVersion: t.literal("0"),
  },
  "GroundTruth",
);

/** Labels by event. */
export type Labels = ReadonlyMap<string, EventLabel>;

/** Whether a label counts rather than another of the same event: the later one, and of two of one time fraud. */
export function counts(label: EventLabel, other: EventLabel | undefined): boolean {
  if (other === undefined || label.labelledAt > other.labelledAt) return true;
  return label.labelledAt === other.labelledAt && label.label > other.label;
}

/**
 * All labels of both, of each event the one that counts. The order of merging, and merging again, make no difference.
 *
 * @returns `known` itself where nothing changes
 */
export function merge(known: Labels, more: Iterable<EventLabel>): Labels {
  let merged: Map<string, EventLabel> | undefined;
  for (const label of more) {
    if (!counts(label, (merged ?? known).get(label.eventId))) continue;
    merged ??= new Map(known);
    merged.set(label.eventId, label);
  }
  return merged ?? known;
}

/** A file of an hour: a record a line, sorted, so that the same labels are the same file. */
export function writeLabels(labels: Labels): string {
  const sorted = [...labels.values()].sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
  return sorted.map((label) => `${JSON.stringify(toRecord(label))}\n`).join("");
}

const toRecord = ({ eventId, label, labelledAt }: EventLabel): t.TypeOf<typeof GroundTruth> => ({
  groundTruthData: { data: IN_JSON[label], encoding: "JSON" },
  eventMetadata: { eventId, labelledAt },
  eventVersion: "0",
});

function labelOf({ data, encoding }: t.TypeOf<typeof GroundTruth>["groundTruthData"]): Label {
  if (encoding === "CSV") return data;
  return data === IN_JSON["1"] ? "1" : "0";
}

/** @param what names the file in errors. @throws DecodeError for a line that is no record. */
export function readLabels(text: string, what: string): Labels {
  const lines = text.split("\n").filter((line) => line !== "");
  return merge(
    new Map(),
    lines.map((line, index) => {
      const { groundTruthData, eventMetadata } = decodeJson(GroundTruth, line, `Line ${index + 1} of ${what}`);
      const { eventId, labelledAt } = eventMetadata;
      return { eventId, labelledAt, label: labelOf(groundTruthData) };
    }),
  );
}

/** Labels by the hour in which their transactions were scored: the file that each belongs into. */
export function byHour(labels: Iterable<EventLabel>): Map<string, EventLabel[]> {
  const hours = new Map<string, EventLabel[]>();
  for (const label of labels) {
    const time = inferenceTime(label.eventId);
    if (time === undefined) throw new Error(`${label.eventId} is no inference id`);
    const hour = hourFolder(time);
    const known = hours.get(hour);
    if (known === undefined) hours.set(hour, [label]);
    else known.push(label);
  }
  return hours;
}

/** The key of an hour's file. */
export const hourKey = (mergedPrefix: string, hour: string): string => `${mergedPrefix}/${hour}/labels.jsonl`;

/** What became of a file of labels: `rowsIn = accepted + quarantined`, always. */
export interface Manifest {
  schemaVersion: 1;
  source: { bucket: string; key: string; version: string; createdAt: string };
  /** `complete`, or `refused`: read no further than `rowsIn`, for `reason`. */
  status: "complete" | "refused";
  reason?: string;
  rowsIn: number;
  /** Rows whose label is known from here on, or was known to be overtaken by a later one. */
  accepted: number;
  quarantined: number;
  /** Hours whose labels the file touches. */
  hours: string[];
  quarantineKeys: string[];
}
