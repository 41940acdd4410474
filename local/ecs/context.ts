import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ServerContext } from "../server/context";
import type { Events } from "../server/events";
import type { Store } from "../server/store";
import type { TaskCredentials } from "./task-credentials";

/** What the parts of the local ECS share. */
export interface EcsContext {
  server: ServerContext;
  store: Store;
  logs: CloudWatchLogsClient;
  events: Events;
  credentials: TaskCredentials;
  arn(resource: string): string;
}
