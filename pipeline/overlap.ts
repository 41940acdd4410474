import {
  paginateListPipelineExecutions,
  paginateListPipelineParametersForExecution,
  ResourceNotFound,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";

/** An execution of a pipeline runs for 28 days at the most. */
const longestRunMs = 28 * 24 * 3600 * 1000;

/** An execution that has not ended, waiting for a person or a deployment included. */
export interface UnderWay {
  readonly arn: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
}

/** The executions of a pipeline that are under way, the oldest first; none where there is no such pipeline yet. */
export async function underWay(sagemaker: SageMakerClient, pipelineName: string, now: Date): Promise<UnderWay[]> {
  const found: UnderWay[] = [];
  const pages = paginateListPipelineExecutions(
    { client: sagemaker, pageSize: 100 },
    { PipelineName: pipelineName, CreatedAfter: new Date(now.getTime() - longestRunMs) },
  );
  try {
    for await (const { PipelineExecutionSummaries = [] } of pages) {
      for (const summary of PipelineExecutionSummaries) {
        const { PipelineExecutionArn: arn, PipelineExecutionStatus: status, StartTime: startTime } = summary;
        if (arn === undefined || (status !== "Executing" && status !== "Stopping")) continue;
        found.push({ arn, startedAt: startTime?.getTime() ?? 0 });
      }
    }
  } catch (error) {
    if (error instanceof ResourceNotFound) return [];
    throw error;
  }
  return found.sort((one, other) => one.startedAt - other.startedAt || (one.arn < other.arn ? -1 : 1));
}

/**
 * ARN of the oldest execution of a pipeline that is under way.
 *
 * Two launchers that start at once may each find none before they start; asked again after, both find the same oldest
 * one, so that the other can give way.
 *
 * @returns undefined when there is none
 */
export async function oldestUnderWay(
  sagemaker: SageMakerClient,
  pipelineName: string,
  now: Date,
): Promise<string | undefined> {
  const [oldest] = await underWay(sagemaker, pipelineName, now);
  return oldest?.arn;
}

/** Names of the parameters that say which raw data an execution reads. */
const uriParameter = "RawDataUri";
const versionParameter = "RawDataVersion";

/**
 * ARN of the newest execution that is under way or succeeded, if these are the raw data that it reads. One that failed
 * or was stopped has read nothing for good.
 *
 * @returns undefined where it reads others, or where there is no such execution
 */
export async function runReading(
  sagemaker: SageMakerClient,
  pipelineName: string,
  { uri, version }: { readonly uri: string; readonly version: string },
): Promise<string | undefined> {
  const newest = await newestGood(sagemaker, pipelineName);
  if (newest === undefined) return undefined;
  const read = new Map<string | undefined, string | undefined>();
  const pages = paginateListPipelineParametersForExecution({ client: sagemaker }, { PipelineExecutionArn: newest });
  for await (const { PipelineParameters = [] } of pages) {
    for (const { Name, Value } of PipelineParameters) read.set(Name, Value);
  }
  return read.get(uriParameter) === uri && read.get(versionParameter) === version ? newest : undefined;
}

async function newestGood(sagemaker: SageMakerClient, pipelineName: string): Promise<string | undefined> {
  const pages = paginateListPipelineExecutions(
    { client: sagemaker, pageSize: 100 },
    { PipelineName: pipelineName, SortBy: "CreationTime", SortOrder: "Descending" },
  );
  try {
    for await (const { PipelineExecutionSummaries = [] } of pages) {
      const good = PipelineExecutionSummaries.find(
        ({ PipelineExecutionStatus: status }) => status === "Executing" || status === "Succeeded",
      );
      if (good !== undefined) return good.PipelineExecutionArn;
    }
  } catch (error) {
    if (!(error instanceof ResourceNotFound)) throw error;
  }
  return undefined;
}
