/** The local ECS: clusters, task definitions, and tasks as processes. */
import { join } from "node:path";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type {
  ListTagsForResourceRequest,
  RunTaskRequest,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-ecs";
import { Store } from "../server/store";
import type { ServerContext } from "../server/context";
import { Events } from "../server/events";
import { AwsError, type JsonService, type Wire } from "../server/json-service";
import { ROOT_CREDENTIALS } from "../server/service-caller";
import { Clusters } from "./clusters";
import type { EcsContext } from "./context";
import { refused } from "./refused";
import { TaskDefinitions } from "./task-definitions";
import { Tasks } from "./tasks";

type Tag = { key: string; value: string };

export function ecs(server: ServerContext): JsonService {
  const { region, accountId, upstream } = server.settings;
  const store = new Store(join(server.directory("ecs"), "state.db"));
  const options = { region, endpoint: upstream, credentials: ROOT_CREDENTIALS };
  const eventBridge = new EventBridgeClient(options);
  const context: EcsContext = {
    server,
    store,
    logs: new CloudWatchLogsClient(options),
    events: new Events(eventBridge, "aws.ecs", store),
    arn: (resource) => `arn:aws:ecs:${region}:${accountId}:${resource}`,
  };
  const clusters = new Clusters(context);
  const definitions = new TaskDefinitions(context);
  const tasks = new Tasks(context, clusters, definitions);

  /** @throws AwsError for an ARN that names nothing here that has tags. */
  const retag = (arn: string, change: (tags: Tag[]) => Tag[]) => {
    const [, kind, name = ""] = /:(cluster|task-definition)\/(.+)$/.exec(arn) ?? [];
    const owner = kind === "cluster" ? clusters : definitions;
    if (kind === undefined || !owner.retag(name, change)) {
      throw new AwsError("InvalidParameterException", `The specified resource does not exist: ${arn}`);
    }
    return Promise.resolve({});
  };

  return {
    targetPrefix: "AmazonEC2ContainerServiceV20141113",
    serviceName: "ecs",
    refused,
    forDemands: (operation, input: Wire<RunTaskRequest>) => (operation === "RunTask" ? tasks.forDemands(input) : {}),
    operations: {
      CreateCluster: clusters.create,
      DescribeClusters: clusters.describe,
      UpdateCluster: clusters.update,
      DeleteCluster: clusters.delete,
      RegisterTaskDefinition: definitions.register,
      DescribeTaskDefinition: definitions.describe,
      DeregisterTaskDefinition: definitions.deregister,
      ListTaskDefinitions: definitions.list,
      RunTask: tasks.run,
      DescribeTasks: tasks.describe,
      ListTasks: tasks.list,
      StopTask: tasks.stop,
      TagResource: ({ resourceArn, tags }: Wire<TagResourceRequest>) =>
        retag(resourceArn, (now) => {
          const added = tags as Tag[];
          return [...now.filter((tag) => !added.some((each) => each.key === tag.key)), ...added];
        }),
      UntagResource: ({ resourceArn, tagKeys }: Wire<UntagResourceRequest>) =>
        retag(resourceArn, (now) => now.filter((tag) => !tagKeys.includes(tag.key))),
      ListTagsForResource: async ({ resourceArn }: Wire<ListTagsForResourceRequest>) => {
        let tags: Tag[] = [];
        await retag(resourceArn, (now) => (tags = now));
        return { tags };
      },
    },
    async close() {
      await tasks.close();
      await context.events.flushed();
      eventBridge.destroy();
      context.logs.destroy();
      store.close();
    },
  };
}
