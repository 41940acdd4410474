import type { ResourceTable } from "../resource";
import { APIGATEWAY } from "./apigateway";
import { APIGATEWAY_KEYS } from "./apigateway-keys";
import { APIGATEWAY_METHOD } from "./apigateway-method";
import { ATHENA } from "./athena";
import { BUDGETS } from "./budgets";
import { CLOUDWATCH } from "./cloudwatch";
import { CODEBUILD } from "./codebuild";
import { CODEPIPELINE } from "./codepipeline";
import { ECS } from "./containers";
import { DYNAMODB } from "./dynamodb";
import { VPC_ACCESS } from "./ec2-access";
import { VPC } from "./ec2-vpc";
import { ECR } from "./ecr";
import { EVENT_PERMISSION } from "./event-permission";
import { EVENTS } from "./events";
import { IAM } from "./iam";
import { KMS } from "./kms";
import { LAMBDA } from "./lambda";
import { INVOCATION } from "./lambda-invocation";
import { MESSAGING } from "./messaging";
import { S3 } from "./s3";
import { S3_OBJECT } from "./s3-object";
import { SAGEMAKER } from "./sagemaker";
import { SSM } from "./ssm";

/** All resource types of the provider, by token. */
export const TYPES: ResourceTable = {
  ...APIGATEWAY,
  ...APIGATEWAY_KEYS,
  ...APIGATEWAY_METHOD,
  ...ATHENA,
  ...BUDGETS,
  ...CLOUDWATCH,
  ...CODEBUILD,
  ...CODEPIPELINE,
  ...DYNAMODB,
  ...ECR,
  ...ECS,
  ...EVENT_PERMISSION,
  ...EVENTS,
  ...IAM,
  ...INVOCATION,
  ...KMS,
  ...LAMBDA,
  ...MESSAGING,
  ...S3,
  ...S3_OBJECT,
  ...SAGEMAKER,
  ...SSM,
  ...VPC,
  ...VPC_ACCESS,
};
