import { paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";
import { hourFolders, type Period } from "../shared/monitors";
import { parseS3Uri, readText } from "../shared/objects";
import { readCapture, type CapturedAnswer } from "./captured";
import type { Comparison } from "./comparison";
import type { ShadowReport } from "./logic";

/** Where what two variants answered lies, and which of it is compared. */
export interface Captures {
  /** Folders of hours lie below them. */
  productionUri: string;
  shadowUri: string;
  /** Of the models; answers that say they are others' are left out. */
  productionArn: string;
  shadowArn: string;
  period: Period;
}

/**
 * Holds what was captured of the shadow against what was captured of the variant that answers, by the request's
 * inference id. Of hour after hour only the answers are kept that may still find theirs: a capture may lie in the folder
 * of the hour after the other's.
 */
export async function compareCaptures(
  s3: S3Client,
  { productionUri, shadowUri, productionArn, shadowArn, period }: Captures,
  comparison: Pick<Comparison, "add">,
): Promise<ShadowReport["captured"]> {
  const counts = { production: 0, shadow: 0, unmatched: 0, unreadable: 0 };
  let earlier = { production: new Map<string, CapturedAnswer>(), shadow: new Map<string, CapturedAnswer>() };
  for (const hour of hourFolders(period)) {
    const now: typeof earlier = { production: new Map(), shadow: new Map() };
    for await (const answer of answers(s3, `${productionUri}/${hour}/`, productionArn, period, counts)) {
      counts.production += 1;
      if (answer === "nameless") continue;
      const other = earlier.shadow.get(answer.inferenceId);
      if (other === undefined) now.production.set(answer.inferenceId, answer);
      else comparison.add(answer, other);
      earlier.shadow.delete(answer.inferenceId);
    }
    for await (const answer of answers(s3, `${shadowUri}/${hour}/`, shadowArn, period, counts)) {
      counts.shadow += 1;
      if (answer === "nameless") {
        counts.unmatched += 1;
        continue;
      }
      const of = [now, earlier].find(({ production }) => production.has(answer.inferenceId))?.production;
      const other = of?.get(answer.inferenceId);
      if (other === undefined) now.shadow.set(answer.inferenceId, answer);
      else comparison.add(other, answer);
      of?.delete(answer.inferenceId);
    }
    counts.unmatched += earlier.shadow.size;
    earlier = now;
  }
  counts.unmatched += earlier.shadow.size;
  return counts;
}

async function* answers(
  s3: S3Client,
  folderUri: string,
  packageArn: string,
  { start, end }: Period,
  counts: { unreadable: number },
): AsyncGenerator<CapturedAnswer | "nameless"> {
  const { bucket: Bucket, key: Prefix } = parseS3Uri(folderUri);
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
    for (const { Key = "" } of Contents) {
      const text = await readText(s3, `s3://${Bucket}/${Key}`);
      for (const line of text.split("\n")) {
        if (line === "") continue;
        const answer = readCapture(line);
        if (answer === "unreadable") counts.unreadable += 1;
        else if (answer === "nameless") yield answer;
        else if ((answer.packageArn ?? packageArn) === packageArn && isIn(answer.time, start, end)) yield answer;
      }
    }
  }
}

/** Captures tell whole seconds. */
function isIn(time: string, start: Date, end: Date): boolean {
  const at = Date.parse(time);
  return at >= Math.floor(start.getTime() / 1000) * 1000 && at < end.getTime();
}
