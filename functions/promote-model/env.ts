import * as t from "io-ts";
import { Arn, json, Text } from "../shared/environment";

/** The stack whose packages may be promoted to this one. */
export const PromotionSource = t.type(
  {
    /** 12 digits. */
    accountId: t.string,
    modelPackageGroupName: t.string,
    bucketName: t.string,
    /** Beginning of every key of that stack, without slashes at its ends. */
    prefix: t.string,
  },
  "PromotionSource",
);
export type PromotionSource = t.TypeOf<typeof PromotionSource>;

/** Environment of `promote-model`. */
export const PromoteModelEnvironment = t.type(
  {
    /** JSON `PromotionSource`. */
    SOURCE: json(PromotionSource),
    /** Folder for what comes with promoted packages, `s3://bucket/key` without a slash at its end. */
    PROMOTED_URI: Text,
    /** The MLflow app or tracking server of this stack. */
    MLFLOW_ARN: Arn,
    MLFLOW_EXPERIMENT_NAME: Text,
    /** Name of the MLflow registered model; made when it does not exist. */
    MODEL_NAME: Text,
    MODEL_PACKAGE_GROUP_NAME: Text,
    /** `Approved`: what is promoted is deployed. `PendingManualApproval`: a person decides. */
    APPROVAL_STATUS: t.union([t.literal("Approved"), t.literal("PendingManualApproval")]),
    /** The queue of deploy-model. */
    QUEUE_URL: Text,
  },
  "PromoteModelEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type PromoteModelVariables = t.OutputOf<typeof PromoteModelEnvironment>;
