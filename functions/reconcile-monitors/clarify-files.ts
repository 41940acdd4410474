import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { biasBaseline, AnalysisConfig } from "../shared/bias-baseline";
import { contentHash } from "../shared/endpoint-config";
import type { LiveModel } from "../shared/live-model";
import { parseS3Uri, readJson } from "../shared/objects";
import { JSON_PATHS, type ClarifyFiles } from "./definitions";

export interface FileSettings {
  inputUri: string;
  modelInstanceType: string;
  modelEndpointPrefix: string;
}

const JSON_TYPE = "application/json";

/**
 * What Clarify is told of captured requests, which are JSON, where the baseline's rows were CSV: of those the label was
 * the first column; here it comes from the ground truth, after the features.
 */
export function biasConfig(config: AnalysisConfig): AnalysisConfig {
  const { headers, label } = config;
  const features = featuresOf(config);
  return {
    ...config,
    dataset_type: JSON_TYPE,
    ...(Array.isArray(headers) ? { headers: [...features, label] } : {}),
    label: JSON_PATHS.label,
  };
}

/** Names of columns, but for the label's. */
const featuresOf = ({ headers, label }: AnalysisConfig): unknown[] =>
  Array.isArray(headers) ? headers.filter((header) => header !== label) : [];

/**
 * What Clarify is told to explain: the model under the name that it has by now, of which it serves a copy to itself. The
 * package cannot say it, because the model is made when it is deployed.
 */
export function explainabilityConfig(
  config: AnalysisConfig,
  modelName: string,
  { modelInstanceType, modelEndpointPrefix }: Omit<FileSettings, "inputUri">,
): AnalysisConfig {
  const { version, methods } = config;
  const shap = (methods as { shap?: Record<string, unknown> } | undefined)?.shap ?? {};
  return {
    version,
    dataset_type: JSON_TYPE,
    // Captured requests hold no label.
    headers: featuresOf(config),
    methods: { shap: { agg_method: shap.agg_method, use_logit: shap.use_logit } },
    predictor: {
      model_name: modelName,
      instance_type: modelInstanceType,
      initial_instance_count: 1,
      content_type: JSON_TYPE,
      accept_type: JSON_TYPE,
      content_template: '{"instances":$records}',
      record_template: '{"features":$features}',
      endpoint_name_prefix: modelEndpointPrefix,
    },
  };
}

/** The files of bias's definition: the model's own configuration, for captured requests, and its constraints in one document. */
export async function biasFiles(s3: S3Client, live: LiveModel, { inputUri }: FileSettings): Promise<ClarifyFiles> {
  const { analysis, config } = await biasBaseline(s3, live);
  return {
    configUri: await put(s3, `${inputUri}/model-bias`, "analysis_config.json", biasConfig(config)),
    constraintsUri: await put(s3, `${inputUri}/model-bias`, "analysis.json", analysis),
  };
}

/** The files of explainability's definition. @throws Error when the live model has no baselines of it. */
export async function explainabilityFiles(
  s3: S3Client,
  { packageArn, modelName, package: model }: LiveModel,
  settings: FileSettings,
): Promise<ClarifyFiles> {
  const { ConfigFile, Constraints } = model.DriftCheckBaselines?.Explainability ?? {};
  if (ConfigFile?.S3Uri === undefined || Constraints?.S3Uri === undefined) {
    throw new Error(`${packageArn} has no baselines of model-explainability to hold its traffic against: train again`);
  }
  const config = explainabilityConfig(await readJson(s3, ConfigFile.S3Uri, AnalysisConfig), modelName, settings);
  const folder = `${settings.inputUri}/model-explainability`;
  return { configUri: await put(s3, folder, "analysis_config.json", config), constraintsUri: Constraints.S3Uri };
}

/** Writes a document to a folder that is named after it: what a running job reads is never changed. */
async function put(s3: S3Client, folder: string, name: string, document: object): Promise<string> {
  const uri = `${folder}/${contentHash(document)}/${name}`;
  const { bucket, key } = parseS3Uri(uri);
  const Body = JSON.stringify(document);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: "application/json" }));
  return uri;
}
