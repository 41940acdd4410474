import { expect } from "chai";
import { algorithms, chooseAlgorithm, containerOf, trainingImage } from "../../pipeline/algorithms";

const configured = {
  algorithm: "xgboost",
  frameworkVersion: "1.7-1",
  hyperparameters: { max_depth: 4 },
  instanceType: "ml.m5.large",
} as const;

describe("the algorithm", () => {
  it("is the configured one, with its version and hyperparameters", () => {
    for (const environment of [{}, { TRAINING_ALGORITHM: "" }, { TRAINING_ALGORITHM: "xgboost" }]) {
      expect(chooseAlgorithm(configured, environment)).to.deep.equal(configured);
    }
  });

  it("is another one where the environment names it, from its own defaults", () => {
    const chosen = chooseAlgorithm(configured, { TRAINING_ALGORITHM: "lgbm" });
    expect(chosen).to.deep.equal({
      ...configured,
      algorithm: "lgbm",
      frameworkVersion: undefined,
      hyperparameters: {},
    });
    expect(containerOf(chosen)).to.deep.equal({ framework: "sagemaker-scikit-learn", version: "1.4-2" });
  });

  it("is one that can be trained", () => {
    for (const wanted of ["xgbost", "lightgbm", "toString"]) {
      expect(() => chooseAlgorithm(configured, { TRAINING_ALGORITHM: wanted }))
        .to.throw(`TRAINING_ALGORITHM=${wanted}`)
        .with.property("message")
        .that.matches(/xgboost|lgbm/);
    }
  });

  it("runs in its own container, of the configured version or its usual one", () => {
    expect(trainingImage({ algorithm: "xgboost", frameworkVersion: undefined }, "eu-west-1")).to.equal(
      "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5",
    );
    expect(trainingImage(configured, "eu-west-1")).to.match(/sagemaker-xgboost:1\.7-1$/);
    expect(trainingImage({ algorithm: "lgbm", frameworkVersion: undefined }, "us-east-1")).to.equal(
      "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
    );
    expect(() => trainingImage({ algorithm: "lgbm", frameworkVersion: "3.0-5" }, "us-east-1")).to.throw("1.4-2");
  });

  it("has a program, defaults and variables of its own", () => {
    const all = Object.values(algorithms);
    for (const key of ["program", "defaultsFile", "environmentPrefix"] as const) {
      expect(new Set(all.map((algorithm) => algorithm[key])).size).to.equal(all.length);
    }
  });
});
