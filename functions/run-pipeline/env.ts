import * as t from "io-ts";
import { Arn, json, Text, wholeNumber } from "../shared/environment";

/** Environment of `run-pipeline`. */
export const RunPipelineEnvironment = t.type(
  {
    CLUSTER_ARN: Arn,
    /** Family of the launcher's task definition. */
    TASK_FAMILY: Text,
    /** The container of it that runs the delivered image. */
    CONTAINER_NAME: Text,
    /** JSON list of subnets; Fargate asks for one at least. */
    SUBNET_IDS: json(t.array(t.string)),
    /** JSON list of security groups; the VPC's default one where it is empty. */
    SECURITY_GROUP_IDS: json(t.array(t.string)),
    /** SSM parameter that holds the image which runs, for `pulumi up` to read. */
    IMAGE_PARAMETER_NAME: Text,
    /** How long a task may take until it is RUNNING, in seconds: 60 to 3600. */
    START_TIMEOUT_SECONDS: wholeNumber(60, 3600),
  },
  "RunPipelineEnvironment",
);
export type RunPipelineEnvironment = t.TypeOf<typeof RunPipelineEnvironment>;
/** The variables as Lambda wants them: all strings. */
export type RunPipelineVariables = t.OutputOf<typeof RunPipelineEnvironment>;
