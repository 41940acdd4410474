import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import * as t from "io-ts";
import { parseS3Uri, readJson } from "../shared/objects";
import type { EndedJob, Findings, Violation } from "./logic";

/** `constraint_violations.json` of AWS's images: its members differ by kind of monitor. */
export const ViolationsFile = t.type(
  {
    violations: t.array(
      t.partial({
        feature_name: t.string,
        metric_name: t.string,
        facet: t.string,
        facet_value: t.string,
        constraint_check_type: t.string,
        description: t.string,
      }),
    ),
  },
  "ViolationsFile",
);
export type ViolationsFile = t.TypeOf<typeof ViolationsFile>;

/** `statistics.json` of data quality, as far as it counts rows. */
const StatisticsFile = t.partial({ dataset: t.partial({ item_count: t.number }) }, "StatisticsFile");

/** Violations as our own monitors tell them. */
export const violationsOf = ({ violations }: ViolationsFile): Violation[] =>
  violations.map((each) => ({
    feature: each.feature_name ?? [each.facet, each.facet_value].filter(Boolean).join(" "),
    metric: each.metric_name ?? each.constraint_check_type ?? "",
    check: each.constraint_check_type ?? "",
    description: each.description ?? "no description given",
  }));

/** What a job of AWS's images found: they write no summary, and no violations where there are none. */
export async function managedFindings(
  s3: S3Client,
  { outputUri }: EndedJob,
  environment: Readonly<Record<string, string>>,
): Promise<Findings> {
  const there = await filesBelow(s3, outputUri);
  const read = async <A>(file: string, codec: t.Type<A, unknown, unknown>): Promise<A | undefined> =>
    there.has(file) ? readJson(s3, `${outputUri}/${file}`, codec) : undefined;
  const told = await read("constraint_violations.json", ViolationsFile);
  const statistics = await read("statistics.json", StatisticsFile);
  const violations = violationsOf(told ?? { violations: [] });
  const rows = statistics?.dataset?.item_count;
  return {
    status: violations.length > 0 ? "CompletedWithViolations" : "Completed",
    startTime: environment.start_time ?? "",
    endTime: environment.end_time ?? "",
    ...(rows === undefined ? {} : { rows }),
    violations,
  };
}

/** Names of the few files of a job. Who may not list a whole bucket is not told that an object is missing. */
async function filesBelow(s3: S3Client, uri: string): Promise<ReadonlySet<string>> {
  const { bucket, key } = parseS3Uri(uri);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${key}/` }));
  return new Set(Contents.map(({ Key = "" }) => Key.slice(key.length + 1)));
}
