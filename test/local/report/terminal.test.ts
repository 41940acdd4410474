import { expect } from "chai";
import fc from "fast-check";
import { summary } from "../../../local/report/terminal";
import { anyReport, emptyReport, passedReport, refusedReport } from "./reports";

const plain = (report: Parameters<typeof summary>[0]) => summary(report, { colour: false });

describe("the summary in the terminal", () => {
  it("gives the verdict first, then a fact a line", () => {
    const lines = plain(passedReport()).split("\n");
    expect(lines[0]).to.equal("PASSED: every stage did what it claims");
    expect(lines).to.include("  Data         200,000 rows, 345 frauds, file");
    expect(plain(passedReport()))
      .to.match(/AUPRC 0\.812 \[0\.792, 0\.822\]/)
      .and.to.match(/54 of 70 test frauds caught, 6 false alarms/)
      .and.to.match(/200 with key, 403 without/)
      .and.to.match(/2005 rows in = 2000 scored \+ 5 quarantined; 2000 in DynamoDB/);
  });

  it("says why the gate refused, and at which stage a run failed", () => {
    expect(plain(refusedReport()))
      .to.match(/^REFUSED: the gate turned the model down/)
      .and.to.contain("ROC AUC 0.9750 is below 0.99");
    expect(plain(emptyReport())).to.match(/^FAILED: the run ended at stage data/);
  });

  it("labels figures from generated data", () => {
    const { data, ...rest } = passedReport();
    expect(plain({ ...rest, data: { ...data, source: "synthetic" } })).to.match(/AUPRC.*\(synthetic data\)/);
    expect(plain(passedReport())).not.to.contain("synthetic");
  });

  it("has colours only where they are asked for", () => {
    const escapes = (text: string) => text.split(String.fromCharCode(27)).length - 1;
    expect(escapes(plain(passedReport()))).to.equal(0);
    expect(escapes(summary(passedReport(), { colour: true }))).to.be.above(0);
  });

  it("fits on a screen and leaves no hole, whatever the report", () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const text = plain(report);
        expect(text.split("\n").length).to.be.at.most(40);
        expect(text).not.to.match(/NaN|\[object/);
      }),
    );
  });
});
