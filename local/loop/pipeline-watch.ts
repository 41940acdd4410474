// Follows one pipeline execution, step by step.
import {
  DescribePipelineExecutionCommand,
  DescribeProcessingJobCommand,
  ListPipelineExecutionStepsCommand,
  type PipelineExecutionStep,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { StageError } from "./errors";
import type { Progress } from "./stage";
import { waitFor } from "./wait";

const ENDED = new Set(["Succeeded", "Failed", "Stopped"]);

export class PipelineWatch {
  constructor(
    private readonly client: SageMakerClient,
    readonly executionArn: string,
  ) {}

  /**
   * Waits until the step has ended.
   *
   * @throws StageError with the step's or the execution's reason where it failed or was never reached.
   */
  async ended(stepName: string, progress: Progress, timeoutSeconds: number): Promise<PipelineExecutionStep> {
    const step = await waitFor(
      async () => {
        // The execution first: a step that is absent after the execution has ended will never come.
        const execution = await this.client.send(
          new DescribePipelineExecutionCommand({ PipelineExecutionArn: this.executionArn }),
        );
        const steps = await this.steps();
        const found = steps.find((each) => each.StepName === stepName);
        if (found && ENDED.has(found.StepStatus ?? "")) return found;
        if (!found && ENDED.has(execution.PipelineExecutionStatus ?? "")) {
          const why = steps.find((each) => each.StepStatus === "Failed")?.FailureReason ?? execution.FailureReason;
          throw new StageError(
            `The pipeline ended as ${execution.PipelineExecutionStatus} before step ${stepName}: ${why ?? "no reason given"}`,
          );
        }
        progress(found?.StepStatus ?? "waiting");
        return undefined;
      },
      { what: `pipeline step ${stepName} to end`, timeoutSeconds, intervalMilliseconds: 200 },
    );
    if (step.StepStatus !== "Succeeded") {
      throw new StageError(`Step ${stepName} ended as ${step.StepStatus}: ${await this.reasonOf(step)}`);
    }
    return step;
  }

  /**
   * Where the outputs of a processing step are, by name. Of a step whose results were taken from the cache they are in
   * the folder of the execution that made them.
   */
  async outputsOf(step: PipelineExecutionStep): Promise<Record<string, string>> {
    const ProcessingJobName = step.Metadata?.ProcessingJob?.Arn?.split("/").pop();
    const job = await this.client.send(new DescribeProcessingJobCommand({ ProcessingJobName }));
    const outputs = job.ProcessingOutputConfig?.Outputs ?? [];
    return Object.fromEntries(outputs.map((each) => [each.OutputName ?? "", each.S3Output?.S3Uri ?? ""]));
  }

  /** What the job itself said, where it said anything: the step's reason is SageMaker's general one then. */
  private async reasonOf(step: PipelineExecutionStep): Promise<string> {
    const job = step.Metadata?.ProcessingJob?.Arn?.split("/").pop();
    const said =
      job === undefined
        ? undefined
        : (await this.client.send(new DescribeProcessingJobCommand({ ProcessingJobName: job }))).ExitMessage;
    return said ?? step.FailureReason ?? "no reason given";
  }

  /** Waits for the whole execution; answers its status and reason. */
  async executionEnded(timeoutSeconds: number): Promise<{ status: string; reason: string | undefined }> {
    return waitFor(
      async () => {
        const { PipelineExecutionStatus: status, FailureReason: reason } = await this.client.send(
          new DescribePipelineExecutionCommand({ PipelineExecutionArn: this.executionArn }),
        );
        return status !== undefined && ENDED.has(status) ? { status, reason } : undefined;
      },
      { what: "the pipeline execution to end", timeoutSeconds, intervalMilliseconds: 200 },
    );
  }

  /** The steps so far. */
  async steps(): Promise<PipelineExecutionStep[]> {
    const steps: PipelineExecutionStep[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.client.send(
        new ListPipelineExecutionStepsCommand({
          PipelineExecutionArn: this.executionArn,
          MaxResults: 100,
          ...(NextToken ? { NextToken } : {}),
        }),
      );
      steps.push(...(page.PipelineExecutionSteps ?? []));
      NextToken = page.NextToken;
    } while (NextToken);
    return steps;
  }
}
