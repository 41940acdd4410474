import { S3Client } from "@aws-sdk/client-s3";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { EvaluationReport } from "../shared/evaluation-report";
import { describeError, log } from "../shared/log";
import { readJson } from "../shared/objects";
import { GateModelEnvironment } from "./env";
import { decide, GateEvent, type GateDecision } from "./logic";

const environment = readEnvironment(GateModelEnvironment);
const s3 = new S3Client();
const sns = new SNSClient();

/** The pipeline's gate: one decision on all evidence. A refusal is an alert. */
export async function handler(input: unknown): Promise<GateDecision> {
  const event = decode(GateEvent, input, "The gate's event");
  const report = await readJson(s3, event.evaluationUri, EvaluationReport);
  const decision = decide(report, event);
  if (decision.passed === "true") log.info("model passed", { executionId: event.executionId, reason: decision.reason });
  else await alert(event, decision.reason);
  return decision;
}

/** The refusal stands whether or not anybody can be told: a topic out of reach must not become another reason. */
async function alert(event: GateEvent, reason: string): Promise<void> {
  log.warn("model refused", { executionId: event.executionId, reason });
  try {
    await sns.send(
      new PublishCommand({
        TopicArn: environment.ALERTS_TOPIC_ARN,
        Subject: "Fraud model refused",
        Message: `${reason}\n\nExecution: ${event.executionId}\nEvaluation: ${event.evaluationUri}`,
      }),
    );
  } catch (error) {
    log.error("refusal not published", { executionId: event.executionId, ...describeError(error) });
  }
}
