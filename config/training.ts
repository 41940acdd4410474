import type * as t from "io-ts";
import { dictionary, integer, leaf, list, number, oneOf, optional, struct, tagged, text, withDefault } from "./codec";
import { processingMemoryOf } from "./instance-types";
import {
  arn,
  FrameworkVersion,
  ProcessingInstance,
  Ratio,
  ratiosSumToOne,
  S3Prefix,
  sageMakerName,
  SecurityGroupId,
  TrainingInstance,
} from "./values";

const SourceS3 = struct("SourceS3", {
  type: oneOf("s3"),
  /** Under the storage prefix. A `.csv`, a `.csv.gz` or a folder of them. Default raw/creditcard.csv. */
  key: withDefault(S3Prefix, "raw/creditcard.csv"),
});

/** A table of a MySQL database, and the job that reads it. */
export const rdsTable = {
  /** As the server's certificate names it: the instance's or cluster's own name, not an alias. */
  host: text(
    "a host name",
    /(?=.{1,253}$)[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?/,
    "give a host name without protocol or port",
  ),
  /** Default 3306. */
  port: withDefault(integer(1, 65535), 3306),
  /** In Secrets Manager; holds `username` and `password` as JSON, as RDS writes it. */
  secretArn: arn("secretsmanager", /secret:.+/, "arn:aws:secretsmanager:<region>:123456789012:secret:name"),
  /** Default credit_fraud. */
  database: withDefault(text("a MySQL name", /[\w$]{1,64}/, "use letters, digits, _ and $"), "credit_fraud"),
  /** Table or view. Default transactions. */
  table: withDefault(text("a MySQL name", /[\w$]{1,64}/, "use letters, digits, _ and $"), "transactions"),
  /** PEM file under the storage prefix with the roots that vouch for the server. Default: AWS's roots for RDS. */
  caBundleKey: optional(S3Prefix),
  /** Default ml.m5.large. */
  instanceType: withDefault(ProcessingInstance, "ml.m5.large"),
  /** Holds the rows, packed, while they are read: about 3 million a GB. 1 to 16384, default 30. */
  volumeSizeGb: withDefault(integer(1, 16_384), 30),
  /** 60 to 432000 (5 days), default 7200. */
  maxRuntimeSeconds: withDefault(integer(60, 432_000), 7200),
};

const SourceRds = struct("SourceRds", {
  type: oneOf("rds"),
  ...rdsTable,
  /** Key of KMS that encrypts the secret; left out where it is AWS's own for Secrets Manager. */
  secretKmsKeyArn: optional(arn("kms", /key\/.+/, "arn:aws:kms:<region>:123456789012:key/<id>")),
  /** The database's security group: the job is let in. Left out where somebody else sees to that. */
  securityGroupId: optional(SecurityGroupId),
});
export type SourceRds = t.TypeOf<typeof SourceRds>;

/** Where the raw transactions come from. Default: S3. */
export const Source = tagged("Source", "type", { s3: SourceS3, rds: SourceRds });
export type Source = t.TypeOf<typeof Source>;

/** The least memory on which Spark's driver and executor both start with room for data. */
const sparkMinimumGib = 8;

/** What the preprocessing job runs on; `auto` picks one machine (scikit-learn) or Spark by input size. */
export const PreprocessFramework = oneOf("pyspark", "scikit-learn", "auto");
export type PreprocessFramework = t.TypeOf<typeof PreprocessFramework>;

/** How the raw transactions become the train, validation and test sets. */
export const Preprocess = struct("Preprocess", {
  /** Default pyspark. */
  framework: withDefault(PreprocessFramework, "pyspark"),
  instanceType: ProcessingInstance,
  /** 1 to 100, default 1. scikit-learn runs on one, whoever picks it. */
  instanceCount: withDefault(integer(1, 100), 1),
  trainRatio: Ratio,
  validationRatio: Ratio,
  testRatio: Ratio,
  /** temporal: the newest rows are the test set. Default temporal. */
  split: withDefault(oneOf("temporal", "stratified"), "temporal"),
  /** Default 7. */
  seed: withDefault(integer(0, 2 ** 31 - 1), 7),
})
  .rule(["trainRatio", "validationRatio", "testRatio"], ratiosSumToOne)
  .rule(["framework", "instanceType"], ({ framework, instanceType }) => {
    const memory = processingMemoryOf(instanceType) ?? 0;
    if (framework === "scikit-learn" || memory >= sparkMinimumGib) return [];
    return [
      {
        path: "instanceType",
        value: instanceType,
        problem: `has ${memory} GiB of memory, and framework ${framework} needs at least ${sparkMinimumGib}`,
        remedy: "take ml.m5.large or larger, or framework scikit-learn",
      },
    ];
  })
  .rule(["framework", "instanceCount"], ({ framework, instanceCount }) =>
    framework !== "scikit-learn" || instanceCount === 1
      ? []
      : [
          {
            path: "instanceCount",
            value: instanceCount,
            problem: "is more than one instance, and framework scikit-learn runs on one",
            remedy: "make it 1, or take framework pyspark",
          },
        ],
  );
export type Preprocess = t.TypeOf<typeof Preprocess>;

/** The value of a hyperparameter. Its name and range are checked against the algorithm's in `pipeline/hyperparameters.ts`. */
export const Hyperparameter = leaf(
  "Hyperparameter",
  (value): value is string | number | boolean => ["string", "number", "boolean"].includes(typeof value),
  "is not text, a number or a boolean",
  "give a plain value",
);
export type Hyperparameter = t.TypeOf<typeof Hyperparameter>;

const HyperparameterName = text("a hyperparameter's name", /[a-z][a-z0-9_]*/, "use lower-case letters, digits and _");

export const Training = struct("Training", {
  /** Default xgboost. */
  algorithm: withDefault(oneOf("xgboost", "lgbm"), "xgboost"),
  /** Tag of the algorithm's image. Default: 3.0-5 of XGBoost's, 1.4-2 of scikit-learn's for lgbm. */
  frameworkVersion: optional(FrameworkVersion),
  instanceType: TrainingInstance,
  /** 1: neither algorithm is trained by several instances here. */
  instanceCount: withDefault(integer(1, 20), 1),
  /** 60 to 2419200 (28 days), default 3600. */
  maxRuntimeSeconds: withDefault(integer(60, 2_419_200), 3600),
  /** Override the defaults in `models/`. */
  hyperparameters: withDefault(dictionary(HyperparameterName, Hyperparameter), {}),
}).rule(["instanceCount"], ({ instanceCount }) =>
  instanceCount === 1
    ? []
    : [
        {
          path: "instanceCount",
          value: instanceCount,
          problem: "is more than one instance, and each would train the same model on the same rows",
          remedy: "make it 1, and take a larger instanceType",
        },
      ],
);
export type Training = t.TypeOf<typeof Training>;

/** What bias is looked for by: rows whose value of a feature lies in one band are compared with the rest. */
export const BiasFacet = struct("BiasFacet", {
  /** A feature of the model. */
  feature: text("a feature", /Time|V(?:[1-9]|1\d|2[0-8])|Amount/, "give Time, V1 to V28 or Amount"),
  /** Values between the bands, rising. */
  bands: list(number(-1_000_000, 1_000_000), 1),
}).rule(["feature", "bands"], ({ feature, bands }) => {
  const least = feature === "Amount" ? 0 : -Infinity;
  if (bands.every((edge, index) => edge > (bands[index - 1] ?? least))) return [];
  const problem = feature === "Amount" ? "do not rise from above 0" : "do not rise";
  return [{ path: "bands", value: bands, problem, remedy: "give each edge once, the least first" }];
});

/** The test-set evaluation and what the gate asks of it. Thresholds are 0 to 1. */
export const Evaluation = struct("Evaluation", {
  instanceType: ProcessingInstance,
  rocAucMinThreshold: number(0, 1),
  /** Default 0: not asked for. */
  auprcMinThreshold: withDefault(number(0, 1), 0),
  /** Recall at a false-positive rate of 0.001. Default 0: not asked for. */
  recallAtFpr001MinThreshold: withDefault(number(0, 1), 0),
  /** What one false alarm costs, in the currency of the amounts; a missed fraud costs its amount. Default 5. */
  falsePositiveCost: withDefault(number(0, 1_000_000), 5),
  /** Resamples for the 95% intervals: 100 to 100000, default 1000. */
  bootstrapSamples: withDefault(integer(100, 100_000), 1000),
  /**
   * How much AUPRC below the champion's is tolerated: refused when the whole 95% interval of the paired difference lies
   * lower. Default 0.
   */
  championMargin: withDefault(number(0, 1), 0),
  /**
   * What becomes of a model whose champion cannot be loaded, so that nobody knows which is better. ignore: the minima
   * alone decide. Default refuse.
   */
  unloadableChampion: withDefault(oneOf("refuse", "ignore"), "refuse"),
  /** Of the baselines of bias, and so of its monitor. Default: Amount in the bands below 10, below 100 and above. */
  biasFacet: optional(BiasFacet),
});
export type Evaluation = t.TypeOf<typeof Evaluation>;

export const Registry = struct("Registry", {
  /** manual: a person approves a package before it serves. Default auto. */
  approval: withDefault(oneOf("auto", "manual"), "auto"),
  /** In MLflow, and the group in SageMaker's registry. Default: the pipeline's name. */
  modelName: optional(sageMakerName(63)),
});
export type Registry = t.TypeOf<typeof Registry>;
