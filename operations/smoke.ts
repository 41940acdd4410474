// The loop's checks on any stack that is up, through its outputs and AWS's APIs alone: data in, a run, a model that serves,
// the API, a file of the stream.
import { DescribeEndpointCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { PlatformOutputs } from "../components/outputs";
import { checkApi } from "../local/loop/checks/api";
import { splitRows } from "../local/loop/checks/rows";
import { checkStream } from "../local/loop/checks/stream";
import { fileDataset, syntheticDataset } from "../local/loop/data";
import { claim } from "../local/loop/errors";
import { launchPipeline } from "../local/loop/launch-task";
import { PipelineWatch } from "../local/loop/pipeline-watch";
import { upload } from "../local/loop/upload";

export interface SmokeOptions {
  /** A CSV in the credit card schema; generated transactions without it. */
  data?: string;
  /** How many are generated. */
  rows: number;
  /** When the test must be over, in milliseconds since 1970. */
  until: number;
  /** Takes one line for each thing that was shown. */
  say: (line: string) => void;
}

/** @throws StageError for the first thing that is not as it is claimed, or is not there in time */
export async function smoke(outputs: PlatformOutputs, apiKey: string, options: SmokeOptions): Promise<void> {
  const { say, until } = options;
  const quiet = (): void => undefined;
  const left = (): number => Math.max(1, (until - Date.now()) / 1000);
  const sagemaker = new SageMakerClient();
  claim(outputs.rawDataUri !== undefined, "The stack reads a database: its smoke test is a run of its pipeline.");

  const dataset = options.data === undefined ? await syntheticDataset(options.rows) : await fileDataset(options.data);
  const { key } = await upload(dataset, outputs.rawDataUri);
  say(`transactions: ${key}`);
  const launched = await launchPipeline(outputs.launcher, { S3_RAW_DATA_KEY: key }, Math.min(900, left()));
  say(`pipeline: execution ${launched.executionId} runs`);
  const watch = new PipelineWatch(sagemaker, launched.pipelineExecutionArn);
  const processed = await watch.outputsOf(await watch.ended("Preprocess", quiet, left()));
  const registered = await watch.ended("Register", quiet, left());
  const outputsOfStep = registered.Metadata?.Lambda?.OutputParameters ?? [];
  const packageArn = outputsOfStep.find(({ Name }) => Name === "modelPackageArn")?.Value ?? "";
  const { status, reason } = await watch.executionEnded(left());
  claim(status === "Succeeded", `The pipeline ended as ${status}: ${reason ?? "no reason given"}`);
  say(`registry: ${packageArn}`);

  const { endpointName: EndpointName } = outputs;
  const { EndpointStatus } = await sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
  claim(EndpointStatus === "InService", `Endpoint ${EndpointName} is ${EndpointStatus}, not InService.`);
  say(`endpoint: ${EndpointName} InService`);
  const rows = await splitRows(processed["test"] ?? "");
  const api = await checkApi(outputs, apiKey, packageArn, rows, quiet);
  say(`API: ${api.detail}`);
  const stream = await checkStream(outputs, rows, launched.executionId, undefined, quiet);
  say(`stream: ${stream.detail}`);
}
