import { expect } from "chai";
import fc from "fast-check";
import {
  FEATURES,
  LARGEST_FEATURE,
  parseNumber,
  validateCsv,
  validateTransactions,
} from "../../../functions/shared/transactions";

const finite = fc.double({ noNaN: true, min: -LARGEST_FEATURE, max: LARGEST_FEATURE });
const features = fc.array(finite, { minLength: 30, maxLength: 30 });
const transactionOf = (values: readonly number[], id?: string) => ({
  ...(id === undefined ? {} : { id }),
  ...Object.fromEntries(FEATURES.map((feature, index) => [feature, values[index]])),
});

describe("transactions", () => {
  it("have the features of the published data, in its order", () => {
    expect(FEATURES).to.have.length(30);
    expect(FEATURES[0]).to.equal("Time");
    expect(FEATURES.slice(1, 29)).to.deep.equal(Array.from({ length: 28 }, (_, index) => `V${index + 1}`));
    expect(FEATURES[29]).to.equal("Amount");
  });

  it("become lines that hold exactly their numbers, in the order of training, whatever the order of the keys", () => {
    fc.assert(
      fc.property(fc.array(features, { minLength: 1, maxLength: 5 }), (rows) => {
        const body = {
          transactions: rows.map((row) => Object.fromEntries(Object.entries(transactionOf(row)).reverse())),
        };
        const { transactions, violations } = validateTransactions(body);
        expect(violations).to.deep.equal([]);
        // -0 is the one number whose sign a decimal does not carry.
        expect(transactions.map(({ line }) => line.split(",").map(Number))).to.deep.equal(
          rows.map((row) => row.map((value) => value + 0)),
        );
        expect(transactions.map(({ id }) => id)).to.deep.equal(rows.map((_, index) => String(index)));
      }),
    );
  });

  it("read the same from CSV", () => {
    fc.assert(
      fc.property(fc.array(features, { minLength: 1, maxLength: 5 }), fc.constantFrom("\n", "\r\n"), (rows, end) => {
        const fromJson = validateTransactions({ transactions: rows.map((row) => transactionOf(row)) });
        const fromCsv = validateCsv(rows.map((row) => row.map((value) => value + 0).join(",") + end).join(""));
        expect(fromCsv).to.deep.equal(fromJson);
      }),
    );
  });

  it("are refused with every violation, each with its path", () => {
    const [first, second] = [transactionOf(Array<number>(30).fill(1), ""), transactionOf(Array<number>(30).fill(2))];
    Object.assign(first, { V3: "3", V4: null });
    Object.assign(second, { Class: 0 });
    Reflect.deleteProperty(second, "Amount");
    const { violations } = validateTransactions({ transactions: [first, second, 7], model: "x" });
    expect(violations.map(({ path }) => path)).to.have.members([
      "model",
      "transactions.0.id",
      "transactions.0.V3",
      "transactions.0.V4",
      "transactions.1.Amount",
      "transactions.1.Class",
      "transactions.2",
    ]);
    expect(violations.find(({ path }) => path.endsWith("Amount"))?.reason).to.contain("missing");
  });

  it("are refused when there are none or too many", () => {
    for (const transactions of [undefined, [], Array<object>(1001).fill({})]) {
      expect(validateTransactions({ transactions }).violations).to.deep.equal([
        { path: "transactions", reason: "must be a list of 1 to 1000 transactions" },
      ]);
    }
  });

  it("are refused as CSV with 29 columns, 31 columns, text or a hole", () => {
    const line = (count: number) => Array<number>(count).fill(1).join(",");
    const { violations } = validateCsv([line(29), line(31), line(30).replace("1", "x"), `${line(29)},`].join("\n"));
    expect(violations.map(({ path }) => path)).to.deep.equal(["0", "1", "2.Time", "3.Amount"]);
    expect(validateCsv("\n").violations).to.have.length(1);
  });
});

describe("a number in text", () => {
  it("is read as it was written", () => {
    fc.assert(fc.property(finite, (value) => parseNumber(String(value)) === value + 0));
    expect([" 1.5 ", "1e5", "1E-3", "+2", ".5", "3."].map(parseNumber)).to.deep.equal([1.5, 1e5, 1e-3, 2, 0.5, 3]);
  });

  it("is not made of anything else", () => {
    for (const text of [
      "",
      " ",
      "x",
      "0x10",
      "NaN",
      "Infinity",
      "1e999",
      "1e39",
      "-3.41e38",
      "1,5",
      "1 2",
      "--1",
      "1e",
      ".",
    ]) {
      expect(parseNumber(text), text).to.equal(undefined);
    }
  });
});
