import { randomUUID } from "node:crypto";
import type {
  DescribeScalingActivitiesRequest,
  DescribeScalingActivitiesResponse,
  ScalingActivity,
} from "@aws-sdk/client-application-auto-scaling";
import type { Wire, WireOutput } from "../server/json-service";
import { descending } from "../server/paging";
import type { Collection } from "../server/store";
import type { AutoScalingContext, Scalable } from "./context";
import { autoScalingPage } from "./paging";
import type { Change } from "./target-tracking";

/** A change of capacity, as it is told and as it is reckoned with. */
interface StoredActivity {
  described: Wire<ScalingActivity> & Scalable;
  from: number;
  to: number;
}

const MAX_PAGE = 50;
/** AWS keeps them for six weeks; the latest of these are kept here. */
const MAX_KEPT = 1_000;

/** What was scaled, why, and what became of it. */
export class ScalingActivities {
  private readonly activities: Collection<StoredActivity>;

  constructor(private readonly context: AutoScalingContext) {
    this.activities = context.store.collection<StoredActivity>("scaling-activity");
  }

  readonly operations = {
    DescribeScalingActivities: (input: Wire<DescribeScalingActivitiesRequest>) => Promise.resolve(this.describe(input)),
  };

  /** The one that is under way, if any is. */
  underWay(scalable: Scalable): { id: string; from: number; to: number } | undefined {
    const found = this.of(scalable).find(({ described }) => described.StatusCode === "InProgress");
    return found && { id: found.described.ActivityId, from: found.from, to: found.to };
  }

  /** The last one that gave more instances, or fewer. */
  last(scalable: Scalable, direction: "out" | "in"): Change | undefined {
    const found = this.of(scalable)
      .filter(
        ({ from, to, described }) =>
          (direction === "out" ? to > from : to < from) && described.StatusCode === "Successful",
      )
      .at(-1);
    return found && { from: found.from, to: found.to, at: found.described.EndTime ?? found.described.StartTime };
  }

  /** @returns its id */
  begin(scalable: Scalable, from: number, to: number, cause: string): string {
    const ActivityId = randomUUID();
    const { ServiceNamespace, ResourceId, ScalableDimension } = scalable;
    const described: StoredActivity["described"] = {
      ActivityId,
      ServiceNamespace,
      ResourceId,
      ScalableDimension,
      Description: `Setting desired instance count to ${to}.`,
      Cause: cause,
      StartTime: this.context.now(),
      StatusCode: "InProgress",
      StatusMessage: `Successfully set desired instance count to ${to}. Waiting for change to be fulfilled by ${ServiceNamespace}.`,
    };
    this.activities.insert(ActivityId, { described, from, to });
    const all = this.activities.entries();
    for (const [name] of all.slice(0, Math.max(0, all.length - MAX_KEPT))) this.activities.remove(name);
    return ActivityId;
  }

  /** @param failure why it was not done; undefined where it was */
  end(id: string, failure?: string): void {
    this.activities.update(id, ({ described, from, to }) => ({
      from,
      to,
      described: {
        ...described,
        EndTime: this.context.now(),
        StatusCode: failure === undefined ? "Successful" : "Failed",
        StatusMessage:
          failure === undefined
            ? `Successfully set desired instance count to ${to}. Change successfully fulfilled by ${described.ServiceNamespace}.`
            : `Failed to set desired instance count to ${to}. Reason: ${failure}`,
      },
    }));
  }

  private of({ ServiceNamespace, ResourceId, ScalableDimension }: Scalable): StoredActivity[] {
    return this.activities
      .all()
      .filter(
        ({ described }) =>
          described.ServiceNamespace === ServiceNamespace &&
          described.ResourceId === ResourceId &&
          described.ScalableDimension === ScalableDimension,
      );
  }

  private describe(input: Wire<DescribeScalingActivitiesRequest>): WireOutput<DescribeScalingActivitiesResponse> {
    const { ServiceNamespace, ResourceId, ScalableDimension } = input;
    const found = this.activities
      .all()
      .map(({ described }) => described)
      .filter(
        (activity) =>
          activity.ServiceNamespace === ServiceNamespace &&
          (ResourceId === undefined || activity.ResourceId === ResourceId) &&
          (ScalableDimension === undefined || activity.ScalableDimension === ScalableDimension),
      );
    const position = ({ StartTime, ActivityId }: (typeof found)[number]) => [StartTime, ActivityId];
    const { page, ...next } = autoScalingPage(found, position, input, MAX_PAGE, descending);
    return { ScalingActivities: page, ...next };
  }
}
