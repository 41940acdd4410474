import { expect } from "chai";
import fc from "fast-check";
import { decide, type GateEvent } from "../../functions/gate-model/logic";
import { decodeEvaluationReport } from "../../functions/shared/evaluation-report";
import type { ChampionReport } from "../../functions/shared/evaluation-report";
import { comparedChampion, evaluationReport } from "./support/reports";

const event: GateEvent = {
  evaluationUri: "s3://bucket/evaluation.json",
  rocAucMin: 0.95,
  auprcMin: 0.7,
  recallAtFpr001Min: 0.75,
  championMargin: 0.01,
  unloadableChampion: "refuse",
  executionId: "run-1",
  pipelineExecutionArn: "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud/execution/run-1",
  gitRevision: "0123abc",
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
    expect(reason).to.contain("There is no champion yet.");
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

  describe("with a champion", () => {
    const against = (champion: ChampionReport, changes: Partial<GateEvent> = {}) =>
      decide({ ...evaluationReport(), champion }, { ...event, ...changes });

    it("refuses a model that is worse by the whole interval and the margin, and no other", () => {
      const share = fc.double({ min: 0, max: 0.2, noNaN: true });
      fc.assert(
        fc.property(fc.double({ min: -0.2, max: 0.2, noNaN: true }), share, share, (value, width, championMargin) => {
          const high = Math.min(value + width, 1);
          const { passed } = against(comparedChampion(value, [value - width, high]), { championMargin });
          expect(passed).to.equal(String(high >= -championMargin));
        }),
        { examples: [[-0.01, 0, 0.01]] },
      );
    });

    it("says by how much the champion is better", () => {
      const { passed, reason } = against(comparedChampion(-0.05, [-0.08, -0.02]));
      expect(passed).to.equal("false");
      expect(reason).to.contain(
        "the champion is better: on the same rows the champion, version 3, has AUPRC 0.8500 (95% interval 0.8300–0.8700), a difference of −0.0500 (95% interval of paired samples −0.0800 to −0.0200); a margin of 0.01 is allowed",
      );
    });

    it("tells of the comparison where the model passes, and where a minimum refuses it", () => {
      const champion = comparedChampion(0.02, [-0.01, 0.05]);
      expect(against(champion).reason).to.contain("The champion is not better: on the same rows");
      const refused = against(champion, { auprcMin: 0.9 });
      expect(refused.passed).to.equal("false");
      expect(refused.reason).to.match(/AUPRC .* is below 0\.9\. The champion is not better/);
    });

    it("goes by the minima alone where the champion takes other features, and warns", () => {
      const detail = "The champion, version 3, cannot score these rows: Country besides.";
      const { passed, reason, warning } = against({ status: "otherFeatures", detail, mlflowVersion: "3" });
      expect(passed).to.equal("true");
      expect(reason).to.contain(`${detail} The minima alone decide.`);
      expect(warning).to.contain(detail);
    });

    it("refuses a model whose champion cannot be loaded, unless that is to be ignored", () => {
      const champion: ChampionReport = { status: "unloadable", detail: "The champion's package is gone." };
      const refused = against(champion);
      expect(refused.passed).to.equal("false");
      expect(refused.reason).to.contain(
        "nobody knows whether the champion is better: The champion's package is gone (",
      );
      expect(refused.reason).to.contain('evaluation.unloadableChampion to "ignore"');
      const passed = against(champion, { unloadableChampion: "ignore" });
      expect(passed.passed).to.equal("true");
      expect(passed.reason).to.contain("It is ignored, as configured.");
      expect(passed.warning).to.contain("gone");
    });

    it("keeps the reason within what SageMaker takes of a step's output", () => {
      const { reason } = against({ status: "unloadable", detail: "x".repeat(3000) });
      expect(reason)
        .to.have.length(1024)
        .and.match(/^The model is refused: .*…$/);
    });
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
