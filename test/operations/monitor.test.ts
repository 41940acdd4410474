import { expect } from "chai";
import { describeRun, exitCodeOf, time } from "../../operations/monitor";
import type { FollowedRun } from "../../pipeline/monitor-client";

const run: FollowedRun = {
  monitor: "model-quality",
  outcome: "started",
  reason: "Job j looks at what was captured.",
  jobName: "j",
  outputUri: "s3://b/out",
};
const summary: NonNullable<FollowedRun["summary"]> = {
  version: 1,
  monitor: "model-quality",
  status: "Completed",
  startTime: "2026-11-21T12:00:00Z",
  endTime: "2026-11-21T13:00:00Z",
  rows: 500,
  labelledRows: 400,
  violations: [],
};
const violation = { feature: "", metric: "recall", check: "LessThanThreshold", description: "0.5 is below 0.7" };

describe("npm run monitor", () => {
  it("ends with a code for what was found", () => {
    expect(exitCodeOf({ ...run, summary })).to.equal(0);
    expect(exitCodeOf({ ...run, failure: "no baseline" })).to.equal(1);
    expect(exitCodeOf({ ...run, summary: { ...summary, violations: [violation] } })).to.equal(2);
    expect(exitCodeOf({ ...run, summary: { ...summary, status: "Empty" } })).to.equal(3);
    expect(exitCodeOf({ monitor: "data-quality", outcome: "empty", reason: "Nothing was captured." })).to.equal(3);
  });

  it("says for people what was found, and where it is", () => {
    expect(describeRun({ ...run, summary: { ...summary, violations: [violation] } })).to.equal(
      "model-quality, 2026-11-21T12:00:00Z to 2026-11-21T13:00:00Z: 500 rows, 400 of them labelled, 1 violation\n" +
        "  recall: 0.5 is below 0.7\nOutput: s3://b/out/",
    );
    expect(describeRun({ monitor: "data-quality", outcome: "empty", reason: "Nothing was captured." })).to.equal(
      "Nothing was captured.",
    );
    expect(describeRun({ ...run, failure: "no baseline" })).to.contain("j failed: no baseline");
  });

  it("takes times in ISO 8601 with their zone, and dates, and nothing else", () => {
    expect(time("2026-11-21")).to.deep.equal(new Date("2026-11-21T00:00:00Z"));
    expect(time("2026-11-21T13:00+01:00")).to.deep.equal(new Date("2026-11-21T12:00:00Z"));
    for (const text of ["", "now", "2026-11-21T13:00:00", "21.11.2026", "2026-13-01"]) {
      expect(() => time(text), text).to.throw("is wanted");
    }
  });
});
