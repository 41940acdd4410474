import { createHash } from "node:crypto";
import type { CreateModelPackageCommandInput, ModelApprovalStatus } from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import type { EvaluationReport } from "../shared/evaluation-report";
import { ARTIFACT_DIGEST } from "../shared/model-package";
import { FEATURES, featuresHash } from "../shared/transactions";

/** What the pipeline's Lambda step sends. */
export const RegisterEvent = t.intersection(
  [
    t.type({
      executionId: t.string,
      pipelineExecutionArn: t.string,
      evaluationUri: t.string,
      /** Folder of the baselines job's files, without a slash at its end. */
      baselinesUri: t.string,
      modelArtifactUri: t.string,
      /** Serving image. */
      image: t.string,
      algorithm: t.string,
      gitRevision: t.string,
    }),
    t.partial({
      /** Environment of the serving container. */
      environment: t.record(t.string, t.string),
      /** Folder of the golden sample, without a slash at its end. Without it nothing checks the model before traffic. */
      goldenUri: t.string,
    }),
  ],
  "RegisterEvent",
);
export type RegisterEvent = t.TypeOf<typeof RegisterEvent>;

/** The SageMaker model package. The same event and version give the same package, token included. */
export function modelPackage(
  event: RegisterEvent,
  report: EvaluationReport,
  { version, artifactSha256 }: { version: string; artifactSha256: string },
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
      SupportedContentTypes: ["application/json", "text/csv"],
      SupportedResponseMIMETypes: ["application/json", "text/csv"],
    },
    ...baselines(event.baselinesUri),
    CustomerMetadataProperties: {
      executionId: event.executionId,
      pipelineExecutionArn: event.pipelineExecutionArn,
      mlflowVersion: version,
      [ARTIFACT_DIGEST]: artifactSha256,
      gitRevision: event.gitRevision,
      algorithm: event.algorithm,
      threshold: String(report.threshold),
      // No comma is allowed in these values.
      features: FEATURES.join(" "),
      featuresHash: featuresHash(FEATURES),
      ...(event.goldenUri === undefined ? {} : { goldenUri: event.goldenUri }),
    },
    ClientToken: clientToken(event.executionId),
  };
}

/** The baselines, as what is known of the model and as what its live traffic is to be held against. */
function baselines(folder: string): Pick<CreateModelPackageCommandInput, "ModelMetrics" | "DriftCheckBaselines"> {
  const json = (file: string) => ({ ContentType: "application/json", S3Uri: `${folder}/${file}` });
  const of = (kind: string) => ({
    Statistics: json(`${kind}/statistics.json`),
    Constraints: json(`${kind}/constraints.json`),
  });
  const ModelDataQuality = of("data-quality");
  const ModelQuality = of("model-quality");
  const [bias, explainability] = [json("bias/analysis.json"), json("explainability/analysis.json")];
  const ConfigFile = json("analysis_config.json");
  return {
    ModelMetrics: {
      ModelDataQuality,
      ModelQuality,
      Bias: { Report: bias, PreTrainingReport: bias, PostTrainingReport: bias },
      Explainability: { Report: explainability },
    },
    DriftCheckBaselines: {
      ModelDataQuality,
      ModelQuality,
      // One analysis holds both sections, as Clarify writes them.
      Bias: { ConfigFile, PreTrainingConstraints: bias, PostTrainingConstraints: bias },
      Explainability: { ConfigFile, Constraints: explainability },
    },
  };
}

/** SageMaker answers a repeated token with the package that it made first. At most 36 characters are allowed. */
const clientToken = (executionId: string): string =>
  createHash("sha256").update(executionId).digest("hex").slice(0, 36);
