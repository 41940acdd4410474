/** The local CodePipeline: pipelines, and executions whose actions are carried out on this machine. */
import { join } from "node:path";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { CodeBuild } from "../codebuild/service";
import type { ServerContext } from "../server/context";
import { Events } from "../server/events";
import type { JsonService } from "../server/json-service";
import { ROOT_CREDENTIALS } from "../server/service-caller";
import { Store } from "../server/store";
import { Actions } from "./actions";
import { Executions } from "./executions";
import { Jobs } from "./jobs";
import { Pipelines } from "./pipelines";

export function codePipeline(server: ServerContext, codebuild: CodeBuild): JsonService {
  const { region, accountId, upstream } = server.settings;
  const directory = server.directory("codepipeline");
  const store = new Store(join(directory, "state.db"));
  const eventBridge = new EventBridgeClient({ region, endpoint: upstream, credentials: ROOT_CREDENTIALS });
  const events = new Events(eventBridge, "aws.codepipeline", store);
  const arnOf = (name: string) => `arn:aws:codepipeline:${region}:${accountId}:${name}`;
  const jobs = new Jobs();
  const pipelines = new Pipelines(store, arnOf);
  const actions = new Actions(server, codebuild, jobs);
  const executions = new Executions(store, pipelines, actions, events, { region, arnOf, directory });
  return {
    targetPrefix: "CodePipeline_20150709",
    serviceName: "codepipeline",
    refused: [
      {
        operations: /.*(Webhook|ThirdParty|CustomActionType|ActionType|PollForJobs|AcknowledgeJob).*/,
        why: "Actions are sources, builds and functions: nobody else takes part in a pipeline here.",
      },
    ],
    operations: {
      CreatePipeline: pipelines.create,
      GetPipeline: pipelines.get,
      UpdatePipeline: pipelines.update,
      DeletePipeline: pipelines.delete,
      ListTagsForResource: pipelines.listTags,
      TagResource: pipelines.tag,
      UntagResource: pipelines.untag,
      StartPipelineExecution: executions.start,
      GetPipelineExecution: executions.get,
      ListActionExecutions: executions.listActions,
      PutJobSuccessResult: jobs.putSuccess,
      PutJobFailureResult: jobs.putFailure,
    },
    async close() {
      await events.flushed();
      eventBridge.destroy();
      store.close();
    },
  };
}
