import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { FileProblem, unpack } from "../../../functions/shared/content";
import { readChunks, FILE_START, type Chunk, type FileEnd } from "../../../functions/scorer/chunks";
import { isBad, readRows, type Row } from "../../../functions/scorer/rows";
import { schemas, type StreamSchema } from "../../../functions/scorer/schemas";
import { FEATURES, LARGEST_FEATURE } from "../../../functions/shared/transactions";

const header = FEATURES.join(",");
const good = FEATURES.map((_, index) => index / 4).join(",");

const deriveId = (number: number): string => `#${number}`;

const inPieces = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    ),
  );

/** Rows of a text that arrives in pieces of `size` bytes, and the problem that ended them. */
async function rowsOf(
  content: string | Buffer,
  { size = 64, schema = schemas.creditcard, gz = false }: { size?: number; schema?: StreamSchema; gz?: boolean } = {},
): Promise<{ rows: Row[]; problem: string | undefined }> {
  const source = inPieces(Buffer.from(content), size);
  const rows: Row[] = [];
  try {
    const chunks = gz ? unpack(source) : (source as AsyncIterable<Buffer>);
    for await (const { row } of readRows(chunks, { schema, deriveId })) rows.push(row);
  } catch (error) {
    if (error instanceof FileProblem) return { rows, problem: error.message };
    throw error;
  }
  return { rows, problem: undefined };
}

describe("rows of a stream's file", () => {
  it("are numbered and brought into the model's order, however the file has its columns", async () => {
    const reversed = [...FEATURES, "Class", "TransactionID"].reverse();
    const values = Object.fromEntries(FEATURES.map((feature, index) => [feature, String(index)]));
    const line = reversed.map((name) => ({ ...values, Class: "0", TransactionID: "t-1" })[name]).join(",");
    const { rows } = await rowsOf(`${reversed.join(",")}\r\n${line}\r\n`);
    expect(rows).to.deep.equal([
      { number: 1, id: "t-1", line: FEATURES.map((_, index) => index).join(","), amount: 29 },
    ]);
  });

  it("get an id of their own where the file has none", async () => {
    const { rows } = await rowsOf(`\uFEFF${header}\n${good}\n\n${good}`);
    expect(rows.map((row) => (isBad(row) ? row.reason : row.id))).to.deep.equal(["#1", "#2"]);
  });

  it("all end as good or bad, in order, wherever the pieces of the file are cut", async () => {
    const cell = fc.oneof(
      { weight: 30, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
      { weight: 1, arbitrary: fc.constantFrom("", "x", "NaN", '"1,5"', '"a\nb"', "1e999", '"2.5"') },
    );
    const line = fc.oneof(
      { weight: 5, arbitrary: fc.array(cell, { minLength: 30, maxLength: 30 }) },
      { weight: 1, arbitrary: fc.array(cell, { minLength: 1, maxLength: 32 }).filter((cells) => cells.join() !== "") },
    );
    const lines = fc.array(line, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 200 }), async (table, size) => {
        const text = [header, ...table.map((cells) => cells.join(","))].join("\n");
        const { rows, problem } = await rowsOf(text, { size });
        expect(problem).to.equal(undefined);
        expect(rows.map(({ number }) => number)).to.deep.equal(table.map((_, index) => index + 1));
        rows.forEach((row, index) => {
          const cells = (table[index] ?? []).map((text) => text.replace(/^"([\s\S]*)"$/, "$1"));
          const fine =
            cells.length === 30 &&
            cells.every((text) => text.trim() !== "" && Math.abs(Number(text)) <= LARGEST_FEATURE);
          expect(isBad(row)).to.equal(!fine);
          if (!isBad(row)) expect(row.line.split(",").map(Number)).to.deep.equal(cells.map(Number));
        });
      }),
      { numRuns: 60 },
    );
  });

  it("are the same whatever ends them, one kind of end among others too", async () => {
    const lines = [header, good, good.replace("0", "5"), good];
    const wanted = await rowsOf(lines.join("\n"));
    expect(wanted.rows).to.have.length(3);
    for (const eol of ["\r\n", "\r"]) {
      for (const size of [1, 7, 64]) expect(await rowsOf(lines.join(eol), { size })).to.deep.equal(wanted);
    }
    expect(await rowsOf(`${header}\r\n${lines.slice(1).join("\n")}\r\n`)).to.deep.equal(wanted);
  });

  it("say why they are bad, every fault at once, and what stood there", async () => {
    const holes = good.replace(/^0,/, ",").replace(/,7.25$/, ",many");
    const { rows } = await rowsOf(`${header}\n${holes}\n1,2\n${good},1\n`);
    expect(rows).to.deep.equal([
      { number: 1, reason: "Time is not a finite number; Amount is not a finite number", raw: holes },
      { number: 2, reason: "has 2 columns, the header 30", raw: "1,2" },
      { number: 3, reason: "has 31 columns, the header 30", raw: `${good},1` },
    ]);
  });

  it("are set aside when their id is missing or too long, and not when another row has it too", async () => {
    const { rows } = await rowsOf(`id,${header}\na,${good}\n,${good}\na,${good}\n${"b".repeat(257)},${good}\n`);
    expect(rows.map(isBad)).to.deep.equal([false, true, false, true]);
  });

  it("take the ecommerce stream's quoted addresses with commas and newlines", async () => {
    const text =
      "Transaction ID,Transaction Amount,Shipping Address,Quantity\n" +
      '7f,250.85000000000002,"12 Main St, Apt 3\nSpringfield, ""SP""",2\n';
    const { rows } = await rowsOf(text, { schema: schemas.ecommerce });
    expect(rows).to.deep.equal([{ number: 1, id: "7f", line: "250.85000000000002,2", amount: 250.85000000000002 }]);
  });

  it("follow a schema of one's own: its id column alone, its order, an amount that is no feature", async () => {
    const schema = { idColumns: ["Référence"], features: ["b", "a"], amountColumn: "total" };
    const { rows } = await rowsOf("id,a,total,b,Référence\nx,1,9.5,2,é-1\ny,1,?,2,é-2\n", { schema });
    expect(rows[0]).to.deep.equal({ number: 1, id: "é-1", line: "2,1", amount: 9.5 });
    expect(rows[1]).to.include({ reason: "total is not a finite number" });
    const { rows: derived } = await rowsOf("b,a\n2,1\n", { schema: { idColumns: [], features: ["a", "b"] } });
    expect(derived).to.deep.equal([{ number: 1, id: "#1", line: "1,2", amount: undefined }]);
  });
});

