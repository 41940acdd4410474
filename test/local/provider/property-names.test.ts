import { expect } from "chai";
import { toInput } from "../../../local/aws-models";
import { forHandler } from "../../../local/provider/check";
import { Context } from "../../../local/provider/context";
import { Lifecycle } from "../../../local/provider/lifecycle";
import { TYPES } from "../../../local/provider/types";
import { isObject, type Properties } from "../../../local/provider/values";
import { EXAMPLES, ownInputs } from "./contract/all";
import type { Scenario } from "./contract/examples";
import { urnOf, World } from "./contract/world";
import { Declarations, type Declared } from "./declared";
import { UNSUPPORTED } from "./unsupported";

const SETTINGS = { account: "123456789012", region: "eu-west-1", planOnly: true, defaultTags: {} };
const lifecycle = new Lifecycle(TYPES, SETTINGS);
const SEED = new Uint8Array([1]);

/** Inputs that no request carries, with the reason. What a type names as its own is not listed. */
const UNSENT: Record<string, string> = {
  "aws:lambda/function:Function.code": "only a live call takes the archive's bytes",
  "aws:s3/bucketObjectv2:BucketObjectv2.source": "only a live call takes the file's bytes",
  "aws:lambda/invocation:Invocation.triggers": "they say when to call, not what with",
};

/** Notes what a handler would send. */
class Recorder extends Context {
  readonly requests: unknown[] = [];

  override call: Context["call"] = (service, operation, input, properties = {}) => {
    const mapped = toInput(service, operation, properties as Properties).input;
    this.requests.push([operation, { ...mapped, ...(input as Properties) }]);
    return super.call(service, operation, input, properties);
  };
}

/** All that a resource's creation and deletion send, or why it is refused. */
async function effect(type: string, program: Properties): Promise<string> {
  const urn = urnOf(type, "x");
  const { inputs, failures } = await lifecycle.check(urn, program, {}, SEED);
  const recorder = new Recorder({ mode: "check", urn, region: SETTINGS.region, account: SETTINGS.account });
  const handled = forHandler(inputs);
  try {
    const created = await TYPES[type]?.create(recorder, handled);
    await TYPES[type]?.delete(recorder, "id", { ...handled, ...created });
  } catch (error) {
    return `${String(error)} ${JSON.stringify(failures)}`;
  }
  return JSON.stringify([recorder.requests, failures]);
}

/** Paths of all that a block holds, each with the values to try: one of them must make a difference. */
function leaves(declared: Declared, path: string[] = []): [path: string[], values: unknown[]][] {
  if (typeof declared === "object") {
    const inner = Object.entries(declared.block);
    // A map's keys are the program's.
    if (inner.length === 0) return [[path, [{ contract: "contract" }]]];
    return inner.flatMap(([name, one]) => leaves(one, [...path, name]));
  }
  const values = { string: ["contract"], number: [7], boolean: [true, false], other: [["contract"]] };
  return [[path, values[declared]]];
}

/** Paths of the blocks that a block is and holds, but for maps. */
function blocksOf(declared: Declared, path: string[] = []): string[][] {
  if (typeof declared !== "object" || Object.keys(declared.block).length === 0) return [];
  return [path, ...Object.entries(declared.block).flatMap(([name, inner]) => blocksOf(inner, [...path, name]))];
}

/** A value with another one at a path: in lists in the first element, with blocks on the way made where there are none. */
function withLeaf(value: unknown, declared: Declared, [name, ...rest]: string[], leaf: unknown): unknown {
  if (name === undefined || typeof declared !== "object") return leaf;
  const list = Array.isArray(value) ? (value as unknown[]) : undefined;
  const block = list ? list[0] : value;
  const at = isObject(block) ? block : {};
  const inner = declared.block[name] ?? "other";
  const changed = { ...at, [name]: withLeaf(at[name], inner, rest, leaf) };
  return declared.list ? [changed, ...(list ?? []).slice(1)] : changed;
}

function isGiven(value: unknown): boolean {
  return value !== undefined;
}

