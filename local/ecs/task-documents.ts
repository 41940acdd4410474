import type { Task } from "@aws-sdk/client-ecs";
import type { Wire } from "../server/json-service";
import type { Collection } from "../server/store";
import type { EcsContext } from "./context";

export type TaskDocument = Wire<Task> &
  Required<Pick<Wire<Task>, "taskArn" | "clusterArn" | "lastStatus" | "desiredStatus" | "version">>;

/** The states of a task, in the order in which it goes through them. */
export type TaskStatus = "PROVISIONING" | "PENDING" | "RUNNING" | "DEPROVISIONING" | "STOPPED";

/** The documents of tasks. Each change of one is told to EventBridge, with a version that grows by one. */
export class TaskDocuments {
  private readonly documents: Collection<TaskDocument>;

  constructor(private readonly context: EcsContext) {
    this.documents = context.store.collection("task");
  }

  insert(task: TaskDocument): void {
    this.documents.insert(idOf(task.taskArn), task);
    this.announce(task);
  }

  /** @param id an ARN, or its last part */
  get(id: string): TaskDocument | undefined {
    return this.documents.get(idOf(id));
  }

  all(): TaskDocument[] {
    return this.documents.all();
  }

  change(id: string, change: (task: TaskDocument) => void): TaskDocument | undefined {
    const changed = this.documents.update(idOf(id), (task) => {
      change(task);
      task.version += 1;
    });
    if (changed) this.announce(changed);
    return changed;
  }

  private announce(task: TaskDocument): void {
    this.context.events.publish({
      detailType: "ECS Task State Change",
      resources: [task.taskArn],
      detail: { ...task, ...eventTimes(task), updatedAt: new Date().toISOString() },
    });
  }
}

/** The last part of a task's ARN. */
export function idOf(task: string): string {
  return task.slice(task.lastIndexOf("/") + 1);
}

/** Times as ECS's events write them: `2026-11-21T08:00:00.123Z`. */
function eventTimes(task: TaskDocument): Record<string, string> {
  const { createdAt, startedAt, stoppingAt, stoppedAt } = task;
  const given = Object.entries({ createdAt, startedAt, stoppingAt, stoppedAt });
  return Object.fromEntries(
    given.flatMap(([name, seconds]) => (seconds === undefined ? [] : [[name, new Date(seconds * 1000).toISOString()]])),
  );
}
