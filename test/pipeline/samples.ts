import { either } from "fp-ts";
import { describeErrors } from "../../config";
import { decodeLaunchSettings, type LaunchSettings } from "../../pipeline/launch-settings";

/** Settings as the component writes them. */
export const rawSettings = {
  region: "eu-west-1",
  bucket: "bucket",
  prefix: "fraud",
  pipelineName: "fraud-test",
  sagemakerRoleArn: "arn:aws:iam::123456789012:role/sagemaker",
  baseJobNamePrefix: "fraud-test",
  modelPackageGroupName: "fraud-test",
  mlflowArn: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-TEST",
  source: { type: "s3", key: "raw/creditcard.csv" },
  preprocess: {
    framework: "scikit-learn",
    instanceType: "ml.m5.large",
    instanceCount: 1,
    trainRatio: 0.6,
    validationRatio: "0.2",
    testRatio: 0.2,
    split: "temporal",
    seed: 7,
  },
  training: {
    algorithm: "xgboost",
    frameworkVersion: "3.0-5",
    instanceType: "ml.m5.xlarge",
    instanceCount: 1,
    maxRuntimeSeconds: 3600,
    hyperparameters: { max_depth: 4 },
  },
  evaluation: {
    instanceType: "ml.m5.large",
    rocAucMinThreshold: 0.93,
    auprcMinThreshold: 0.6,
    recallAtFpr001MinThreshold: 0,
    falsePositiveCost: 5,
    bootstrapSamples: 1000,
    championMargin: 0.01,
    unloadableChampion: "refuse",
  },
  functions: {
    findChampionArn: "arn:aws:lambda:eu-west-1:123456789012:function:find-champion",
    gateModelArn: "arn:aws:lambda:eu-west-1:123456789012:function:gate-model",
    registerModelArn: "arn:aws:lambda:eu-west-1:123456789012:function:register-model",
  },
  deployQueueUrl: "https://sqs.eu-west-1.amazonaws.com/123456789012/deploy",
  tags: { project: "fraud" },
  gitRevision: "0123abc",
} as const;

/** A database as the source, as the component writes it. */
export const rdsSource = {
  type: "rds",
  host: "db.example.eu-west-1.rds.amazonaws.com",
  port: 3306,
  secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reader-AbCdEf",
  database: "credit_fraud",
  table: "transactions",
  roleArn: "arn:aws:iam::123456789012:role/extract",
  network: {
    subnetIds: ["subnet-00000000000000001", "subnet-00000000000000002"],
    securityGroupIds: ["sg-00000000000000001"],
  },
} as const;

export function settings(changes: Readonly<Record<string, unknown>> = {}): LaunchSettings {
  const decoded = decodeLaunchSettings({ LAUNCH_SETTINGS: JSON.stringify({ ...rawSettings, ...changes }) });
  if (either.isLeft(decoded)) throw new Error(describeErrors(decoded.left));
  return decoded.right;
}

/** Something in JSON by its path; undefined where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key], value);
}
