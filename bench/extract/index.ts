// Reading a database as the extract job does, against a plain loop over the driver's cursor, on a real MariaDB.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as t from "io-ts";
import { decodeJson } from "../../functions/shared/decode";
import { syntheticDataset } from "../../local/loop/data";
import { projectRoot, tools } from "../../local/tools";
import { median, type Bench } from "../figure";

/** Rows a second, in pairs. */
const Answer = t.type({ rows: t.number, pairs: t.array(t.type({ ours: t.number, theirs: t.number })) });

export const extractBench: Bench = {
  names: ["rds.vsDriver"],
  async run(say) {
    const { path } = await syntheticDataset();
    const script = join(projectRoot, "bench/extract/compare.py");
    const { stdout } = await promisify(execFile)(tools().python, [script, "--csv", path]);
    const { rows, pairs } = decodeJson(Answer, stdout, script);
    const thousands = (perSecond: number) => `${(perSecond / 1000).toFixed(0)}k`;
    for (const { ours, theirs } of pairs)
      say(`${rows} rows: the driver alone ${thousands(theirs)} rows/s, read and written ${thousands(ours)} rows/s`);
    return {
      "rds.vsDriver": {
        value: median(pairs.map(({ ours, theirs }) => ours / theirs)),
        unit: "×",
        goal: { atLeast: 0.6 },
      },
    };
  },
};
