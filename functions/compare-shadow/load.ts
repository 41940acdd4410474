import { GetMetricDataCommand, type CloudWatchClient, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { Period } from "../shared/monitors";
import type { VariantLoad } from "./logic";

const HOUR_SECONDS = 3600;

/** What CloudWatch tells of one variant of an endpoint in a period, hour by hour put together. */
export async function loadOf(
  cloudwatch: CloudWatchClient,
  endpointName: string,
  variantName: string,
  { start, end }: Period,
): Promise<VariantLoad> {
  const query = (Id: string, MetricName: string, Stat: string): MetricDataQuery => ({
    Id,
    MetricStat: {
      Metric: {
        Namespace: "AWS/SageMaker",
        MetricName,
        Dimensions: [
          { Name: "EndpointName", Value: endpointName },
          { Name: "VariantName", Value: variantName },
        ],
      },
      Period: HOUR_SECONDS,
      Stat,
    },
  });
  const { MetricDataResults = [] } = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(Math.floor(start.getTime() / 1000 / HOUR_SECONDS) * HOUR_SECONDS * 1000),
      EndTime: end,
      MetricDataQueries: [
        query("requests", "Invocations", "Sum"),
        query("errors", "Invocation5XXErrors", "Sum"),
        query("p50", "ModelLatency", "p50"),
        query("p99", "ModelLatency", "p99"),
      ],
    }),
  );
  const values = (id: string) => MetricDataResults.find(({ Id }) => Id === id)?.Values ?? [];
  const sum = (id: string) => values(id).reduce((total, value) => total + value, 0);
  // The metric is in microseconds.
  const worst = (id: string) => Math.max(...values(id)) / 1000;
  return {
    requests: sum("requests"),
    serverErrors: sum("errors"),
    latencyMilliseconds: values("p99").length === 0 ? undefined : { p50: worst("p50"), p99: worst("p99") },
  };
}
