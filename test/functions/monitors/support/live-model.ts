import type { LiveModel } from "../../../../functions/shared/live-model";

/** Folder of the live model's baselines. */
export const BASELINES = "s3://bucket/fraud/20261121-a/baselines";
const source = (file: string) => ({ ContentType: "application/json", S3Uri: `${BASELINES}/${file}` });
/** A model as the pipeline registers it. */
export const LIVE: LiveModel = {
  modelName: "fraud-model",
  packageArn: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/3",
  package: {
    DriftCheckBaselines: {
      ModelDataQuality: {
        Statistics: source("data-quality/statistics.json"),
        Constraints: source("data-quality/constraints.json"),
      },
      ModelQuality: {
        Statistics: source("model-quality/statistics.json"),
        Constraints: source("model-quality/constraints.json"),
      },
      Bias: {
        ConfigFile: source("analysis_config.json"),
        PreTrainingConstraints: source("bias/analysis.json"),
        PostTrainingConstraints: source("bias/analysis.json"),
      },
      Explainability: {
        ConfigFile: source("analysis_config.json"),
        Constraints: source("explainability/analysis.json"),
      },
    },
    InferenceSpecification: {
      Containers: [{ Image: "image", ModelDataUrl: "s3://bucket/fraud/20261121-a/model/job/output/model.tar.gz" }],
      SupportedContentTypes: ["text/csv"],
      SupportedResponseMIMETypes: ["application/json"],
    },
    CustomerMetadataProperties: { threshold: "0.31" },
  },
};
