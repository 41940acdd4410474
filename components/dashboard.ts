import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { dashboardBody } from "./dashboard-body";
import type { InferenceApi } from "./inference-api";
import type { StreamScorer } from "./stream-scorer";
import type { WorkQueue } from "./work-queue";

export interface DashboardArgs extends ComponentArgs {
  pipelineName: string;
  endpoint: CanaryEndpoint;
  stream: StreamScorer;
  api: InferenceApi;
  transform?: { dashboard?: Transform<aws.cloudwatch.DashboardArgs> };
}

/**
 * One CloudWatch dashboard for the stack: pipeline and deployments, endpoint, scorer of files, API, monitors.
 *
 * @example
 * new Dashboard("dashboard", { pipelineName, endpoint, stream, api });
 */
export class Dashboard extends PlatformComponent {
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: DashboardArgs, options?: pulumi.ComponentResourceOptions) {
    super("Dashboard", name, args, options);
    const { endpoint, stream, api } = args;
    const queues = (queue: WorkQueue) => ({ name: queue.name, deadLettersName: queue.deadLettersName });
    const subjects = pulumi.output({
      region: this.place.region,
      pipelineName: args.pipelineName,
      endpointName: endpoint.endpointName,
      variantName: endpoint.variantName,
      deployQueues: queues(endpoint.deployQueue),
      deployFunctionName: endpoint.deployFunctionName,
      scorerFunctionName: stream.functionName,
      scorerQueues: queues(stream.queue),
      apiName: api.apiName,
      apiStage: api.stageName,
    });
    const dashboard = this.child(
      aws.cloudwatch.Dashboard,
      "dashboard",
      { dashboardName: `${pulumi.getProject()}-${pulumi.getStack()}`, dashboardBody: subjects.apply(dashboardBody) },
      args.transform?.dashboard,
    );
    this.name = dashboard.dashboardName;
    this.registerOutputs({ name: this.name });
  }
}
