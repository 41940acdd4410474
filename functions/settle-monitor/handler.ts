import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SNSClient } from "@aws-sdk/client-sns";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { SettleMonitorEnvironment } from "./env";
import { JobEvent } from "./logic";
import { MonitorRuns } from "./runs";
import { settleMonitor, type Settled } from "./settle";

const environment = readEnvironment(SettleMonitorEnvironment);
const clients = {
  sagemaker: new SageMakerClient(),
  s3: new S3Client(),
  sns: new SNSClient(),
  events: new EventBridgeClient(),
  ecs: new ECSClient(),
  runs: new MonitorRuns(new DynamoDBClient(), environment.MONITOR_RUNS_TABLE_NAME),
};

/** Tells of a monitor's job that has ended. */
export async function handler(input: unknown): Promise<{ settled: Settled }> {
  const jobName = decode(JobEvent, input, "The job's event").detail.ProcessingJobName;
  const settings = {
    endpointName: environment.ENDPOINT_NAME,
    alertsTopicArn: environment.ALERTS_TOPIC_ARN,
    retraining: environment.RETRAINING,
  };
  const settled = await settleMonitor(clients, settings, jobName);
  log.info("event handled", { jobName, settled });
  return { settled };
}
