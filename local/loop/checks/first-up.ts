// Before any model: the API says so, alarms are quiet, and a file that arrives waits in the scorer's queue.
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { PlatformOutputs } from "../../../components/outputs";
import { claim } from "../errors";
import type { Outcome, Progress } from "../stage";
import { waitFor } from "../wait";
import { request, type Answer } from "./http";
import { FEATURES } from "./rows";
import { splitUri } from "./uri";

/** The file that waits; the stream stage sees it scored once there is a model. */
export interface EarlyFile {
  key: string;
  rows: number;
}

export async function checkFirstUp(
  outputs: PlatformOutputs,
  apiKey: string,
  cloudWasUp: boolean,
  progress: Progress,
): Promise<Outcome<EarlyFile | undefined>> {
  progress("asking the API");
  const health = await request("GET", `${outputs.apiUrl}/health`);
  if (cloudWasUp && health.status === 200) {
    return { value: undefined, detail: "nothing to check: an earlier run's model is live" };
  }
  claim(
    health.status === 503 && code(health) === "no-model",
    `GET /health before any model answered ${described(health)}, not 503 no-model.`,
  );
  const transactions = [{ id: "early", ...Object.fromEntries(FEATURES.map((name) => [name, 0])) }];
  const predict = await request("POST", `${outputs.apiUrl}/predict`, { key: apiKey, json: { transactions } });
  claim(
    predict.status === 503 && code(predict) === "no-model",
    `POST /predict before any model answered ${described(predict)}, not 503 no-model.`,
  );

  progress("dropping a file before there is a model");
  const early = await dropEarlyFile(outputs.scorer.inputUri);
  const sqs = new SQSClient();
  await waitFor(async () => ((await waiting(sqs, outputs.scorer.queueUrl)) >= 1 ? true : undefined), {
    what: "the early file's message in the scorer's queue",
    timeoutSeconds: 30,
  });
  claim((await waiting(sqs, outputs.scorer.dlqUrl)) === 0, "The early file's message went to the dead-letter queue.");

  const { MetricAlarms: alarms = [] } = await new CloudWatchClient().send(new DescribeAlarmsCommand({}));
  const loud = alarms.filter((alarm) => alarm.StateValue === "ALARM").map((alarm) => alarm.AlarmName ?? "");
  claim(loud.length === 0, `Before any model these alarms fire: ${loud.join(", ")}.`);
  return { value: early, detail: `503 no-model twice, 1 file waits, ${alarms.length} alarms quiet` };
}

async function dropEarlyFile(inputUri: string): Promise<EarlyFile> {
  const { bucket, key: prefix } = splitUri(inputUri);
  const rows = 3;
  const lines = Array.from({ length: rows }, (_, row) =>
    [row, ...Array.from({ length: 28 }, (_, i) => (i - row) / 28), 10 + row].join(","),
  );
  // A space and an apostrophe, as real keys have them.
  const key = `${prefix}early bird's file.csv`;
  await new S3Client().send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: [FEATURES.join(","), ...lines, ""].join("\n") }),
  );
  return { key, rows };
}

/** Messages of a queue that are visible, delayed or in flight. */
export async function waiting(sqs: SQSClient, queueUrl: string): Promise<number> {
  const names = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
  ] as const;
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] }),
  );
  return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

const code = (answer: Answer): unknown =>
  answer.body !== null && typeof answer.body === "object" && "code" in answer.body ? answer.body.code : undefined;
const described = (answer: Answer) => `${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`;
