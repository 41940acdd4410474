import { createHash } from "node:crypto";
import { S3Client } from "@aws-sdk/client-s3";
import { ResourceNotFound, SageMakerClient, type PipelineExecutionStep } from "@aws-sdk/client-sagemaker";

/** A pipeline as the cloud keeps it. */
export interface KeptPipeline {
  PipelineDefinition: string;
  RoleArn: string;
}

/** A state of an execution, as one look at it shows. */
export interface Look {
  readonly status: string;
  readonly steps: readonly PipelineExecutionStep[];
}

interface Started {
  PipelineName: string;
  ClientRequestToken: string;
  PipelineExecutionDisplayName: string;
  PipelineExecutionDescription: string;
  PipelineParameters: { Name: string; Value: string }[];
}

/** The execution that the launcher under test starts. */
export const OWN_EXECUTION = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-test/execution/abc";

const placeholders = { region: "eu-west-1", credentials: { accessKeyId: "none", secretAccessKey: "none" } };

/** S3 and pipelines in memory, behind the real clients: their commands go no further than here. */
export class FakeCloud {
  readonly objects = new Map<string, Buffer>();
  /** Sizes in bytes that are told of objects instead of their own. */
  readonly sizes = new Map<string, number>();
  readonly pipelines = new Map<string, KeptPipeline>();
  readonly started: Started[] = [];
  readonly calls: string[] = [];
  /** What each look at the execution shows, in turn; the last one from then on. */
  looks: Look[] = [{ status: "Succeeded", steps: [] }];
  private looked = 0;
  /** Executions that are under way, by ARN, with their start. */
  readonly underWay = new Map<string, Date>();
  /** Display names of executions that have ended, by ARN. */
  readonly ended = new Map<string, string>();
  /** ARNs of executions that were told to go on. */
  readonly retried: string[] = [];
  /** Status of the launcher's own execution, once it is no longer under way. */
  ownEnd: "Succeeded" | "Failed" | "Stopped" = "Succeeded";
  /** Called when an execution is started. */
  onStart: () => void = () => undefined;
  /** Called when an execution is told to go on. */
  onRetry: () => void = () => undefined;

  readonly s3 = new S3Client(placeholders);
  readonly sagemaker = new SageMakerClient(placeholders);

  constructor() {
    const first = { step: "initialize", priority: "high" } as const;
    this.s3.middlewareStack.add((_, context) => (request) => this.reply(context["commandName"], request.input), first);
    this.sagemaker.middlewareStack.add(
      (_, context) => (request) => this.reply(context["commandName"], request.input),
      first,
    );
  }

  private reply(commandName: unknown, input: object): Promise<never> {
    const command = String(commandName).replace(/Command$/, "");
    this.calls.push(command);
    const output = { $metadata: {}, ...this.answer(command, input as Readonly<Record<string, unknown>>) };
    return Promise.resolve({ output, response: {} } as never);
  }

  /** How often a command was sent. */
  count(command: string): number {
    return this.calls.filter((call) => call === command).length;
  }

  private answer(command: string, input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    switch (command) {
      case "ListObjectsV2":
        return { Contents: this.list(input["Prefix"] as string) };
      case "PutObject":
        this.objects.set(input["Key"] as string, input["Body"] as Buffer);
        return {};
      case "DescribePipeline":
        return { ...this.pipeline(input["PipelineName"] as string) };
      case "CreatePipeline":
      case "UpdatePipeline":
        this.pipelines.set(input["PipelineName"] as string, input as unknown as KeptPipeline);
        return {};
      case "StartPipelineExecution":
        this.started.push(input as unknown as Started);
        this.onStart();
        this.underWay.set(OWN_EXECUTION, new Date());
        return { PipelineExecutionArn: OWN_EXECUTION };
      case "RetryPipelineExecution": {
        const arn = input["PipelineExecutionArn"] as string;
        this.retried.push(arn);
        this.onRetry();
        this.underWay.set(arn, new Date(0));
        return { PipelineExecutionArn: arn };
      }
      case "StopPipelineExecution":
        this.underWay.delete(input["PipelineExecutionArn"] as string);
        return {};
      case "ListPipelineExecutions":
        return { PipelineExecutionSummaries: this.executions(input["PipelineName"] as string) };
      case "DescribePipelineExecution":
        this.looked += 1;
        return {
          PipelineExecutionStatus: this.look().status,
          PipelineExecutionDisplayName: this.ended.get(input["PipelineExecutionArn"] as string),
        };
      case "ListPipelineParametersForExecution":
        return { PipelineParameters: this.started.at(-1)?.PipelineParameters };
      case "ListPipelineExecutionSteps":
        return { PipelineExecutionSteps: this.look().steps };
      default:
        throw new Error(`the launcher is not expected to call ${command}`);
    }
  }

  private executions(pipelineName: string) {
    this.pipeline(pipelineName);
    const underWay = [...this.underWay].map(([PipelineExecutionArn, StartTime]) => ({
      PipelineExecutionArn,
      StartTime,
      PipelineExecutionStatus: "Executing",
    }));
    const ended = [...this.ended].map(([PipelineExecutionArn, PipelineExecutionDisplayName]) => ({
      PipelineExecutionArn,
      PipelineExecutionDisplayName,
      PipelineExecutionStatus: "Stopped",
    }));
    const hasEnded = this.started.length > 0 && !this.underWay.has(OWN_EXECUTION);
    const own = hasEnded ? [{ PipelineExecutionArn: OWN_EXECUTION, PipelineExecutionStatus: this.ownEnd }] : [];
    return [...underWay, ...ended, ...own];
  }

  private list(prefix: string) {
    return [...this.objects]
      .filter(([Key]) => Key.startsWith(prefix))
      .map(([Key, body]) => ({ Key, Size: this.sizes.get(Key) ?? body.length, ETag: md5(body) }));
  }

  private pipeline(name: string): KeptPipeline {
    const kept = this.pipelines.get(name);
    if (kept === undefined) throw new ResourceNotFound({ message: `Pipeline ${name} does not exist.`, $metadata: {} });
    return kept;
  }

  private look(): Look {
    const look = this.looks[Math.min(this.looked, this.looks.length) - 1];
    if (look === undefined) throw new Error("nobody has looked at the execution yet");
    return look;
  }
}

function md5(body: Buffer): string {
  return createHash("md5").update(body).digest("hex");
}
