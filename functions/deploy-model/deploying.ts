import type { S3Client } from "@aws-sdk/client-s3";
import type { Tags } from "../shared/environment";
import type { ModelRegistry } from "../shared/mlflow";
import type { SettlementClients, SettlementSettings } from "../shared/settlement";

export interface DeployClients extends SettlementClients {
  mlflow: Pick<ModelRegistry, "setAlias" | "versionOfAlias">;
  s3: S3Client;
}

export interface DeploySettings extends SettlementSettings {
  /** Of everything that is made. */
  tags: Tags;
  /** The role of models that are made of packages. */
  modelRoleArn: string;
  /** What the check of a model runs on. */
  checkInstanceType: string;
}

/** How far a deployment got: through, as far as SageMaker must go on by itself, or it must wait to go on. */
export type Progress = "settled" | "started" | "wait";
