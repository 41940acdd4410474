import { expect } from "chai";
import fc from "fast-check";
import { AwsError } from "../../../local/server/json-service";
import { ascending, descending, pageOf, type Position } from "../../../local/server/paging";

const REFUSED = new AwsError("InvalidNextToken", "no token of ours");

/** All pages of a list that may change before each of them. */
function walk(
  list: Position[],
  size: number,
  compare: typeof ascending,
  change: (turn: number) => Position[] = () => list,
): Position[][] {
  const pages: Position[][] = [];
  let token: string | undefined;
  do {
    const sorted = [...change(pages.length)].sort(compare);
    const { page, next } = pageOf(sorted, (item) => item, { token, size }, REFUSED, compare);
    pages.push(page);
    token = next;
  } while (token !== undefined);
  return pages;
}

const texts = fc.uniqueArray(fc.string({ unit: "binary" }), { maxLength: 30 });
const tuples = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.string()), {
  maxLength: 30,
  selector: (tuple) => JSON.stringify(tuple),
});
const lists = fc.oneof(texts, tuples) as fc.Arbitrary<Position[]>;
const orders = fc.constantFrom(ascending, descending);
const sizes = fc.integer({ min: 1, max: 7 });

describe("pages of a list", () => {
  it("hold every item once, in order, full but for the last", () => {
    fc.assert(
      fc.property(lists, sizes, orders, (list, size, order) => {
        const pages = walk(list, size, order);
        expect(pages.flat()).to.deep.equal([...list].sort(order));
        expect(pages.slice(0, -1).every((page) => page.length === size)).to.equal(true);
      }),
    );
  });

  it("hold every item once that stays, whatever comes and goes between them", () => {
    fc.assert(
      fc.property(texts, texts, texts, sizes, orders, (staying, leaving, coming, size, order) => {
        const gone = leaving.filter((item) => !staying.includes(item));
        const come = coming.filter((item) => !staying.includes(item) && !gone.includes(item));
        const seen = walk([], size, order, (turn) => [...staying, ...gone.slice(turn), ...come.slice(0, turn)]).flat();
        expect(new Set(seen).size).to.equal(seen.length);
        expect(seen).to.include.members(staying);
      }),
    );
  });

  it("refuse tokens that no list gave", () => {
    for (const token of ["", "x", Buffer.from("7").toString("base64url"), Buffer.from("{").toString("base64url")]) {
      expect(() => pageOf(["a"], (item) => item, { token, size: 1 }, REFUSED)).to.throw(REFUSED.message);
    }
  });
});