describe("a stream's file that can't be used", () => {
  it("is refused as a whole when empty or with a wrong header", async () => {
    expect(await rowsOf("")).to.deep.equal({ rows: [], problem: "the file is empty" });
    expect(await rowsOf(`${good}\n${good}\n`))
      .to.have.property("problem")
      .that.contains("the header lacks Time, V1");
    const wrong = header.replace("V7", "V8");
    const { rows, problem } = await rowsOf(`${wrong}\n${good}\n`);
    expect(rows).to.deep.equal([]);
    expect(problem).to.equal("the header lacks V7; the header has more than one V8");
  });

  it("is read up to a quote that is never closed", async () => {
    const { rows, problem } = await rowsOf(`${header}\n${good}\n"${good}\n${good}\n`);
    expect(rows.map(isBad)).to.deep.equal([false, true]);
    expect(problem).to.contain("row 2: a quote is never closed");
  });

  it("does not fill the memory looking for the end of a row", async () => {
    const { rows, problem } = await rowsOf(`${header}\n${good}\n"${"x".repeat(9_000_000)}`, { size: 65_536 });
    expect(rows.map(isBad)).to.deep.equal([false, true]);
    expect(rows[1]).to.have.property("raw").with.length.below(5000);
    expect(problem).to.contain("row 2");
  });

  it("is unpacked, and refused where its archive is cut off or is none", async () => {
    const packed = gzipSync(`${header}\n${`${good}\n`.repeat(500)}`);
    const whole = await rowsOf(packed, { gz: true });
    expect(whole.rows).to.have.length(500);
    const cut = await rowsOf(packed.subarray(0, packed.length - 12), { gz: true });
    expect(cut.problem).to.contain("the gzip archive is broken");
    expect((await rowsOf(`${header}\n${good}\n`, { gz: true })).problem).to.contain("the gzip archive is broken");
  });
});

