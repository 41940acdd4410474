import type { DefinitionSettings } from "../../../../functions/reconcile-monitors/definitions";
import {
  dataQuality,
  modelBias,
  modelExplainability,
  modelQuality,
} from "../../../../functions/reconcile-monitors/definitions";
import type { ManagedMonitor } from "../../../../functions/reconcile-monitors/env";
import type { LiveModel } from "../../../../functions/shared/live-model";
import type { MonitorKind } from "../../../../functions/shared/monitors";
import { monitorImageUri } from "../../../../pipeline/monitor-images";

export const SETTINGS: DefinitionSettings = {
  endpointName: "Fraud-Scores",
  analyzerImageUri: monitorImageUri("analyzer", "eu-west-1"),
  clarifyImageUri: monitorImageUri("clarify", "eu-west-1"),
  jobRoleArn: "arn:aws:iam::123456789012:role/monitors-job",
  recordPreprocessorUri: "s3://bucket/fraud/scripts/c0de/record_preprocessor.py",
  groundTruthUri: "s3://bucket/fraud/ground-truth/merged",
  outputUri: "s3://bucket/fraud/monitor-output",
  kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/stack",
  labelMaturityHours: 336,
  network: { subnetIds: ["subnet-0123456789abcdef0"], securityGroupIds: ["sg-0123456789abcdef0"] },
  tags: { project: "fraud", "fraud:project-id": "fraud-prod", "fraud:project-name": "fraud" },
};

export const MONITOR: ManagedMonitor = {
  schedule: "cron(0 0/6 ? * * *)",
  periodHours: 6,
  instanceType: "ml.m5.xlarge",
  instanceCount: 2,
  volumeSizeGb: 40,
  maxRuntimeSeconds: 1700,
  kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/own",
};

export const FILES = {
  configUri: "s3://bucket/fraud/monitor-input/hash/analysis_config.json",
  constraintsUri: "s3://bucket/fraud/monitor-input/hash/analysis.json",
};

/** The request of each kind, by kind. */
export function requests(
  settings: DefinitionSettings,
  monitor: ManagedMonitor,
  live: LiveModel,
): Record<MonitorKind, { JobDefinitionName: string }> {
  return {
    "data-quality": dataQuality(settings, monitor, live),
    "model-quality": modelQuality(settings, monitor, live),
    "model-bias": modelBias(settings, monitor, live, FILES),
    "model-explainability": modelExplainability(settings, monitor, FILES),
  };
}
