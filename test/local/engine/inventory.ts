import {
  APIGatewayClient,
  GetApiKeysCommand,
  GetRestApisCommand,
  GetUsagePlansCommand,
} from "@aws-sdk/client-api-gateway";
import { GetDeploymentsCommand, GetResourcesCommand } from "@aws-sdk/client-api-gateway";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { DescribeKeyCommand, KMSClient, ListAliasesCommand, ListKeysCommand } from "@aws-sdk/client-kms";
import { LambdaClient, ListEventSourceMappingsCommand, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { ListSubscriptionsCommand, ListTopicsCommand, SNSClient } from "@aws-sdk/client-sns";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Emulator } from "../support/ministack";

/** How many there are of each kind of thing on an emulator, as the services themselves list them. */
export async function inventory({ endpoint }: Emulator): Promise<Record<string, number>> {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const options = { region: "eu-west-1", endpoint, credentials };
  const gateway = new APIGatewayClient(options);
  const [kms, lambda, sns] = [new KMSClient(options), new LambdaClient(options), new SNSClient(options)];
  const keys = (await kms.send(new ListKeysCommand({}))).Keys ?? [];
  const described = await Promise.all(keys.map(({ KeyId }) => kms.send(new DescribeKeyCommand({ KeyId }))));
  const enabled = described.filter(({ KeyMetadata: key }) => key?.KeyState === "Enabled" && key.KeyManager !== "AWS");
  const apis = (await gateway.send(new GetRestApisCommand({}))).items ?? [];
  const ofApis = await Promise.all(
    apis.map(async ({ id: restApiId }) => [
      (await gateway.send(new GetResourcesCommand({ restApiId }))).items ?? [],
      (await gateway.send(new GetDeploymentsCommand({ restApiId }))).items ?? [],
    ]),
  );
  const lists: Record<string, unknown[] | undefined> = {
    alarms: (await new CloudWatchClient(options).send(new DescribeAlarmsCommand({}))).MetricAlarms,
    aliases: (await kms.send(new ListAliasesCommand({}))).Aliases?.filter(
      ({ AliasName: name }) => !name?.startsWith("alias/aws/"),
    ),
    apiKeys: (await gateway.send(new GetApiKeysCommand({}))).items,
    apis,
    apiResources: ofApis.flatMap(([resources]) => resources ?? []),
    buckets: (await new S3Client({ ...options, forcePathStyle: true }).send(new ListBucketsCommand({}))).Buckets,
    deployments: ofApis.flatMap(([, deployments]) => deployments ?? []),
    functions: (await lambda.send(new ListFunctionsCommand({}))).Functions,
    keys: enabled,
    logGroups: (await new CloudWatchLogsClient(options).send(new DescribeLogGroupsCommand({}))).logGroups?.filter(
      // A function that was called makes its own.
      ({ logGroupName: name }) => !name?.startsWith("/aws/lambda/"),
    ),
    mappings: (await lambda.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings,
    queues: (await new SQSClient(options).send(new ListQueuesCommand({}))).QueueUrls,
    roles: (await new IAMClient(options).send(new ListRolesCommand({}))).Roles,
    rules: (await new EventBridgeClient(options).send(new ListRulesCommand({}))).Rules,
    schedules: (await new SchedulerClient(options).send(new ListSchedulesCommand({}))).Schedules,
    subscriptions: (await sns.send(new ListSubscriptionsCommand({}))).Subscriptions,
    tables: (await new DynamoDBClient(options).send(new ListTablesCommand({}))).TableNames,
    topics: (await sns.send(new ListTopicsCommand({}))).Topics,
    usagePlans: (await gateway.send(new GetUsagePlansCommand({}))).items,
  };
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list?.length ?? 0]));
}
