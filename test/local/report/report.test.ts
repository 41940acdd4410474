import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { decode, decodeJson } from "../../../functions/shared/decode";
import { renderPage } from "../../../local/report/html";
import { RunReport } from "../../../local/report/report";
import { writeReport } from "../../../local/report/write";
import { anyReport, emptyReport, passedReport, refusedReport } from "./reports";

describe("report.json", () => {
  it("holds every key that its readers count on, whatever the run came to", () => {
    const keys = {
      data: ["source", "rows", "frauds"],
      model: ["algorithm", "rocAuc", "auprc", "auprcInterval", "threshold", "recallAtFpr001"],
      registry: ["modelPackageArn", "mlflowModelVersion"],
      endpoint: ["name", "configName", "status"],
      api: ["url", "predictStatus", "noKeyStatus", "healthStatus", "p50Ms", "p99Ms"],
      stream: ["rowsIn", "scored", "quarantined", "written"],
      provisioned: ["resources", "components"],
    } as const;
    for (const report of [passedReport(), refusedReport(), emptyReport()]) {
      const written = JSON.parse(JSON.stringify(RunReport.encode(report))) as Record<string, object>;
      expect(written).to.include.keys("passed", "stages", ...Object.keys(keys));
      for (const [part, names] of Object.entries(keys)) expect(written[part], part).to.have.all.keys(...names);
    }
  });

  it("comes back from the file as it was", () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const text = JSON.stringify(RunReport.encode(report));
        const back = decodeJson(RunReport, text, "The report");
        expect(JSON.stringify(RunReport.encode(back))).to.equal(text);
      }),
      { numRuns: 100 },
    );
  });

  it("is refused with the path of everything that is wrong", () => {
    const wrong = { ...passedReport(), passed: "yes", stream: { rowsIn: "7", scored: 1, quarantined: 1, written: 1 } };
    expect(() => decode(RunReport, wrong, "The report"))
      .to.throw(/passed = "yes"/)
      .with.property("message")
      .that.matches(/stream\.rowsIn = "7"/);
  });

  describe("written to a folder", () => {
    let directory: string;
    beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "report-"))));
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    it("stands beside its page, takes the place of an earlier one, and leaves nothing else", () => {
      const below = join(directory, "new");
      writeReport(below, emptyReport());
      writeReport(below, passedReport());
      expect(readdirSync(below).sort()).to.deep.equal(["report.html", "report.json"]);
      const file = join(below, "report.json");
      expect(decodeJson(RunReport, readFileSync(file, "utf8"), file)).to.deep.equal(passedReport());
      expect(readFileSync(join(below, "report.html"), "utf8")).to.equal(renderPage(passedReport()));
    });
  });
});