describe("the provider's property names", function () {
  const scenarios: Record<string, Scenario[]> = {};
  let declarations: Declarations;
  before(async () => {
    declarations = new Declarations();
    const world = new World(lifecycle, undefined);
    for (const [type, examples] of Object.entries(EXAMPLES)) scenarios[type] = await examples(world);
  });

  it("are all that @pulumi/aws has; what is not handled is listed, and refused by name", async () => {
    const refused: Record<string, string[]> = {};
    for (const [type, { inputs }] of Object.entries(TYPES)) {
      const declared = Object.keys(declarations.inputs(type));
      expect(declared, type).to.include.members(inputs);
      const others = declared.filter((input) => input !== "region" && !inputs.includes(input));
      if (others.length > 0) refused[type] = others;
      const program = Object.fromEntries(others.map((input) => [input, "x"]));
      const { failures } = await lifecycle.check(urnOf(type, "x"), program, {}, SEED);
      const reasons = failures.map(({ property, reason }) => `${property}: ${reason}`);
      const wanted = others.map(
        (input) => `${input}: property ${input} of ${type} is not supported by the local provider`,
      );
      if (others.length > 0) expect(reasons).to.have.members(wanted);
    }
    expect(refused).to.deep.equal(UNSUPPORTED);
  });

  it("reach the service, each of them", async () => {
    const unsent: string[] = [];
    for (const [type, { inputs }] of Object.entries(TYPES)) {
      for (const input of inputs) {
        const differs = async ({ inputs: program, others, together = [] }: Scenario) => {
          const other = [others, ...together].find((change) => input in change);
          return (
            !!other && (await effect(type, program)) !== (await effect(type, { ...program, [input]: other[input] }))
          );
        };
        const found = await Promise.all((scenarios[type] ?? []).map(differs));
        if (!found.includes(true) && !ownInputs(type).includes(input)) unsent.push(`${type}.${input}`);
      }
    }
    expect(unsent).to.have.members(Object.keys(UNSENT));
  });

  it("reach the service or are refused within blocks too", async () => {
    const dropped: string[] = [];
    for (const [type, { inputs, json = [] }] of Object.entries(TYPES)) {
      const declared = declarations.inputs(type);
      for (const input of inputs.filter((one) => typeof declared[one] === "object" && !json.includes(one))) {
        const programs = (scenarios[type] ?? []).flatMap(({ inputs: program, others }) =>
          [program[input], others[input]].filter(isGiven).map((value) => ({ ...program, [input]: value })),
        );
        const block = declared[input] ?? "other";
        for (const [path, values] of leaves(block)) {
          const isSeen = async (program: Properties) => {
            const changed = values.map((leaf) => ({
              ...program,
              [input]: withLeaf(program[input], block, path, leaf),
            }));
            const before = await effect(type, program);
            return (await Promise.all(changed.map((one) => effect(type, one)))).some((one) => one !== before);
          };
          if (!(await Promise.all(programs.map(isSeen))).includes(true)) dropped.push([type, input, ...path].join("."));
        }
      }
    }
    expect(dropped).to.deep.equal([]);
  });

  it("are refused, with their path, when no block has them", async () => {
    const dropped: string[] = [];
    for (const [type, { inputs, json = [] }] of Object.entries(TYPES)) {
      const declared = declarations.inputs(type);
      for (const input of inputs.filter((one) => !json.includes(one))) {
        const program = (scenarios[type] ?? [])
          .map((one) => ({ ...one.others, ...one.inputs }))
          .find((one) => input in one);
        const block = declared[input] ?? "other";
        for (const path of blocksOf(block)) {
          const changed = { ...program, [input]: withLeaf(program?.[input], block, [...path, "misspelt"], "x") };
          const { failures } = await lifecycle.check(urnOf(type, "x"), changed, {}, SEED);
          // A block that the service does not have is refused as a whole, with all that is in it.
          const refused = new RegExp(`misspelt|(?:${path.join("|") || input}).* not supported`);
          const told = failures.some(({ property, reason }) => property === input && refused.test(reason));
          if (!told) dropped.push([type, input, ...path].join("."));
        }
      }
    }
    expect(dropped).to.deep.equal([]);
  });

  it("are missed where @pulumi/aws wants them", async () => {
    const unmissed: string[] = [];
    for (const type of Object.keys(TYPES)) {
      const [scenario] = scenarios[type] ?? [];
      for (const input of declarations.required(type)) {
        const program = Object.fromEntries(Object.entries(scenario?.inputs ?? {}).filter(([name]) => name !== input));
        const { failures } = await lifecycle.check(urnOf(type, "x"), program, {}, SEED);
        if (!failures.some(({ property }) => property === input))
          unmissed.push(`${type}.${input} ${JSON.stringify(failures)}`);
      }
    }
    expect(unmissed).to.deep.equal([]);
  });

  it("are there as outputs where the platform's components read them", async () => {
    const missing: string[] = [];
    const read = declarations.outputsRead();
    expect([...read.keys()]).to.include("aws:lambda/function:Function");
    expect([...read.keys()].filter((type) => !(type in TYPES))).to.deep.equal([]);
    for (const [type, names] of [...read].filter(([type]) => type in TYPES)) {
      // Not every kind of a thing has every output: a network interface has no prefix list, a gateway has.
      const known = new Set(["id"]);
      for (const { inputs: program } of scenarios[type] ?? []) {
        const urn = urnOf(type, "x");
        const { inputs } = await lifecycle.check(urn, program, {}, SEED);
        const { properties } = await lifecycle.create(urn, inputs, false);
        for (const [name, value] of Object.entries(properties)) if (value !== undefined) known.add(name);
      }
      missing.push(...[...names].filter((name) => !known.has(name)).map((name) => `${type}.${name}`));
    }
    expect(missing).to.deep.equal([]);
  });
});
