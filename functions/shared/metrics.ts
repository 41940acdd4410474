/** Namespace of the platform's own metrics. */
export const METRICS_NAMESPACE = "FraudPlatform";

/**
 * Puts metrics by a line of the function's log in CloudWatch's embedded metric format: no call that could fail or be
 * waited for, and no permission.
 *
 * @param dimensions one set, under which every value is put
 * @param values counts, by metric
 */
export function putMetrics(
  dimensions: Readonly<Record<string, string>>,
  values: Readonly<Record<string, number>>,
  now = Date.now(),
): void {
  const definition = {
    Namespace: METRICS_NAMESPACE,
    Dimensions: [Object.keys(dimensions)],
    Metrics: Object.keys(values).map((Name) => ({ Name, Unit: "Count" })),
  };
  const line = { _aws: { Timestamp: now, CloudWatchMetrics: [definition] }, ...dimensions, ...values };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
