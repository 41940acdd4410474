import type * as apigateway from "@aws-sdk/client-api-gateway";
import type * as athena from "@aws-sdk/client-athena";
import type * as budgets from "@aws-sdk/client-budgets";
import type * as cloudwatch from "@aws-sdk/client-cloudwatch";
import type * as logs from "@aws-sdk/client-cloudwatch-logs";
import type * as codebuild from "@aws-sdk/client-codebuild";
import type * as codepipeline from "@aws-sdk/client-codepipeline";
import type * as dynamodb from "@aws-sdk/client-dynamodb";
import type * as ec2 from "@aws-sdk/client-ec2";
import type * as ecr from "@aws-sdk/client-ecr";
import type * as ecs from "@aws-sdk/client-ecs";
import type * as events from "@aws-sdk/client-eventbridge";
import type * as glue from "@aws-sdk/client-glue";
import type * as iam from "@aws-sdk/client-iam";
import type * as kms from "@aws-sdk/client-kms";
import type * as lambda from "@aws-sdk/client-lambda";
import type * as s3 from "@aws-sdk/client-s3";
import type * as sagemaker from "@aws-sdk/client-sagemaker";
import type * as scheduler from "@aws-sdk/client-scheduler";
import type * as sns from "@aws-sdk/client-sns";
import type * as sqs from "@aws-sdk/client-sqs";
import type * as ssm from "@aws-sdk/client-ssm";

/** The AWS SDK's clients: one per service, loaded when first used, found at the address the environment names. */

interface Sdk {
  apigateway: typeof apigateway;
  athena: typeof athena;
  budgets: typeof budgets;
  cloudwatch: typeof cloudwatch;
  codebuild: typeof codebuild;
  codepipeline: typeof codepipeline;
  dynamodb: typeof dynamodb;
  ec2: typeof ec2;
  ecr: typeof ecr;
  ecs: typeof ecs;
  events: typeof events;
  glue: typeof glue;
  iam: typeof iam;
  kms: typeof kms;
  lambda: typeof lambda;
  logs: typeof logs;
  s3: typeof s3;
  sagemaker: typeof sagemaker;
  scheduler: typeof scheduler;
  sns: typeof sns;
  sqs: typeof sqs;
  ssm: typeof ssm;
}

/** botocore's name of a service. */
export type Service = keyof Sdk;

export type OperationOf<S extends Service> = keyof Sdk[S] extends infer Key
  ? Key extends `${infer Name}Command`
    ? Name
    : never
  : never;

type CommandOf<S extends Service, O extends string> = Sdk[S][`${O}Command` & keyof Sdk[S]];

/** Input of an operation. Members are optional and enums are strings: AWS's model is what checks them. */
export type InputOf<S extends Service, O extends string> =
  CommandOf<S, O> extends abstract new (...args: never) => { input: infer Input } ? Loose<Input> : never;

/** Answer of an operation. Members may be missing whatever the service. */
export type OutputOf<S extends Service, O extends string> =
  CommandOf<S, O> extends abstract new (...args: never) => {
    resolveMiddleware: (...args: never) => (...args: never) => Promise<{ output: infer Output }>;
  }
    ? Output
    : never;

type Loose<T> = T extends string
  ? string
  : T extends Uint8Array | Date | number | boolean | undefined
    ? T
    : T extends (infer Element)[]
      ? Loose<Element>[]
      : T extends object
        ? { [Key in keyof T]?: Loose<T[Key]> | undefined }
        : T;

const LOADERS: { [S in Service]: () => Promise<[Sdk[S], keyof Sdk[S]]> } = {
  apigateway: async () => [await import("@aws-sdk/client-api-gateway"), "APIGatewayClient"],
  athena: async () => [await import("@aws-sdk/client-athena"), "AthenaClient"],
  budgets: async () => [await import("@aws-sdk/client-budgets"), "BudgetsClient"],
  cloudwatch: async () => [await import("@aws-sdk/client-cloudwatch"), "CloudWatchClient"],
  codebuild: async () => [await import("@aws-sdk/client-codebuild"), "CodeBuildClient"],
  codepipeline: async () => [await import("@aws-sdk/client-codepipeline"), "CodePipelineClient"],
  dynamodb: async () => [await import("@aws-sdk/client-dynamodb"), "DynamoDBClient"],
  ec2: async () => [await import("@aws-sdk/client-ec2"), "EC2Client"],
  ecr: async () => [await import("@aws-sdk/client-ecr"), "ECRClient"],
  ecs: async () => [await import("@aws-sdk/client-ecs"), "ECSClient"],
  events: async () => [await import("@aws-sdk/client-eventbridge"), "EventBridgeClient"],
  glue: async () => [await import("@aws-sdk/client-glue"), "GlueClient"],
  iam: async () => [await import("@aws-sdk/client-iam"), "IAMClient"],
  kms: async () => [await import("@aws-sdk/client-kms"), "KMSClient"],
  lambda: async () => [await import("@aws-sdk/client-lambda"), "LambdaClient"],
  logs: async () => [await import("@aws-sdk/client-cloudwatch-logs"), "CloudWatchLogsClient"],
  s3: async () => [await import("@aws-sdk/client-s3"), "S3Client"],
  sagemaker: async () => [await import("@aws-sdk/client-sagemaker"), "SageMakerClient"],
  scheduler: async () => [await import("@aws-sdk/client-scheduler"), "SchedulerClient"],
  sns: async () => [await import("@aws-sdk/client-sns"), "SNSClient"],
  sqs: async () => [await import("@aws-sdk/client-sqs"), "SQSClient"],
  ssm: async () => [await import("@aws-sdk/client-ssm"), "SSMClient"],
};

/** What all of the SDK's modules have in common. */
type Module = Record<string, new (argument: object) => object>;
interface Client {
  send(command: object): Promise<unknown>;
}

const clients = new Map<string, Promise<[Module, Client]>>();

async function open(service: Service, region: string): Promise<[Module, Client]> {
  const [module, name] = (await LOADERS[service]()) as unknown as [Module, string];
  const Constructor = module[name];
  if (!Constructor) throw new Error(`the SDK of ${service} has no ${name}`);
  // A queue's URL names the address at which its queue was made: requests go where all others go.
  const options = service === "sqs" ? { region, useQueueUrlAsEndpoint: false } : { region };
  return [module, new Constructor(options) as Client];
}

/**
 * Sends one request.
 *
 * @throws the SDK's error, with the service's error code as its name
 */
export async function send(service: Service, region: string, operation: string, input: object): Promise<unknown> {
  const key = `${service} ${region}`;
  const opened = clients.get(key) ?? open(service, region);
  clients.set(key, opened);
  const [module, client] = await opened;
  const Command = module[`${operation}Command`];
  if (!Command) throw new Error(`the SDK of ${service} has no operation ${operation}`);
  return client.send(new Command(input));
}
