import type {
  AlarmHistoryItem,
  DescribeAlarmHistoryInput,
  DescribeAlarmHistoryOutput,
  HistoryItemType,
} from "@aws-sdk/client-cloudwatch";
import type { Wire, WireOutput } from "../server/json-service";
import { ascending, descending, type Position } from "../server/paging";
import type { Collection, Store } from "../server/store";
import { cloudWatchPage } from "./paging";

type HistoryDocument = Required<Omit<Wire<AlarmHistoryItem>, "AlarmContributorId" | "AlarmContributorAttributes">> & {
  /** Counts up, whatever the clock does: items of one moment stay in their order. */
  sequence: number;
};

const RETENTION_SECONDS = 30 * 24 * 3600;

/** What happened to alarms: changes of configuration and of state, and actions. */
export class AlarmHistory {
  private readonly items: Collection<HistoryDocument>;
  private sequence = 0;

  constructor(
    store: Store,
    private readonly now: () => number,
  ) {
    this.items = store.collection("history");
    const oldest = now() - RETENTION_SECONDS;
    for (const { sequence, Timestamp } of this.items.all()) {
      this.sequence = Math.max(this.sequence, sequence);
      if (Timestamp < oldest) this.items.remove(String(sequence));
    }
  }

  add(
    alarm: { name: string; kind: "MetricAlarm" | "CompositeAlarm" },
    type: HistoryItemType,
    summary: string,
    data: object,
  ): void {
    const sequence = ++this.sequence;
    this.items.insert(String(sequence), {
      sequence,
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
    const order = input.ScanBy === "TimestampAscending" ? ascending : descending;
    found.sort((one, other) => order(positionOf(one), positionOf(other)));
    const { page, NextToken } = cloudWatchPage(found, positionOf, input.NextToken, input.MaxRecords ?? 100, order);
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

function positionOf({ Timestamp, sequence }: HistoryDocument): Position {
  return [Timestamp, sequence];
}
