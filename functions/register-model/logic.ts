import { createHash } from "node:crypto";
import type { CreateModelPackageCommandInput, ModelApprovalStatus } from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import { METRICS, type EvaluationReport } from "../shared/evaluation-report";
import type { Run } from "../shared/mlflow";
import { FEATURES, featuresHash } from "../shared/transactions";

/** What the pipeline's Lambda step sends. */
export const RegisterEvent = t.intersection(
  [
    t.type({
      executionId: t.string,
      pipelineExecutionArn: t.string,
      evaluationUri: t.string,
      modelArtifactUri: t.string,
      /** Serving image. */
      image: t.string,
      algorithm: t.string,
      gitRevision: t.string,
    }),
    t.partial({
      /** Environment of the serving container. */
      environment: t.record(t.string, t.string),
    }),
  ],
  "RegisterEvent",
);
export type RegisterEvent = t.TypeOf<typeof RegisterEvent>;

/** The step's outputs. */
export interface Registration {
  modelPackageArn: string;
  mlflowModelVersion: string;
}

/** Tag of MLflow runs and versions by which a retry finds what an earlier try made. */
export const EXECUTION_TAG = "execution_id";
/** Tag of an MLflow version: the SageMaker model package that it goes with. */
export const PACKAGE_TAG = "sagemaker_model_package_arn";

/** The evaluation as an MLflow run: each metric with the ends of its interval. */
export function evaluationRun(event: RegisterEvent, report: EvaluationReport, startedAt: Date): Run {
  const { rows, threshold, cost } = report;
  const metrics: Record<string, number> = { threshold, cost: cost.total };
  for (const name of METRICS) {
    const { value, interval } = report.metrics[name];
    metrics[`test_${name}`] = value;
    metrics[`test_${name}_low`] = interval[0];
    metrics[`test_${name}_high`] = interval[1];
  }
  return {
    name: event.executionId,
    startedAt,
    metrics,
    params: {
      algorithm: event.algorithm,
      false_positive_cost: String(cost.falsePositiveCost),
      test_rows: String(rows.test),
      test_frauds: String(rows.frauds),
      legitimate_weight: String(rows.legitimateWeight),
    },
    tags: {
      [EXECUTION_TAG]: event.executionId,
      git_revision: event.gitRevision,
      pipeline_execution_arn: event.pipelineExecutionArn,
      evaluation_uri: event.evaluationUri,
    },
  };
}

/** The SageMaker model package. The same event and version give the same package, token included. */
export function modelPackage(
  event: RegisterEvent,
  report: EvaluationReport,
  mlflowModelVersion: string,
  settings: { groupName: string; approvalStatus: ModelApprovalStatus },
): CreateModelPackageCommandInput {
  return {
    ModelPackageGroupName: settings.groupName,
    ModelPackageDescription: `${event.algorithm} of execution ${event.executionId}`,
    ModelApprovalStatus: settings.approvalStatus,
    InferenceSpecification: {
      Containers: [
        {
          Image: event.image,
          ModelDataUrl: event.modelArtifactUri,
          ...(event.environment === undefined ? {} : { Environment: event.environment }),
        },
      ],
      SupportedContentTypes: ["text/csv"],
      SupportedResponseMIMETypes: ["application/json", "text/csv"],
    },
    ModelMetrics: {
      ModelQuality: { Statistics: { ContentType: "application/json", S3Uri: event.evaluationUri } },
    },
    CustomerMetadataProperties: {
      executionId: event.executionId,
      pipelineExecutionArn: event.pipelineExecutionArn,
      mlflowVersion: mlflowModelVersion,
      gitRevision: event.gitRevision,
      algorithm: event.algorithm,
      threshold: String(report.threshold),
      featuresHash: featuresHash(FEATURES),
    },
    ClientToken: clientToken(event.executionId),
  };
}

/** SageMaker answers a repeated token with the package that it made first. At most 36 characters are allowed. */
const clientToken = (executionId: string): string =>
  createHash("sha256").update(executionId).digest("hex").slice(0, 36);
