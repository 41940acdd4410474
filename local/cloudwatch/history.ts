import { randomUUID } from "node:crypto";
import type {
  AlarmHistoryItem,
  DescribeAlarmHistoryInput,
  DescribeAlarmHistoryOutput,
  HistoryItemType,
} from "@aws-sdk/client-cloudwatch";
import type { Wire, WireOutput } from "../server/json-service";
import type { Collection, Store } from "../server/store";
import { pageOf } from "./paging";

type HistoryDocument = Required<Omit<Wire<AlarmHistoryItem>, "AlarmContributorId" | "AlarmContributorAttributes">> & {
  id: string;
};

const RETENTION_SECONDS = 30 * 24 * 3600;

/** What happened to alarms: changes of configuration and of state, and actions. */
export class AlarmHistory {
  private readonly items: Collection<HistoryDocument>;

  constructor(
    store: Store,
    private readonly now: () => number,
  ) {
    this.items = store.collection("history");
    const oldest = now() - RETENTION_SECONDS;
    for (const { id, Timestamp } of this.items.all()) if (Timestamp < oldest) this.items.remove(id);
  }

  add(
    alarm: { name: string; kind: "MetricAlarm" | "CompositeAlarm" },
    type: HistoryItemType,
    summary: string,
    data: object,
  ): void {
    const id = randomUUID();
    this.items.insert(id, {
      id,
      AlarmName: alarm.name,
      AlarmType: alarm.kind,
      Timestamp: this.now(),
      HistoryItemType: type,
      HistorySummary: summary,
      HistoryData: JSON.stringify({ version: "1.0", ...data }),
    });
  }

  readonly describe = (input: Wire<DescribeAlarmHistoryInput>): Promise<WireOutput<DescribeAlarmHistoryOutput>> => {
    const { AlarmName, HistoryItemType: type, StartDate = -Infinity, EndDate = Infinity, AlarmTypes } = input;
    const kinds: readonly string[] = AlarmTypes ?? ["MetricAlarm"];
    const found = this.items
      .all()
      .filter(
        (item) =>
          (AlarmName === undefined || item.AlarmName === AlarmName) &&
          (type === undefined || item.HistoryItemType === type) &&
          kinds.includes(item.AlarmType) &&
          item.Timestamp >= StartDate &&
          item.Timestamp <= EndDate,
      );
    if (input.ScanBy !== "TimestampAscending") found.reverse();
    const { page, NextToken } = pageOf(found, ({ id }) => id, input.NextToken, input.MaxRecords ?? 100);
    const AlarmHistoryItems = page.map(
      ({ AlarmName, AlarmType, Timestamp, HistoryItemType, HistorySummary, HistoryData }) => ({
        AlarmName,
        AlarmType,
        Timestamp,
        HistoryItemType,
        HistorySummary,
        HistoryData,
      }),
    );
    return Promise.resolve({ AlarmHistoryItems, ...NextToken } as unknown as WireOutput<DescribeAlarmHistoryOutput>);
  };
}
