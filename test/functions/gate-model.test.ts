import { expect } from "chai";
import fc from "fast-check";
import { decide } from "../../functions/gate-model/logic";
import { decodeEvaluationReport } from "../../functions/shared/evaluation-report";
import { evaluationReport } from "./support/reports";

const event = {
  evaluationUri: "s3://bucket/evaluation.json",
  rocAucMin: 0.95,
  auprcMin: 0.7,
  recallAtFpr001Min: 0.75,
  executionId: "run-1",
};

describe("the gate", () => {
  it("passes a model that reaches every minimum, the minimum itself included", () => {
    const decision = decide(evaluationReport({ rocAuc: 0.95, auprc: 0.7, recallAtFpr001: 0.75 }), event);
    expect(decision.passed).to.equal("true");
  });

  it("names every metric that fails, with value, interval and minimum, and no other", () => {
    const { passed, reason } = decide(evaluationReport({ rocAuc: 0.9, auprc: 0.8, recallAtFpr001: 0.5 }), event);
    expect(passed).to.equal("false");
    expect(reason).to.contain("ROC AUC 0.9000 (95% interval 0.8800–0.9200) is below 0.95");
    expect(reason).to.contain("recall at 0.1% false positives 0.5000 (95% interval 0.4800–0.5200) is below 0.75");
    expect(reason).not.to.contain("AUPRC");
  });

  it("passes exactly the models whose three metrics reach their minima", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, share, (rocAuc, auprc, recallAtFpr001) => {
        const wanted =
          rocAuc >= event.rocAucMin && auprc >= event.auprcMin && recallAtFpr001 >= event.recallAtFpr001Min;
        const { passed } = decide(evaluationReport({ rocAuc, auprc, recallAtFpr001 }), event);
        expect(passed).to.equal(String(wanted));
      }),
      { examples: [[0.95, 0.7, 0.75]] },
    );
  });

  it("refuses evidence without a fraud", () => {
    expect(decide(evaluationReport({}, 0), event)).to.deep.include({ passed: "false" });
  });

  it("takes no report with a metric that is none", () => {
    const report = evaluationReport();
    expect(decodeEvaluationReport(JSON.parse(JSON.stringify(report)))).to.deep.equal(report);
    report.metrics.auprc.value = NaN;
    report.metrics.rocAuc.interval[1] = 1.2;
    expect(() => decodeEvaluationReport(report))
      .to.throw("metrics.auprc.value = null must be a number from 0 to 1")
      .with.property("message")
      .that.contains("metrics.rocAuc.interval.1 = 1.2");
  });
});
