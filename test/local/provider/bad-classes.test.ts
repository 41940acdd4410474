import { expect } from "chai";
import { Lifecycle } from "../../../local/provider/lifecycle";
import { TYPES } from "../../../local/provider/types";
import { BAD, GOOD, type Bad } from "./bad-classes";

const lifecycle = new Lifecycle(TYPES, {
  account: "123456789012",
  region: "eu-west-1",
  planOnly: false,
  defaultTags: {},
});

async function failures(type: string, inputs: object) {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
  const checked = await lifecycle.check(`urn:pulumi:s::p::${type}::x`, given, {}, new Uint8Array([1]));
  return checked.failures;
}

/** What the model refuses is told with the operation's name before it. */
const BY_MODEL = /^[A-Z][A-Za-z]+: /;

async function expectRefused({ type, inputs, property, says, by }: Bad): Promise<void> {
  const found = await failures(type, { ...GOOD[type], ...inputs });
  const wanted = found.filter((failure) => failure.property === property && says.test(failure.reason));
  expect(wanted, JSON.stringify(found)).not.to.deep.equal([]);
  expect(
    wanted.some(({ reason }) => BY_MODEL.test(reason) === (by === "model")),
    JSON.stringify(wanted),
  ).to.equal(true);
}

describe("one bad input of each class, per service", () => {
  it("are accepted when they are good", async () => {
    for (const [type, inputs] of Object.entries(GOOD)) expect(await failures(type, inputs), type).to.deep.equal([]);
  });

  for (const [service, classes] of Object.entries(BAD)) {
    for (const [kind, bad] of Object.entries(classes)) {
      it(`${service}: ${kind}, refused by ${bad.by === "model" ? "AWS's model" : "our checks"}`, () =>
        expectRefused(bad));
    }
  }
});
