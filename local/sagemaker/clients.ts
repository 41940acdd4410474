import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { SessionCredentials } from "../iam/role-sessions";
import type { ServerContext } from "../server/context";
import { ROOT_CREDENTIALS, SERVICE_CREDENTIALS } from "../server/service-caller";

/** The services that SageMaker itself calls. */
export interface Clients {
  s3: S3Client;
  /** As a service: the only caller whose metrics may be in `AWS/SageMaker`. */
  cloudwatch: CloudWatchClient;
  autoscaling: ApplicationAutoScalingClient;
  logs: CloudWatchLogsClient;
  events: EventBridgeClient;
  lambda: LambdaClient;
  sqs: SQSClient;
}

/**
 * @param endpoint of the emulator that answers for all but what the local server hosts
 * @param ownUrl of the local server, which hosts CloudWatch and Application Auto Scaling
 */
export function makeClients(endpoint: string, ownUrl: string, region: string): Clients {
  const options = { endpoint, region, credentials: ROOT_CREDENTIALS };
  return {
    // A body of unknown length would be sent in chunks with a trailing checksum, which costs more than it protects here.
    s3: new S3Client({ ...options, forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" }),
    cloudwatch: new CloudWatchClient({ endpoint: ownUrl, region, credentials: SERVICE_CREDENTIALS }),
    autoscaling: new ApplicationAutoScalingClient({ endpoint: ownUrl, region, credentials: SERVICE_CREDENTIALS }),
    logs: new CloudWatchLogsClient(options),
    events: new EventBridgeClient(options),
    lambda: new LambdaClient(options),
    sqs: new SQSClient(options),
  };
}

/** The clients of what SageMaker does in the name of a role. */
export function roleClients(
  { settings, url }: ServerContext,
  credentials: () => Promise<SessionCredentials>,
): Pick<Clients, "s3" | "cloudwatch" | "logs" | "lambda" | "sqs"> {
  const options = { endpoint: settings.upstream, region: settings.region, credentials };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" }),
    cloudwatch: new CloudWatchClient({ ...options, endpoint: url }),
    logs: new CloudWatchLogsClient(options),
    lambda: new LambdaClient(options),
    sqs: new SQSClient(options),
  };
}

/** Closes the connections that are kept alive. */
export function closeClients(clients: Partial<Clients>): void {
  for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
}
