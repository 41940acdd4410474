import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ServerContext } from "../server/context";
import type { Store } from "../server/store";

/** What the parts of the local ECS share. */
export interface EcsContext {
  server: ServerContext;
  store: Store;
  logs: CloudWatchLogsClient;
  /** `arn:aws:ecs:{region}:{account}:{resource}`. */
  arn(resource: string): string;
}
