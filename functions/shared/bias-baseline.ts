import type { S3Client } from "@aws-sdk/client-s3";
import * as t from "io-ts";
import type { LiveModel } from "./live-model";
import { readJson } from "./objects";

/** Clarify's `analysis.json`, as far as it is about bias. */
const Analysis = t.intersection(
  [
    t.type({ version: t.string }),
    t.partial({ pre_training_bias_metrics: t.UnknownRecord, post_training_bias_metrics: t.UnknownRecord }),
  ],
  "Analysis",
);
export type Analysis = t.TypeOf<typeof Analysis>;

/** Clarify's configuration of an analysis. */
export const AnalysisConfig = t.UnknownRecord;
export type AnalysisConfig = t.TypeOf<typeof AnalysisConfig>;

/** What a model's traffic is held against for bias. */
export interface BiasBaseline {
  /** Both kinds of metrics in one document, as a monitor takes them. */
  analysis: Analysis;
  config: AnalysisConfig;
}

/**
 * One document of the two that Clarify may have written, before training and after it: of each the section that it is
 * there for. @throws Error naming the document that lacks its section.
 */
export function combinedAnalysis(before: Analysis, after: Analysis): Analysis {
  const pre = before.pre_training_bias_metrics;
  const post = after.post_training_bias_metrics;
  const lacking = [
    ...(pre === undefined ? ["the pre-training constraints lack pre_training_bias_metrics"] : []),
    ...(post === undefined ? ["the post-training constraints lack post_training_bias_metrics"] : []),
  ];
  if (pre === undefined || post === undefined) throw new Error(lacking.join(" and "));
  return { version: before.version, pre_training_bias_metrics: pre, post_training_bias_metrics: post };
}

/** @throws Error when the package has no baselines of bias, or they are not Clarify's. */
export async function biasBaseline(s3: S3Client, { packageArn, package: model }: LiveModel): Promise<BiasBaseline> {
  const { ConfigFile, PreTrainingConstraints, PostTrainingConstraints } = model.DriftCheckBaselines?.Bias ?? {};
  const [config, pre, post] = [ConfigFile?.S3Uri, PreTrainingConstraints?.S3Uri, PostTrainingConstraints?.S3Uri];
  if (config === undefined || pre === undefined || post === undefined) {
    throw new Error(`${packageArn} has no baselines of model-bias to hold its traffic against: train again`);
  }
  const before = await readJson(s3, pre, Analysis);
  const after = pre === post ? before : await readJson(s3, post, Analysis);
  try {
    return { analysis: combinedAnalysis(before, after), config: await readJson(s3, config, AnalysisConfig) };
  } catch (error) {
    throw new Error(`${packageArn}: ${error instanceof Error ? error.message : String(error)}: train again`, {
      cause: error,
    });
  }
}
