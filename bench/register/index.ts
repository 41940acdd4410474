// How long registration takes whoever calls it: the stack's own function on the local cloud, once for each execution.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { RegisterEvent } from "../../functions/register-model/logic";
import { environment, startCloud, type RunningCloud } from "../../local/cloud";
import { quantile } from "../../local/loop/checks/api";
import { claim } from "../../local/loop/errors";
import { writeStackFile } from "../../local/loop/settings";
import { bringUp, buildArtifacts, type StackUp } from "../../local/loop/stack";
import { executionId } from "../../pipeline/execution-id";
import { imageUri } from "../../pipeline/images";
import { evaluationReport } from "../../test/functions/support/reports";
import { keepEnvironment } from "../environment";
import type { Bench } from "../figure";

const CALLS = 100;

export const registerBench: Bench = {
  names: ["register.p99Seconds"],
  async run(say) {
    const directory = mkdtempSync(join(tmpdir(), "bench-register-"));
    const restoreEnvironment = keepEnvironment();
    let cloud: RunningCloud | undefined;
    try {
      const file = writeStackFile("local", [], join(directory, "run"));
      await buildArtifacts(() => undefined);
      cloud = await startCloud({ directory: join(directory, "cloud"), region: file.region });
      Object.assign(process.env, environment(cloud.description));
      const { value: stack } = await bringUp(file.path, cloud, () => undefined);
      await cloud.mlflowReady;
      const milliseconds = await registerOften(stack, file.region);
      say(
        `${milliseconds.length} registrations: the first, cold, ${milliseconds[0]?.toFixed(0)} ms; median ${quantile(milliseconds, 0.5).toFixed(0)} ms, longest ${Math.max(...milliseconds).toFixed(0)} ms`,
      );
      const value = quantile(milliseconds, 0.99) / 1000;
      return { "register.p99Seconds": { value, unit: "s", goal: { atMost: 2 } } };
    } finally {
      await cloud?.stop();
      restoreEnvironment();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** Milliseconds of each call, the first one cold. @throws Error where one does not register. */
async function registerOften({ outputs }: StackUp, region: string): Promise<number[]> {
  const [lambda, s3] = [new LambdaClient(), new S3Client()];
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const FunctionName = Functions.find((each) => each.FunctionName?.startsWith("training-register"))?.FunctionName;
  claim(FunctionName !== undefined, "The stack has no function that registers models.");
  const milliseconds: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const id = executionId(new Date());
    const folder = `${outputs.prefix}/${id}`;
    const evaluation = `${folder}/evaluation/evaluation.json`;
    const Body = JSON.stringify(evaluationReport());
    await s3.send(new PutObjectCommand({ Bucket: outputs.bucketName, Key: evaluation, Body }));
    const event: RegisterEvent = {
      executionId: id,
      pipelineExecutionArn: `arn:aws:sagemaker:${region}:123456789012:pipeline/${outputs.pipelineName}/execution/${id}`,
      evaluationUri: `s3://${outputs.bucketName}/${evaluation}`,
      baselinesUri: `s3://${outputs.bucketName}/${folder}/baselines`,
      modelArtifactUri: `s3://${outputs.bucketName}/${folder}/model/model.tar.gz`,
      image: imageUri("sagemaker-xgboost", "3.0-5", region),
      algorithm: "xgboost",
      gitRevision: "0123abc",
      environment: { SAGEMAKER_PROGRAM: "inference.py" },
    };
    const from = performance.now();
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));
    milliseconds.push(performance.now() - from);
    const said = Buffer.from(answer.Payload ?? []).toString();
    claim(answer.FunctionError === undefined && said.includes("modelPackageArn"), `Registration failed: ${said}`);
  }
  return milliseconds;
}
