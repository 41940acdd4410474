import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ServerContext } from "../server/context";
import type { Events } from "../server/events";
import type { Store } from "../server/store";

/** What the parts of the local ECS share. */
export interface EcsContext {
  server: ServerContext;
  store: Store;
  logs: CloudWatchLogsClient;
  events: Events;
  arn(resource: string): string;
}
