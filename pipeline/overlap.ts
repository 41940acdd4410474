import { paginateListPipelineExecutions, ResourceNotFound, type SageMakerClient } from "@aws-sdk/client-sagemaker";

/** An execution of a pipeline runs for 28 days at the most. */
const longestRunMs = 28 * 24 * 3600 * 1000;

/**
 * ARN of the oldest execution of a pipeline that is under way, waiting for a person or a deployment included.
 *
 * Two launchers that start at once may each find none before they start; asked again after, both find the same oldest
 * one, so that the other can give way.
 *
 * @returns undefined when there is none, or no such pipeline yet
 */
export async function oldestUnderWay(
  sagemaker: SageMakerClient,
  pipelineName: string,
  now: Date,
): Promise<string | undefined> {
  const underWay: { arn: string; startedAt: number }[] = [];
  const pages = paginateListPipelineExecutions(
    { client: sagemaker, pageSize: 100 },
    { PipelineName: pipelineName, CreatedAfter: new Date(now.getTime() - longestRunMs) },
  );
  try {
    for await (const { PipelineExecutionSummaries = [] } of pages) {
      for (const summary of PipelineExecutionSummaries) {
        const { PipelineExecutionArn: arn, PipelineExecutionStatus: status, StartTime: startTime } = summary;
        if (arn === undefined || (status !== "Executing" && status !== "Stopping")) continue;
        underWay.push({ arn, startedAt: startTime?.getTime() ?? 0 });
      }
    }
  } catch (error) {
    if (error instanceof ResourceNotFound) return undefined;
    throw error;
  }
  underWay.sort((one, other) => one.startedAt - other.startedAt || (one.arn < other.arn ? -1 : 1));
  return underWay[0]?.arn;
}
