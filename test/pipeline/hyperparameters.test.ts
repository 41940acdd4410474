import { expect } from "chai";
import {
  algorithms,
  chooseAlgorithm,
  HyperparameterError,
  resolveHyperparameters,
} from "../../pipeline/hyperparameters";
import shipped from "../../models/xgboost_default.json";

const defaults = { eta: 0.05, max_depth: 5, gamma: 0, tree_method: "hist", verbose: false };

function resolve(configured: Record<string, string | number | boolean>, environment: Record<string, string> = {}) {
  return resolveHyperparameters(algorithms.xgboost, defaults, configured, environment);
}

function problems(configured: Record<string, string | number | boolean>, environment: Record<string, string> = {}) {
  try {
    resolve(configured, environment);
  } catch (error) {
    if (error instanceof HyperparameterError) return error.problems;
    throw error;
  }
  return [];
}

describe("hyperparameters", () => {
  it("come from the defaults, then the configuration, then the environment", () => {
    expect(
      resolve({ eta: 0.1, max_depth: 6 }, { XGBOOST_MAX_DEPTH: "7", XGBOOST_VERBOSE: "true", LGBM_NUM_LEAVES: "3" }),
    ).to.deep.equal({
      eta: 0.1,
      max_depth: 7,
      gamma: 0,
      tree_method: "hist",
      verbose: true,
    });
  });

  it("report all that is wrong, where it was given, with the nearest name", () => {
    const found = problems({ max_dept: 3, eta: "fast" }, { XGBOOST_GAMA: "1", XGBOOST_MAX_DEPTH: "deep" });
    expect(found).to.have.length(4);
    expect(found.join("\n"))
      .to.contain('training.hyperparameters.max_dept = 3: max_dept is not a hyperparameter: did you mean "max_depth"?')
      .and.contain('training.hyperparameters.eta = "fast": eta is not a number')
      .and.contain('XGBOOST_GAMA = "1": gama is not a hyperparameter: did you mean "gamma"?')
      .and.contain('XGBOOST_MAX_DEPTH = "deep": max_depth is not a number');
  });

  it("must be in range", () => {
    const outOfRange: Record<string, number>[] = [
      { eta: 0 },
      { eta: 1.1 },
      { max_depth: 2.5 },
      { max_depth: -1 },
      { gamma: -0.1 },
    ];
    for (const bad of outOfRange) {
      expect(problems(bad), JSON.stringify(bad)).to.have.length(1);
    }
    expect(problems({ eta: 1, max_depth: 0, gamma: 0 })).to.deep.equal([]);
  });

  it("are in range as shipped", () => {
    expect(resolveHyperparameters(algorithms.xgboost, shipped, shipped, {})).to.deep.equal(shipped);
  });

  it("are of the algorithm that is chosen", () => {
    expect(chooseAlgorithm("xgboost", {})).to.equal("xgboost");
    expect(chooseAlgorithm("xgboost", { TRAINING_ALGORITHM: "xgboost" })).to.equal("xgboost");
    expect(() => chooseAlgorithm("xgboost", { TRAINING_ALGORITHM: "xgbost" }))
      .to.throw("TRAINING_ALGORITHM=xgbost")
      .with.property("message")
      .that.contains('"xgboost"');
  });
});
