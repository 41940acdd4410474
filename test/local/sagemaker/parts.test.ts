import { expect } from "chai";
import fc from "fast-check";
import { eventStatus } from "../../../local/sagemaker/endpoints/endpoint-events";
import { MetricReader, wrongPatterns } from "../../../local/sagemaker/jobs/metrics";
import { localise } from "../../../local/sagemaker/opt-ml";
import { page, type ListRequest } from "../../../local/sagemaker/paging";
import { pathBelowPrefix } from "../../../local/sagemaker/s3-files";
import { Store } from "../../../local/server/store";

describe("paging", () => {
  const describeNumber = (value: number) => ({ name: `name-${value}`, created: value % 10, status: `${value % 3}` });
  const list = "ListNumbers";
  const first = (values: readonly number[], request: ListRequest = {}) => page(list, values, request, describeNumber);
  const orders = fc.constantFrom("Ascending", "Descending");
  const keys = fc.constantFrom("Name", "CreationTime", "Status", "LastModifiedTime");

  /** All pages, of a list that may be another one for each. */
  function walk(at: (turn: number) => readonly number[], request: ListRequest): number[] {
    const seen: number[] = [];
    let NextToken: string | undefined;
    for (let turn = 0; turn === 0 || NextToken; turn++) {
      const result = first(at(turn), { ...request, ...(NextToken ? { NextToken } : {}) });
      expect(result.items.length).to.be.at.most(request.MaxResults ?? 10);
      seen.push(...result.items);
      NextToken = result.NextToken;
    }
    return seen;
  }

  it("gives every element once, in one order, whatever the page size and the sort key", () => {
    const values = fc.uniqueArray(fc.nat(1000), { maxLength: 40 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 12 }), keys, orders, (all, MaxResults, SortBy, SortOrder) => {
        const seen = walk(() => all, { MaxResults, SortBy, SortOrder });
        expect(seen).to.deep.equal(first(all, { MaxResults: 100, SortBy, SortOrder }).items);
        expect([...seen].sort()).to.deep.equal([...all].sort());
        const reverse = SortOrder === "Ascending" ? "Descending" : "Ascending";
        expect(walk(() => all, { MaxResults, SortBy, SortOrder: reverse })).to.deep.equal(seen.reverse());
      }),
      { numRuns: 50 },
    );
  });

  it("gives every element once that stays while others come and go", () => {
    const apart = fc.uniqueArray(fc.nat(1000), { maxLength: 60 });
    fc.assert(
      fc.property(apart, fc.integer({ min: 1, max: 7 }), keys, orders, (values, MaxResults, SortBy, SortOrder) => {
        const [staying, going, coming] = [0, 1, 2].map((kind) => values.filter((_, index) => index % 3 === kind));
        const at = (turn: number) => [
          ...(staying ?? []),
          ...(going ?? []).slice(turn),
          ...(coming ?? []).slice(0, turn),
        ];
        const seen = walk(at, { MaxResults, SortBy, SortOrder });
        expect(new Set(seen).size).to.equal(seen.length);
        expect(seen).to.include.members(staying ?? []);
      }),
      { numRuns: 50 },
    );
  });

  it("filters by name, status and time, and puts the newest first", () => {
    expect(first([1, 12, 21, 30], { NameContains: "1", CreationTimeAfter: 1 }).items).to.deep.equal([12, 21, 1]);
    expect(first([1, 12, 21, 30], { StatusEquals: "1" }).items).to.deep.equal([1]);
    expect(first([1, 12, 13], { CreatedAfter: 2, CreatedBefore: 2 }).items).to.deep.equal([12]);
  });

  it("refuses tokens that are foreign or of another request", () => {
    const { NextToken = "" } = first([1, 2], { MaxResults: 1 });
    expect(first([1, 2], { MaxResults: 9, NextToken }).items).to.deep.equal([1]);
    expect(() => first([1, 2], { NextToken, NameContains: "1" })).to.throw("NextToken");
    expect(() => page("ListOthers", [1, 2], { NextToken }, describeNumber)).to.throw("NextToken");
    for (const wrong of ["nonsense", `${NextToken.split(".")[0]}.nonsense`, `${NextToken.split(".")[0]}.`]) {
      expect(() => first([1, 2], { NextToken: wrong }), wrong).to.throw("NextToken");
    }
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
