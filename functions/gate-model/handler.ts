import { S3Client } from "@aws-sdk/client-s3";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { EvaluationReport } from "../shared/evaluation-report";
import { executionRun } from "../shared/execution-run";
import { describeError, log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { readJson } from "../shared/objects";
import { GateModelEnvironment } from "./env";
import { decide, GateEvent, type GateDecision, type Judgement } from "./logic";

const environment = readEnvironment(GateModelEnvironment);
const s3 = new S3Client();
const sns = new SNSClient();
const mlflow = new MlflowClient(environment.MLFLOW_ARN);

/** The pipeline's gate: one decision on all evidence. A refusal is an alert; either way the MLflow run tells it. */
export async function handler(input: unknown): Promise<GateDecision> {
  const event = decode(GateEvent, input, "The gate's event");
  const report = await readJson(s3, event.evaluationUri, EvaluationReport);
  const judgement = decide(report, event);
  const { passed, reason, warning } = judgement;
  const { executionId } = event;
  if (passed === "false") log.warn("model refused", { executionId, reason });
  else if (warning !== undefined) log.warn("model passed without comparison", { executionId, reason });
  else log.info("model passed", { executionId, reason });
  // The decision stands whether or not anybody can be told: what is out of reach must not become another reason.
  await Promise.all([
    orLog("decision not recorded in MLflow", executionId, record(event, report, judgement)),
    ...alerts(judgement).map((subject) =>
      orLog("decision not published", executionId, publish(event, subject, reason)),
    ),
  ]);
  return { passed, reason };
}

/** Closes the execution's run: what came of it stands in its tags. */
async function record(event: GateEvent, report: EvaluationReport, { passed, reason }: Judgement): Promise<void> {
  const runId = await executionRun(mlflow, environment.MLFLOW_EXPERIMENT_NAME, event.executionId);
  await mlflow.tagRun(runId, {
    gate: passed === "true" ? "passed" : "refused",
    gate_reason: reason,
    champion: report.champion.status,
    ...(report.champion.mlflowVersion === undefined ? {} : { champion_version: report.champion.mlflowVersion }),
    evaluation_uri: event.evaluationUri,
    pipeline_execution_arn: event.pipelineExecutionArn,
    git_revision: event.gitRevision,
  });
  await mlflow.endRun(runId, "FINISHED");
}

function alerts({ passed, warning }: Judgement): string[] {
  if (passed === "false") return ["Fraud model refused"];
  return warning === undefined ? [] : ["Fraud model passed without comparison"];
}

async function publish(event: GateEvent, subject: string, reason: string): Promise<void> {
  await sns.send(
    new PublishCommand({
      TopicArn: environment.ALERTS_TOPIC_ARN,
      Subject: subject,
      Message: `${reason}\n\nExecution: ${event.executionId}\nEvaluation: ${event.evaluationUri}`,
    }),
  );
}

async function orLog(failure: string, executionId: string, telling: Promise<void>): Promise<void> {
  try {
    await telling;
  } catch (error) {
    log.error(failure, { executionId, ...describeError(error) });
  }
}
