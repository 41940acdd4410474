import { DescribeAlarmsCommand, type CloudWatchClient } from "@aws-sdk/client-cloudwatch";

/** The alarms that a deployment names, as CloudWatch has them now. */
export interface AlarmStates {
  missing: string[];
  /** Those in state ALARM, with CloudWatch's reason. */
  tripped: { name: string; reason: string }[];
}

/** How long CloudWatch may take to answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** @throws Error when CloudWatch does not answer */
export async function alarmStates(
  client: Pick<CloudWatchClient, "send">,
  names: readonly string[],
): Promise<AlarmStates> {
  if (names.length === 0) return { missing: [], tripped: [] };
  const { MetricAlarms = [], CompositeAlarms = [] } = await client.send(
    new DescribeAlarmsCommand({ AlarmNames: [...names], AlarmTypes: ["MetricAlarm", "CompositeAlarm"] }),
    { abortSignal: AbortSignal.timeout(TIMEOUT_MS) },
  );
  const found = [...MetricAlarms, ...CompositeAlarms];
  return {
    missing: names.filter((name) => !found.some(({ AlarmName }) => AlarmName === name)),
    tripped: found
      .filter(({ StateValue }) => StateValue === "ALARM")
      .map(({ AlarmName = "", StateReason = "" }) => ({ name: AlarmName, reason: StateReason })),
  };
}
