import { expect } from "chai";
import fc from "fast-check";
import { instancesBody } from "../../../functions/shared/instances";
import { parseNumber } from "../../../functions/shared/transactions";

const digits = fc.stringMatching(/^\d{1,12}$/);
/** Numbers in every way that a CSV file may write them: signs, points at either end, needless zeros, exponents. */
const cell = fc
  .tuple(
    fc.constantFrom("", "+", "-"),
    fc.oneof(
      digits,
      digits.map((whole) => `${whole}.`),
      digits.map((part) => `.${part}`),
      fc.tuple(digits, digits).map(([whole, part]) => `${whole}.${part}`),
    ),
    fc.constantFrom("", "e5", "E+05", "e-7"),
  )
  .map((parts) => parts.join(""));

describe("the body of a request to the endpoint", () => {
  it("holds the same numbers as the lines, however those write them", () => {
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }), (rows) => {
        const body: unknown = JSON.parse(instancesBody(rows.map((row) => row.join(","))));
        // JSON has a zero with a sign, which no model heeds.
        const features = rows.map((row) => row.map((text) => (parseNumber(text) ?? NaN) + 0));
        const { instances } = body as { instances: { features: number[] }[] };
        expect(instances.map((row) => row.features.map((value) => value + 0))).to.deep.equal(features);
        expect(body).to.deep.equal({ instances });
      }),
      { numRuns: 300 },
    );
  });

  it("keeps each number's text, where JSON allows it", () => {
    expect(instancesBody(["0.10,-1e-05,7E+2,-0.0", "0,12.50,3,4"])).to.equal(
      '{"instances":[{"features":[0.10,-1e-05,7E+2,-0.0]},{"features":[0,12.50,3,4]}]}',
    );
    expect(instancesBody(["1.50,+1"])).to.equal('{"instances":[{"features":[1.50,1]}]}');
  });
});
