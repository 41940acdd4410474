import { readFileSync } from "node:fs";
import { expect } from "chai";
import { algorithms } from "../../pipeline/algorithms";
import { HyperparameterError, resolveHyperparameters, type Hyperparameters } from "../../pipeline/hyperparameters";

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

  for (const [name, algorithm] of Object.entries(algorithms)) {
    it(`of ${name} all have a range, and are in it as shipped`, () => {
      const shipped = JSON.parse(readFileSync(`models/${algorithm.defaultsFile}`, "utf8")) as Hyperparameters;
      expect(Object.keys(shipped)).to.have.members(Object.keys(algorithm.ranges));
      expect(resolveHyperparameters(algorithm, shipped, shipped, {})).to.deep.equal(shipped);
    });
  }

  it("of LightGBM are read from variables of its own", () => {
    const shipped = { num_leaves: 15, max_depth: -1, learning_rate: 0.05 };
    const lgbm = (environment: Record<string, string>) =>
      resolveHyperparameters(algorithms.lgbm, shipped, {}, environment);
    expect(lgbm({ LGBM_NUM_LEAVES: "31", XGBOOST_ETTA: "1" })).to.deep.equal({ ...shipped, num_leaves: 31 });
    for (const [variable, value, told] of [
      ["LGBM_NUM_LEAVS", "31", 'did you mean "num_leaves"?'],
      ["LGBM_NUM_LEAVES", "1", "at least 2"],
      ["LGBM_MAX_DEPTH", "-2", "at least -1"],
      ["LGBM_LEARNING_RATE", "0", "above 0"],
      ["LGBM_LEARNING_RATE", "slow", "is not a number"],
    ] as const) {
      expect(() => lgbm({ [variable]: value }), variable).to.throw(HyperparameterError, told);
    }
  });
});
