// What a file of the stream has become, row by row: its manifest, predictions objects, items and quarantine.
import { gunzipSync } from "node:zlib";
import { paginateScan, type AttributeValue } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Manifest } from "../../../functions/scorer/logic";
import { readLines } from "../../../functions/scorer/predictions";
import { inferenceTime } from "../../../functions/shared/inference-id";
import { manifestKey, sourceOf, type ObjectCreated } from "../../../functions/shared/source-object";
import { BUCKET, type Platform } from "../support/platform";

export class Accounts {
  constructor(private readonly platform: Pick<Platform, "clients">) {}

  async bytes(key: string): Promise<Buffer> {
    const { Body } = await this.platform.clients.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async text(key: string): Promise<string> {
    return (await this.bytes(key)).toString();
  }

  async manifestOf(created: ObjectCreated): Promise<Manifest> {
    return JSON.parse(await this.text(manifestKey("fraud/manifests", sourceOf(created)))) as Manifest;
  }

  async itemsOf({ detail }: ObjectCreated): Promise<Record<string, AttributeValue>[]> {
    const items: Record<string, AttributeValue>[] = [];
    const client = this.platform.clients.dynamodb;
    for await (const page of paginateScan({ client }, { TableName: "predictions" })) {
      items.push(...(page.Items ?? []).filter(({ Source }) => Source?.S === `s3://${BUCKET}/${detail.object.key}`));
    }
    return items;
  }

  /**
   * Holds a file's table, objects and quarantine to its manifest, and that to what is expected of the file.
   *
   * @param amounts of its rows, in their order; of those that are text nothing can be scored
   */
  async expectAll(created: ObjectCreated, amounts: readonly (number | string)[]): Promise<Manifest> {
    const manifest = await this.manifestOf(created);
    const good = amounts.flatMap((amount, index) => (typeof amount === "number" ? [index + 1] : []));
    const counts = { rowsIn: amounts.length, scored: good.length, written: good.length };
    expect(manifest).to.include({ status: "complete", ...counts, quarantined: amounts.length - good.length });
    const predictions = (
      await Promise.all(
        manifest.predictionKeys.map(async (key) => readLines(gunzipSync(await this.bytes(key)).toString(), key)),
      )
    ).flat();
    expect(predictions.map((one) => one.row_number)).to.deep.equal(good);
    for (const one of predictions) {
      expect(one.amount).to.equal(amounts[one.row_number - 1]);
      expect(one.probability).to.equal(Math.min(1, (one.amount ?? NaN) / 1000));
      expect(inferenceTime(one.inference_id)).not.to.equal(undefined);
    }
    const items = await this.itemsOf(created);
    expect(new Map(items.map((item) => [Number(item.RowNumber?.N), item.InferenceId?.S]))).to.deep.equal(
      new Map(predictions.map((one) => [one.row_number, one.inference_id])),
    );
    expect(items).to.have.length(good.length);
    const aside = (await Promise.all(manifest.quarantineKeys.map((key) => this.text(key)))).join("");
    const lines = aside.split("\n").filter(Boolean);
    expect(lines.map((line) => (JSON.parse(line) as { row: number }).row)).to.deep.equal(
      amounts.flatMap((amount, index) => (typeof amount === "string" ? [index + 1] : [])),
    );
    return manifest;
  }
}
