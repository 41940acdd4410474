import { suggest } from "../config/nearest";
import type { Training } from "../config/training";
import { imageUri, type Framework } from "./images";

/** An algorithm that can be trained: where it runs, and where its settings come from. */
export interface Algorithm {
  /** AWS's framework container that trains the model, loads it to evaluate it, and serves it. */
  readonly framework: Framework;
  /** The image's version where the configuration names none. */
  readonly frameworkVersion: string;
  /** Script in `jobs/train/`. */
  readonly program: string;
  /** File in `models/` with every hyperparameter's default. */
  readonly defaultsFile: string;
  /** Environment variables of the launcher that override begin with it. */
  readonly environmentPrefix: string;
  readonly ranges: Readonly<Record<string, Range>>;
}

/** From `min` to `max`, both included; `above` excludes its bound. */
export interface Range {
  readonly whole?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
}

const share: Range = { above: 0, max: 1 };
const penalty: Range = { min: 0 };
const count: Range = { whole: true, min: 1 };
const rounds: Range = { ...count, max: 100_000 };

/** What can be trained, by the names that the configuration uses. */
export const algorithms = {
  xgboost: {
    framework: "sagemaker-xgboost",
    frameworkVersion: "3.0-5",
    program: "train_xgboost.py",
    defaultsFile: "xgboost_default.json",
    environmentPrefix: "XGBOOST_",
    ranges: {
      eta: share,
      max_depth: { whole: true, min: 0, max: 64 },
      max_bin: { whole: true, min: 2 },
      min_child_weight: penalty,
      gamma: penalty,
      subsample: share,
      colsample_bytree: share,
      reg_lambda: penalty,
      reg_alpha: penalty,
      num_round: rounds,
      early_stopping_rounds: count,
    },
  },
  // AWS has no LightGBM container for scripts: the scikit-learn one runs it, with the library from the job's wheels.
  lgbm: {
    framework: "sagemaker-scikit-learn",
    frameworkVersion: "1.4-2",
    program: "train_lgbm.py",
    defaultsFile: "lgbm_default.json",
    environmentPrefix: "LGBM_",
    ranges: {
      learning_rate: share,
      num_leaves: { whole: true, min: 2, max: 131_072 },
      // -1: no limit.
      max_depth: { whole: true, min: -1, max: 64 },
      max_bin: { whole: true, min: 2 },
      min_data_in_leaf: { whole: true, min: 0 },
      min_sum_hessian_in_leaf: penalty,
      min_gain_to_split: penalty,
      lambda_l1: penalty,
      lambda_l2: penalty,
      feature_fraction: share,
      bagging_fraction: share,
      // 0: every iteration sees every row.
      bagging_freq: { whole: true, min: 0 },
      num_iterations: rounds,
      early_stopping_round: count,
    },
  },
} as const satisfies Readonly<Record<Training["algorithm"], Algorithm>>;
export type AlgorithmName = keyof typeof algorithms;

type Configured = Pick<Training, "algorithm" | "frameworkVersion" | "hyperparameters">;

/**
 * What is trained: the configured algorithm, unless TRAINING_ALGORITHM in the environment names another. The framework's
 * version and the hyperparameters of the configuration are those of the configured algorithm; another one starts from
 * its own defaults.
 * @throws {Error} if there is no such algorithm.
 */
export function chooseAlgorithm<C extends Configured>(
  configured: C,
  environment: Readonly<Record<string, string | undefined>>,
): C {
  const wanted = environment["TRAINING_ALGORITHM"];
  if (wanted === undefined || wanted === "" || wanted === configured.algorithm) return configured;
  if (isAlgorithm(wanted))
    return { ...configured, algorithm: wanted, frameworkVersion: undefined, hyperparameters: {} };
  const known = Object.keys(algorithms);
  throw new Error(`TRAINING_ALGORITHM=${wanted} is not an algorithm that can be trained: ${suggest(wanted, known)}`);
}

function isAlgorithm(name: string): name is AlgorithmName {
  return Object.hasOwn(algorithms, name);
}

/** Framework and version of the container that trains, evaluates and serves. */
export function containerOf({ algorithm, frameworkVersion }: Pick<Configured, "algorithm" | "frameworkVersion">): {
  readonly framework: Framework;
  readonly version: string;
} {
  const { framework, frameworkVersion: usual }: Algorithm = algorithms[algorithm];
  return { framework, version: frameworkVersion ?? usual };
}

/** @throws {Error} if there is no image of the version in the region. */
export function trainingImage(training: Pick<Configured, "algorithm" | "frameworkVersion">, region: string): string {
  const { framework, version } = containerOf(training);
  return imageUri(framework, version, region);
}
