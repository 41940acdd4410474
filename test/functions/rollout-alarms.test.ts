import { expect } from "chai";
import fc from "fast-check";
import { leftovers } from "../../functions/shared/retention";
import { rolloutAlarmNames, rolloutAlarms } from "../../functions/shared/rollout-alarms";
import { scoreDocuments } from "../../functions/shared/score-metrics";
import type { RequestRecord } from "../../functions/shared/deployment-records";
import { ENDPOINT_SETTINGS } from "./support/endpoint-settings";

const packageArn = (version: number) => `arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/${version}`;
const canary = {
  ...ENDPOINT_SETTINGS,
  rollout: { type: "canary", canaryPercent: 50, waitIntervalSeconds: 300 },
} as const;
const tags = { project: "fraud" };

describe("a rollout's alarms", () => {
  const models = { newPackageArn: packageArn(2), livePackageArn: packageArn(1) };

  it("watch the new fleet alone", () => {
    const alarms = rolloutAlarms("fraud-0123", canary, models, tags);
    expect(alarms.map(({ AlarmName }) => AlarmName)).to.deep.equal(rolloutAlarmNames("fraud-0123"));
    const [errors, latency] = alarms;
    for (const alarm of [errors, latency]) {
      expect(alarm).to.deep.include({
        Namespace: "AWS/SageMaker",
        Dimensions: [
          { Name: "EndpointName", Value: "fraud-endpoint" },
          { Name: "VariantName", Value: "live" },
          { Name: "EndpointConfigName", Value: "fraud-0123" },
        ],
        Period: 10,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        TreatMissingData: "notBreaching",
      });
    }
    expect(errors).to.include({ MetricName: "Invocation5XXErrors", Statistic: "Average", Threshold: 0.01 });
    // Microseconds.
    expect(latency).to.include({ MetricName: "ModelLatency", ExtendedStatistic: "p99", Threshold: 500_000 });
  });

  it("compare the new model's scores with the live one's, by the versions of their packages", () => {
    const shift = rolloutAlarms("fraud-0123", canary, models, tags)[2];
    const [expression, ...queries] = shift?.Metrics ?? [];
    expect(expression?.Expression).to.equal(
      "IF(new_count >= 10 AND live_count >= 10, MAX([ABS(new_mean - live_mean), ABS(new_flagged - live_flagged)]), 0)",
    );
    for (const { Id = "", MetricStat } of queries) {
      expect(MetricStat?.Metric?.Dimensions, Id).to.deep.equal([
        { Name: "EndpointName", Value: "fraud-endpoint" },
        { Name: "ModelPackageVersion", Value: Id.startsWith("new") ? "2" : "1" },
      ]);
    }
  });

  it("are not made where nobody would hear them, nor compare a model with itself", () => {
    expect(rolloutAlarms("fraud-0123", ENDPOINT_SETTINGS, models, tags)).to.deep.equal([]);
    for (const livePackageArn of [undefined, models.newPackageArn]) {
      expect(rolloutAlarms("fraud-0123", canary, { ...models, livePackageArn }, tags)).to.have.length(2);
    }
  });
});

describe("the metrics of scores", () => {
  it("hold every score once, by the version of the model's package, a hundred in a document", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 350 }), (scores) => {
        const model = { packageArn: packageArn(7), threshold: 0.5, algorithm: "xgboost" };
        const answer = { predictions: scores.map((score) => ({ score })), model };
        const documents = scoreDocuments("fraud", answer, new Date(0)) as Record<string, unknown>[];
        expect(documents.flatMap((each) => each.FraudProbability)).to.deep.equal(scores);
        expect(documents.flatMap((each) => each.FlaggedFraud)).to.deep.equal(scores.map((it) => Number(it >= 0.5)));
        for (const each of documents) {
          expect(each).to.include({ EndpointName: "fraud", ModelPackageVersion: "7" });
          expect(each.FraudProbability).to.have.length.within(1, 100);
        }
      }),
    );
  });
});

describe("what is kept of earlier deployments", () => {
  /** The latest first. */
  const history = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.boolean()), { maxLength: 30 })
    .map((deployments) =>
      deployments.map(([version, succeeded], index): RequestRecord => ({
        id: String(index),
        kind: "pipeline",
        requestedAt: "2026-01-01T00:00:00Z",
        state: "settled",
        succeeded,
        configName: `config-${version}`,
        modelName: `model-${version}`,
      })),
    );

  it("is all that is in use, and the last that were live", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 8 }), (requests, keep, live) => {
        const { configNames, modelNames } = leftovers(requests, keep, new Set([`config-${live}`]));
        const lived = requests.flatMap((each) => (each.succeeded === true ? (each.configName ?? "") : []));
        const kept = [...new Set(lived)].slice(0, keep);
        expect(configNames).not.to.include.members([`config-${live}`]);
        for (const name of kept) expect(configNames).not.to.include(name);
        // No model goes whose config stays, and none stays whose configs are all gone.
        expect(modelNames.map((name) => name.replace("model", "config"))).to.have.members(configNames);
        expect(
          new Set([...requests.map((each) => each.configName), `config-${live}`]).size - configNames.length,
        ).to.be.at.most(2 * keep + 1);
      }),
    );
  });
});
