import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ServerContext } from "../server/context";
import type { RestHandler } from "../server/http-server";
import type { JsonService } from "../server/json-service";
import { Arns } from "./arns";
import { closeClients, makeClients } from "./clients";
import { EndpointConfigs } from "./endpoints/configs";
import { Endpoints } from "./endpoints/endpoints";
import { InstancePool } from "./endpoints/instance-pool";
import { Models } from "./endpoints/models";
import { runtimeHandler } from "./endpoints/runtime";
import { Events } from "../server/events";
import { ProcessingJobs } from "./jobs/processing";
import { Slots } from "../../functions/shared/slots";
import { TrainingJobs } from "./jobs/training";
import { TransformJobs } from "./jobs/transform";
import { JobDefinitions } from "./monitoring/definitions";
import { MonitoringSchedules } from "./monitoring/schedules";
import { MlflowApps } from "./registry/mlflow-apps";
import { ModelPackageGroups } from "./registry/model-package-groups";
import { ModelPackages } from "./registry/model-packages";
import { ExecutionDocuments } from "./pipelines/execution-documents";
import { Executions } from "./pipelines/executions";
import { Pipelines } from "./pipelines/pipelines";
import { refused } from "./refused";
import type { SageMakerContext } from "./state";
import { Store } from "../server/store";
import { Search, type Searchables } from "./search";
import { Tags } from "./tags";

/** The local SageMaker: its API, and its runtime. */
export interface SageMaker {
  service: JsonService;
  runtime: RestHandler;
}

/**
 * Opens the local SageMaker on the state that an earlier one left: jobs that were running have failed, endpoints that
 * served are started again.
 */
export function sagemaker(server: ServerContext): SageMaker {
  const { settings } = server;
  const folder = server.directory("sagemaker");
  const store = new Store(join(folder, "state.db"));
  const clients = makeClients(settings.upstream, server.url, settings.region);
  const context: SageMakerContext = {
    server,
    store,
    arns: new Arns(settings.region, settings.accountId),
    tags: new Tags(store),
    clients,
    events: new Events(clients.events, "aws.sagemaker", store),
    instances: new InstancePool(settings.endpointInstances),
    folder,
  };
  // What an earlier server's jobs and model servers left: nobody uses it any more.
  for (const left of ["processing-jobs", "training-jobs", "transform-jobs", "endpoints"]) {
    rmSync(join(folder, left), { recursive: true, force: true });
  }
  const slots = new Slots(settings.maxConcurrentJobs);
  const processing = new ProcessingJobs(context, slots);
  const training = new TrainingJobs(context, slots);
  const groups = new ModelPackageGroups(context);
  const packages = new ModelPackages(context, groups);
  const models = new Models(context, packages);
  const transform = new TransformJobs(context, models, slots);
  const configs = new EndpointConfigs(context, models);
  const endpoints = new Endpoints(context, configs, models);
  const jobDefinitions = new JobDefinitions(context, endpoints);
  const executionDocuments = new ExecutionDocuments(context);
  const pipelines = new Pipelines(context, executionDocuments);
  const steps = { context, processing, training, transform, models, groups, packages };
  const executions = new Executions(steps, pipelines, executionDocuments);
  const searchables: Searchables = {
    TrainingJob: { arnMember: "TrainingJobArn", all: () => training.all() },
    ModelPackage: { arnMember: "ModelPackageArn", all: () => packages.all() },
    ModelPackageGroup: { arnMember: "ModelPackageGroupArn", all: () => groups.all() },
    Pipeline: { arnMember: "PipelineArn", all: () => pipelines.collection.all() },
    PipelineExecution: { arnMember: "PipelineExecutionArn", all: () => executions.searchable() },
  };
  const parts = [
    pipelines,
    executions,
    context.tags,
    processing,
    training,
    transform,
    groups,
    packages,
    models,
    configs,
    endpoints,
    jobDefinitions,
    new MonitoringSchedules(context, jobDefinitions),
    new MlflowApps(context),
    new Search(searchables, context.tags),
  ];
  return {
    service: {
      targetPrefix: "SageMaker",
      serviceName: "sagemaker",
      refused,
      forDemands: (operation, input) => executions.forDemands(operation, input),
      resourcePolicy: (arn) => groups.policyOf(arn),
      operations: Object.assign({}, ...parts.map((part) => part.operations)) as JsonService["operations"],
      drain: () => endpoints.close(),
      close: async () => {
        await Promise.all([executions.close(), processing.close(), training.close(), transform.close()]);
        await context.events.flushed();
        closeClients(clients);
        store.close();
      },
    },
    runtime: runtimeHandler(server, endpoints),
  };
}
