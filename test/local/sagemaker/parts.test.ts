import { expect } from "chai";
import fc from "fast-check";
import { eventStatus } from "../../../local/sagemaker/endpoints/endpoint-events";
import { MetricReader, wrongPatterns } from "../../../local/sagemaker/jobs/metrics";
import { localise } from "../../../local/sagemaker/opt-ml";
import { page } from "../../../local/sagemaker/paging";
import { pathBelowPrefix } from "../../../local/sagemaker/s3-files";
import { Store } from "../../../local/server/store";

describe("paging", () => {
  const describeNumber = (value: number) => ({ name: `name-${value}`, created: value });

  it("gives every element once, in order, whatever the page size", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (values, size) => {
        const seen: number[] = [];
        let NextToken: string | undefined;
        do {
          const request = { MaxResults: size, SortOrder: "Ascending", ...(NextToken ? { NextToken } : {}) };
          const result = page(values, request, describeNumber);
          expect(result.items.length).to.be.at.most(size);
          seen.push(...result.items);
          NextToken = result.NextToken;
        } while (NextToken);
        expect(seen).to.deep.equal([...values].sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  it("filters by name and time, and puts the newest first", () => {
    const { items } = page([1, 12, 21, 30], { NameContains: "1", CreationTimeAfter: 2 }, describeNumber);
    expect(items).to.deep.equal([21, 12]);
  });

  it("refuses tokens that are foreign or of another request", () => {
    const { NextToken = "" } = page([1, 2], { MaxResults: 1 }, describeNumber);
    expect(() => page([1, 2], { NextToken, NameContains: "1" }, describeNumber)).to.throw("NextToken");
    expect(() => page([1, 2], { NextToken: "nonsense" }, describeNumber)).to.throw("NextToken");
  });
});

describe("the store", () => {
  it("keeps names unique, and either all of a transaction or nothing", () => {
    const store = new Store(":memory:");
    const things = store.collection<{ value: number }>("thing");
    expect(things.insert("a", { value: 1 })).to.equal(true);
    expect(things.insert("a", { value: 2 })).to.equal(false);
    expect(store.collection("other").insert("a", {})).to.equal(true);
    const half = () =>
      store.transaction(() => {
        things.update("a", () => ({ value: 3 }));
        throw new Error("half way");
      });
    expect(half).to.throw("half way");
    expect(things.get("a")).to.deep.equal({ value: 1 });
    expect(things.update("nobody", () => ({ value: 1 }))).to.equal(undefined);
    expect([things.remove("a"), things.remove("a")]).to.deep.equal([true, false]);
    store.close();
  });
});

describe("the folder that stands for /opt/ml", () => {
  it("takes its place wherever a path begins with it, and only there", () => {
    const cases: [string, string][] = [
      ["/opt/ml", "/j"],
      ["/opt/ml/model/code", "/j/model/code"],
      ["--in=/opt/ml/input --out /opt/ml/output", "--in=/j/input --out /j/output"],
      ["file:///opt/ml/x", "file:///j/x"],
      ["s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"],
      ["/opt/mlflow", "/opt/mlflow"],
      ["/data/opt/ml", "/data/opt/ml"],
    ];
    for (const [text, wanted] of cases) expect(localise(text, "/j")).to.equal(wanted);
    expect(localise("/opt/ml/x", "/a$&b")).to.equal("/a$&b/x");
  });
});

describe("S3 prefixes", () => {
  it("become folders as SageMaker lays them out", () => {
    const cases: [string, string, string][] = [
      ["p/train", "p/train/a/b.csv", "a/b.csv"],
      ["p/train/", "p/train/b.csv", "b.csv"],
      ["p/train/b.csv", "p/train/b.csv", "b.csv"],
      ["p/tr", "p/train/b.csv", "train/b.csv"],
      ["", "a/b.csv", "a/b.csv"],
    ];
    for (const [prefix, key, wanted] of cases) expect(pathBelowPrefix(prefix, key), prefix).to.equal(wanted);
  });
});

describe("training metrics", () => {
  it("are the last values in the log", () => {
    const reader = new MetricReader([{ Name: "auc", Regex: "auc=([0-9.]+)" }]);
    for (const line of ["auc=0.5", "nothing", "auc=0.75 rest", "auc=."]) reader.read(line);
    expect(reader.latest().map(({ MetricName, Value }) => [MetricName, Value])).to.deep.equal([["auc", 0.75]]);
    expect(
      wrongPatterns([
        { Name: "a", Regex: "(" },
        { Name: "b", Regex: "x" },
      ]),
    ).to.have.length(1);
  });
});

describe("endpoint events", () => {
  it("write statuses as SageMaker's do", () => {
    expect(["InService", "Creating", "RollingBack"].map(eventStatus)).to.deep.equal([
      "IN_SERVICE",
      "CREATING",
      "ROLLING_BACK",
    ]);
  });
});
