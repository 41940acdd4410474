import { expect } from "chai";
import fc from "fast-check";
import { StackConfig } from "../../config";
import { processingInstanceTypes, hostingInstanceTypes, processingMemoryGib } from "../../config/instance-types";
import { errorPaths, minimal, valid, type Raw } from "./samples";

/** Three ratios in thousandths that sum to 1, as numbers or text. */
const ratios = fc
  .tuple(fc.integer({ min: 1, max: 998 }), fc.integer({ min: 1, max: 998 }), fc.boolean())
  .filter(([train, validation]) => train + validation < 1000)
  .map(([train, validation, asText]) => {
    const [trainRatio, validationRatio, testRatio] = [train, validation, 1000 - train - validation].map(
      (thousandths) => (asText ? (thousandths / 1000).toFixed(3) : thousandths / 1000),
    );
    return { trainRatio, validationRatio, testRatio };
  });

const large = Object.entries(processingMemoryGib).flatMap(([name, gib]) => (gib >= 8 ? [name] : []));

const rollout = fc.oneof(
  fc.constant({ type: "all-at-once" }),
  fc.record({ type: fc.constant("all-at-once"), bakeSeconds: fc.integer({ min: 180, max: 3600 }) }),
  fc.record({ type: fc.constant("shadow"), samplePercent: fc.integer({ min: 1, max: 100 }) }),
  fc.record({
    type: fc.constant("canary"),
    canaryPercent: fc.integer({ min: 1, max: 50 }),
    // Not less than the default alarms take to fire.
    waitIntervalSeconds: fc.integer({ min: 180, max: 3600 }),
  }),
  fc.record({
    type: fc.constant("linear"),
    stepPercent: fc.integer({ min: 10, max: 50 }),
    waitIntervalSeconds: fc.integer({ min: 180, max: 2000 }),
  }),
);

/** Valid configurations, with some of what may be left out left out. */
const configurations = fc.record(
  {
    global: fc.constant(minimal["global"]),
    preprocess: fc
      .tuple(ratios, fc.constantFrom(...large), fc.constantFrom("temporal", "stratified"))
      .map(([shares, instanceType, split]) => ({ ...shares, instanceType, split })),
    training: fc.record(
      {
        instanceType: fc.constant("ml.m5.xlarge"),
        hyperparameters: fc.dictionary(
          fc.stringMatching(/^[a-z]{1,8}$/),
          fc.oneof(fc.integer(), fc.boolean(), fc.string()),
        ),
      },
      { requiredKeys: ["instanceType"] },
    ),
    evaluation: fc.record({
      instanceType: fc.constantFrom(...processingInstanceTypes),
      rocAucMinThreshold: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    deployment: fc
      .tuple(
        fc.integer({ min: 2, max: 500 }),
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom(...hostingInstanceTypes),
        rollout,
      )
      .map(([minCapacity, more, instanceType, chosen]) => ({
        endpointName: "fraud",
        instanceType,
        minCapacity,
        maxCapacity: minCapacity + more,
        rollout: chosen,
        timeoutSeconds: 28_800,
        dataCapturePercent: 100,
      })),
    api: fc.record({ burstLimit: fc.integer({ min: 1, max: 5000 }) }),
    tags: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[a-z ]{0,8}$/)),
  },
  { requiredKeys: ["global", "preprocess", "training", "evaluation", "deployment"] },
);

/** Every value inside, with its path. */
function leaves(value: unknown, path: readonly string[] = []): { path: readonly string[]; value: unknown }[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
}

function replace(value: unknown, path: readonly string[], replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (Array.isArray(value)) return value.with(Number(key), replace(value[Number(key)], rest, replacement));
  const record = value as Raw;
  return { ...record, [key]: replace(record[key], rest, replacement) };
}

describe("any valid configuration", () => {
  it("decodes, and what it decodes to encodes to a configuration of the same meaning", () => {
    fc.assert(
      fc.property(configurations, (raw) => {
        const config = valid(raw);
        const encoded = StackConfig.encode(config);
        expect(StackConfig.is(config)).to.equal(true);
        expect(valid(JSON.parse(JSON.stringify(encoded)) as Raw)).to.deep.equal(config);
      }),
    );
  });

  it("with one value of a wrong type has exactly that error, at its path", () => {
    const mutated = configurations.chain((raw) =>
      fc
        .constantFrom(...leaves(valid(raw)).filter(({ path }) => path[0] !== "tags" && path[1] !== "hyperparameters"))
        .chain((leaf) =>
          fc
            .constantFrom<unknown>(null, [], {}, leaf.value === true || leaf.value === false ? "true" : true)
            .map((wrong) => ({
              path: leaf.path,
              raw: replace(valid(raw), leaf.path, wrong) as Raw,
            })),
        ),
    );
    fc.assert(
      fc.property(mutated, ({ path, raw }) => {
        expect(errorPaths(raw)).to.deep.equal([path.join(".")]);
      }),
    );
  });

  it("with one more key has exactly that error, at its path", () => {
    fc.assert(
      fc.property(configurations, fc.stringMatching(/^[a-z]{3,9}_x$/), (raw, key) => {
        for (const group of ["global", "preprocess", "training", "evaluation", "deployment"]) {
          const with1 = { ...raw, [group]: { ...(raw as Readonly<Record<string, Raw>>)[group], [key]: 1 } };
          expect(errorPaths(with1)).to.deep.equal([`${group}.${key}`]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("with ratios that miss 1 by any decimal is refused", () => {
    fc.assert(
      fc.property(ratios, fc.integer({ min: 4, max: 30 }), (shares, digits) => {
        const off = { ...shares, testRatio: `${Number(shares.testRatio).toFixed(3)}${"0".repeat(digits - 4)}1` };
        const raw = { ...minimal, preprocess: { instanceType: "ml.m5.large", ...off } };
        expect(errorPaths(raw)).to.deep.equal(["preprocess.trainRatio"]);
      }),
    );
  });
});