/** A CSV of whatever users send, and schema `ecommerce`'s header somewhere in it. */
const wildCsv = fc
  .record({
    bom: fc.boolean(),
    eol: fc.constantFrom("\n", "\r\n", "\r"),
    trailing: fc.boolean(),
    columns: fc.shuffledSubarray(["Shipping Address", "Transaction ID", "Note"]),
    rows: fc.array(
      fc.record({
        cells: fc.array(
          fc.oneof(
            fc.string({ unit: "grapheme", maxLength: 8 }),
            fc.constantFrom('12 Main St, Apt 3\nSpringfield, "SP"', "a\r\nb", "", " ", "'+%", '"'),
          ),
          { minLength: 3, maxLength: 3 },
        ),
        amount: fc.constantFrom("1", "250.85000000000002", "", "x", "1e999", "-0"),
        torn: fc.constantFrom(0, 0, 0, 1, 2),
      }),
      { maxLength: 25 },
    ),
  })
  .map(({ bom, eol, trailing, columns, rows }) => {
    const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
    const names = [...columns, "Quantity", "Transaction Amount"];
    const lines = rows.map(({ cells, amount, torn }) =>
      [...columns.map((_, index) => quoted(cells[index] ?? "")), "1", amount].slice(torn).join(","),
    );
    return `${bom ? "\uFEFF" : ""}${[names.join(","), ...lines].join(eol)}${trailing ? eol : ""}`;
  });

describe("a file's chunks", () => {
  const chunksFrom = async (
    bytes: Buffer,
    from: typeof FILE_START,
    chunkRows: number,
  ): Promise<{ chunks: Chunk[]; end: FileEnd }> => {
    const chunks: Chunk[] = [];
    const content = inPieces(bytes.subarray(from.offset), 7) as AsyncIterable<Buffer>;
    const reading = readChunks(content, { schema: schemas.ecommerce, deriveId, from, chunkRows });
    for (;;) {
      const { value, done } = await reading.next();
      if (done === true) return { chunks, end: value };
      chunks.push(value);
    }
  };

  it("are the same ones from whichever of them the file is read on", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 3, arbitrary: wildCsv }, { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) }),
        fc.integer({ min: 1, max: 6 }),
        async (text, chunkRows) => {
          const bytes = Buffer.from(text);
          const whole = await chunksFrom(bytes, FILE_START, chunkRows);
          const counted = whole.chunks.reduce((sum, { good, bad }) => sum + good.length + bad.length, 0);
          expect(counted).to.equal(whole.end.rows);
          const numbers = whole.chunks.flatMap(({ good, bad }) => [...good, ...bad].map(({ number }) => number));
          expect(numbers.sort((one, other) => one - other)).to.deep.equal(numbers.map((_, index) => index + 1));
          for (const [index, { next, rows }] of whole.chunks.entries()) {
            if (next === undefined) continue;
            expect(rows).to.equal(chunkRows);
            const rest = await chunksFrom(bytes, next, chunkRows);
            expect(rest).to.deep.equal({ chunks: whole.chunks.slice(index + 1), end: whole.end });
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("end where a file can't be read any further, which is found out again from the last of them on", async () => {
    const bytes = Buffer.from('Transaction Amount,Quantity\n1,1\n2,2\n3,3\n"4,4\n5,5\n');
    const { chunks, end } = await chunksFrom(bytes, FILE_START, 2);
    expect(chunks.map(({ rows, next }) => [rows, next?.row])).to.deep.equal([
      [2, 2],
      [2, undefined],
    ]);
    expect(end).to.include({ chunks: 2, rows: 4 }).and.to.have.property("problem").that.contains("row 4");
  });
});
