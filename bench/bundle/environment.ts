// Variables of all functions together, so that each loads: what they hold is not looked at before the first event.
import type { AuthorizeVariables } from "../../functions/authorize/env";
import type { CompareShadowVariables } from "../../functions/compare-shadow/env";
import type { DeployModelVariables } from "../../functions/deploy-model/env";
import type { FindChampionVariables } from "../../functions/find-champion/env";
import type { GateModelVariables } from "../../functions/gate-model/env";
import type { InferenceHealthVariables } from "../../functions/inference-health/env";
import type { InferenceVariables } from "../../functions/inference/env";
import type { LaunchSoonVariables } from "../../functions/launch-soon/env";
import type { MergeLabelsVariables } from "../../functions/merge-labels/env";
import type { PromoteModelVariables } from "../../functions/promote-model/env";
import type { ReconcileMonitorsVariables } from "../../functions/reconcile-monitors/env";
import type { RegisterModelVariables } from "../../functions/register-model/env";
import type { RequestDeploymentVariables } from "../../functions/request-deployment/env";
import type { RunMonitorVariables } from "../../functions/run-monitor/env";
import type { RunPipelineVariables } from "../../functions/run-pipeline/env";
import type { ScorerVariables } from "../../functions/scorer/env";
import type { SettleDeploymentVariables } from "../../functions/settle-deployment/env";
import type { SettleMonitorVariables } from "../../functions/settle-monitor/env";
import type { TeardownVariables } from "../../functions/teardown/env";
import { schemas } from "../../functions/scorer/schemas";
import { monitorKinds } from "../../functions/shared/monitors";
import { ENDPOINT_SETTINGS } from "../../test/functions/support/endpoint-settings";

type AllVariables = AuthorizeVariables &
  CompareShadowVariables &
  DeployModelVariables &
  FindChampionVariables &
  GateModelVariables &
  InferenceHealthVariables &
  InferenceVariables &
  LaunchSoonVariables &
  MergeLabelsVariables &
  PromoteModelVariables &
  ReconcileMonitorsVariables &
  RegisterModelVariables &
  RequestDeploymentVariables &
  RunMonitorVariables &
  RunPipelineVariables &
  ScorerVariables &
  SettleDeploymentVariables &
  SettleMonitorVariables &
  TeardownVariables;

const arn = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:123456789012:${resource}`;
const ROLE = "arn:aws:iam::123456789012:role/bench";
const TAGS = JSON.stringify({ project: "fraud" });
const MONITOR = {
  hours: [1],
  schedule: "cron(0 * ? * * *)",
  periodHours: 1,
  instanceType: "ml.m5.large",
  instanceCount: 1,
  volumeSizeGb: 20,
  maxRuntimeSeconds: 3600,
  thresholds: {},
};

const variables: AllVariables = {
  ALERTS_TOPIC_ARN: arn("sns", "alerts"),
  ANALYZER_IMAGE_URI: "analyzer",
  APPROVAL_STATUS: "Approved",
  BATCH_ROWS: "500",
  BATCH_TRANSFORM_BYTES: "1000000000",
  CAPTURE_URI: "s3://bucket/captures",
  CHECK_INSTANCE_TYPE: "ml.m5.large",
  CHUNK_ROWS: "10000",
  CLARIFY_IMAGE_URI: "clarify",
  CLUSTER_ARN: arn("ecs", "cluster/fraud"),
  CODE_URI: "s3://bucket/code",
  CONTAINER_NAME: "launcher",
  DEPLOYMENTS_TABLE_NAME: "deployments",
  DYNAMODB_TABLE_NAME: "predictions",
  ENDPOINT_CONCURRENCY: "4",
  ENDPOINT_NAME: "fraud",
  ENDPOINT_SETTINGS: JSON.stringify(ENDPOINT_SETTINGS),
  ENDPOINT_VARIANT_NAME: "main",
  FILES_TABLE_NAME: "files",
  GROUND_TRUTH_URI: "s3://bucket/labels",
  IMAGE_PARAMETER_NAME: "/fraud/image",
  IMAGE_URI: "image",
  INPUT_URI: "s3://bucket/input",
  JOB_NAME_PREFIX: "fraud",
  JOB_ROLE_ARN: ROLE,
  JWKS_URI: "https://id.example/keys",
  JWT_AUDIENCE: '["fraud"]',
  JWT_ISSUER: "https://id.example",
  KMS_KEY_ARN: arn("kms", "key/bench"),
  LABEL_MATURITY_HOURS: "24",
  LABELS_PREFIX: "fraud/labels",
  LAUNCH_TARGET: JSON.stringify({
    Arn: arn("ecs", "cluster/fraud"),
    RoleArn: ROLE,
    EcsParameters: { TaskDefinitionArn: arn("ecs", "task-definition/fraud:1") },
  }),
  MANIFESTS_PREFIX: "fraud/manifests",
  MERGED_PREFIX: "fraud/ground-truth",
  MLFLOW_ARN: arn("sagemaker", "mlflow-app/app-BENCH"),
  MLFLOW_EXPERIMENT_NAME: "fraud",
  MODEL_ENDPOINT_PREFIX: "fraud",
  MODEL_INSTANCE_TYPE: "ml.m5.large",
  MODEL_NAME: "fraud",
  MODEL_PACKAGE_GROUP_NAME: "fraud",
  MODEL_ROLE_ARN: ROLE,
  MONITORS: JSON.stringify(Object.fromEntries(monitorKinds.map((kind) => [kind, MONITOR]))),
  MONITOR_RUNS_TABLE_NAME: "runs",
  NO_MODEL_RETRY_SECONDS: "300",
  OUTPUT_URI: "s3://bucket/output",
  PIPELINE_NAME: "fraud",
  PREDICTIONS_PREFIX: "fraud/predictions",
  PREDICTIONS_TABLE_NAME: "predictions",
  PROMOTED_URI: "s3://bucket/promoted",
  QUARANTINE_PREFIX: "fraud/quarantine",
  QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
  QUIET_MINUTES: "5",
  RECORD_PREPROCESSOR_URI: "s3://bucket/preprocessor.py",
  REPORTS_URI: "s3://bucket/reports",
  RESOURCE_TAGS: TAGS,
  SCHEDULE_GROUP_NAME: "fraud",
  SCHEDULE_NAME: "launch",
  SECURITY_GROUP_IDS: "[]",
  SOURCE: JSON.stringify({
    accountId: "123456789012",
    modelPackageGroupName: "fraud",
    bucketName: "bucket",
    prefix: "fraud",
  }),
  START_TIMEOUT_SECONDS: "600",
  STREAM_PREFIX: "fraud/stream_data",
  STREAM_SCHEMA: JSON.stringify(schemas.creditcard),
  SUBNET_IDS: "[]",
  TASK_FAMILY: "fraud-launcher",
  TASK_TAGS: TAGS,
  TRANSFORM_INSTANCE_COUNT: "1",
  TRANSFORM_INSTANCE_TYPE: "ml.m5.large",
  TRANSFORM_JOB_PREFIX: "fraud",
  TRANSFORM_PREFIX: "fraud/transform",
};

/** What a function's process has. */
export const environment: Record<string, string> = {
  AWS_REGION: "eu-west-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  ...variables,
};
