import type {
  CreateEndpointInput,
  CreateEndpointOutput,
  DeleteEndpointInput,
  DeploymentConfig,
  DescribeEndpointInput,
  ListEndpointsInput,
  ListEndpointsOutput,
  UpdateEndpointInput,
  UpdateEndpointOutput,
  UpdateEndpointWeightsAndCapacitiesInput,
  UpdateEndpointWeightsAndCapacitiesOutput,
} from "@aws-sdk/client-sagemaker";
import { AwsError, type Wire } from "../../server/json-service";
import { couldNotFind, invalid } from "../errors";
import { messageOf } from "../../server/errors";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { now } from "../time";
import type { EndpointConfig, EndpointConfigs } from "./configs";
import {
  describedCapture,
  describedVariants,
  pendingVariants,
  refuseRescale,
  without,
  type Endpoint,
} from "./endpoint-document";
import { announceEndpoint } from "./endpoint-events";
import { EndpointMetrics } from "./endpoint-metrics";
import { Fleet } from "./fleet";
import { fleetPlan, rescaled, retained, type FleetPlan } from "./fleet-plan";
import { MetricSender } from "../metric-sender";
import type { Models } from "./models";
import { Traffic } from "./traffic";

/** An endpoint, and what serves it: enough to start it again after its config or model was deleted. */
interface StoredEndpoint {
  described: Endpoint;
  serving?: FleetPlan;
}

/** Endpoints: their documents, and the fleets behind them. */
export class Endpoints {
  readonly metrics: EndpointMetrics;
  private readonly endpoints: Collection<StoredEndpoint>;
  private readonly traffic = new Map<string, Traffic>();
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly ending = new AbortController();

  constructor(
    private readonly context: SageMakerContext,
    private readonly configs: EndpointConfigs,
    private readonly models: Models,
  ) {
    this.metrics = new EndpointMetrics(new MetricSender(context.clients.cloudwatch));
    this.metrics.watch(() => [...this.traffic.values()].flatMap(({ fleets }) => fleets));
    this.endpoints = context.store.collection<StoredEndpoint>("endpoint");
    for (const stored of this.endpoints.all()) this.resume(stored);
  }

  readonly operations = {
    CreateEndpoint: (input: Wire<CreateEndpointInput>) => Promise.resolve(this.create(input)),
    DescribeEndpoint: (input: Wire<DescribeEndpointInput>) => Promise.resolve(this.describe(input.EndpointName)),
    ListEndpoints: (input: Wire<ListEndpointsInput>) => Promise.resolve(this.list(input)),
    UpdateEndpoint: (input: Wire<UpdateEndpointInput>) => Promise.resolve(this.update(input)),
    UpdateEndpointWeightsAndCapacities: (input: Wire<UpdateEndpointWeightsAndCapacitiesInput>) =>
      Promise.resolve(this.rescale(input)),
    DeleteEndpoint: (input: Wire<DeleteEndpointInput>) => Promise.resolve(this.delete(input.EndpointName)),
  };

  describe(name: string): Endpoint {
    const stored = this.endpoints.get(name);
    if (!stored) throw couldNotFind("endpoint", this.arn(name));
    const { described } = stored;
    if (!described.DataCaptureConfig) return described;
    const functional = this.traffic.get(name)?.fleets.some(({ capture }) => capture?.functional) ?? false;
    const CaptureStatus = functional ? "Started" : "Stopped";
    return { ...described, DataCaptureConfig: { ...described.DataCaptureConfig, CaptureStatus } };
  }

  /** How an endpoint's requests are routed; undefined when nothing serves. Waits for one that is being started again. */
  async routing(name: string): Promise<Traffic | undefined> {
    if (this.ending.signal.aborted)
      throw new AwsError("ServiceUnavailable", "The local SageMaker is shutting down.", 503);
    const traffic = this.traffic.get(name);
    if (traffic) return traffic;
    const status = this.endpoints.get(name)?.described.EndpointStatus;
    if (status === "InService") await this.underWay.get(name);
    return this.traffic.get(name);
  }

  /** Ends every fleet, and sends what their metrics hold. */
  async close(): Promise<void> {
    this.ending.abort();
    await Promise.all([...this.traffic.values()].flatMap(({ fleets }) => fleets.map((fleet) => fleet.stop(0))));
    await Promise.all(this.underWay.values());
    await this.metrics.close();
  }

  private create(input: Wire<CreateEndpointInput>): Wire<CreateEndpointOutput> {
    const { EndpointName, EndpointConfigName, Tags, DeploymentConfig } = input;
    const EndpointArn = this.arn(EndpointName);
    const config = this.configs.describe(EndpointConfigName);
    const plan = this.plan(EndpointName, config);
    const created = now();
    const described: Endpoint = {
      EndpointName,
      EndpointArn,
      EndpointConfigName,
      ...(DeploymentConfig ? { LastDeploymentConfig: DeploymentConfig } : {}),
      EndpointStatus: "Creating",
      CreationTime: created,
      LastModifiedTime: created,
      PendingDeploymentSummary: { EndpointConfigName, StartTime: created, ...pendingVariants(plan, created) },
    };
    if (!this.endpoints.insert(EndpointName, { described })) {
      throw invalid(`Cannot create already existing endpoint "${EndpointArn}".`);
    }
    this.context.tags.create(EndpointArn, Tags);
    announceEndpoint(this.context, described, false);
    this.work(EndpointName, () => this.deploy(plan, config));
    return { EndpointArn };
  }

  private update(input: Wire<UpdateEndpointInput>): Wire<UpdateEndpointOutput> {
    const { EndpointName, EndpointConfigName, DeploymentConfig } = input;
    const endpoint = this.describe(EndpointName);
    const serving = this.serving(endpoint);
    const config = this.configs.describe(EndpointConfigName);
    const declared = this.plan(EndpointName, config);
    const plan = input.RetainAllVariantProperties
      ? retained(declared, serving, input.ExcludeRetainedVariantProperties)
      : declared;
    const deployment = DeploymentConfig ?? (input.RetainDeploymentConfig ? endpoint.LastDeploymentConfig : undefined);
    const start = now();
    this.change(
      EndpointName,
      (document) => ({
        ...without(document, "FailureReason"),
        EndpointStatus: "Updating",
        PendingDeploymentSummary: {
          EndpointConfigName,
          StartTime: start,
          ...pendingVariants(plan, start),
        },
      }),
      true,
    );
    this.work(EndpointName, () => this.deploy(plan, config, deployment));
    return { EndpointArn: endpoint.EndpointArn };
  }

  private delete(name: string): object {
    const endpoint = this.describe(name);
    this.refuseInProgress(endpoint);
    const deleting = this.change(name, (document) => ({ ...document, EndpointStatus: "Deleting" }), false);
    this.work(name, async () => {
      const traffic = this.traffic.get(name);
      this.traffic.delete(name);
      await Promise.all((traffic?.fleets ?? []).map((fleet) => fleet.stop()));
      this.endpoints.remove(name);
      announceEndpoint(this.context, { ...deleting, EndpointStatus: "Deleted" as never }, false);
      this.context.tags.remove(endpoint.EndpointArn);
    });
    return {};
  }

  private rescale(
    input: Wire<UpdateEndpointWeightsAndCapacitiesInput>,
  ): Wire<UpdateEndpointWeightsAndCapacitiesOutput> {
    const { EndpointName: name, DesiredWeightsAndCapacities: wanted } = input;
    const endpoint = this.describe(name);
    const serving = this.serving(endpoint);
    refuseRescale(wanted, serving);
    const plan = rescaled(serving, wanted);
    this.change(
      name,
      (document) => ({
        ...without(document, "FailureReason"),
        EndpointStatus: "Updating",
        ...describedVariants(serving, plan),
      }),
      false,
    );
    this.work(name, async () => {
      let failure: string | undefined;
      try {
        await Promise.all((this.traffic.get(name)?.fleets ?? []).map((fleet) => fleet.rescale(plan)));
      } catch (error) {
        if (this.ending.signal.aborted) return;
        failure = messageOf(error);
      }
      const current = failure === undefined ? plan : serving;
      this.change(
        name,
        (document) => ({
          ...document,
          EndpointStatus: "InService",
          ...describedVariants(current),
          ...(failure === undefined ? {} : { FailureReason: failure }),
        }),
        false,
        current,
      );
    });
    return { EndpointArn: endpoint.EndpointArn };
  }

  private refuseInProgress(endpoint: Endpoint): void {
    if (endpoint.EndpointStatus === "InService" || endpoint.EndpointStatus === "Failed") return;
    throw invalid(`Cannot update in-progress endpoint "${endpoint.EndpointArn}".`);
  }

  /**
   * What serves an endpoint.
   *
   * @throws AwsError when it can't be updated now, or never
   */
  private serving(endpoint: Endpoint): FleetPlan {
    this.refuseInProgress(endpoint);
    const serving = this.endpoints.get(endpoint.EndpointName)?.serving;
    if (serving && endpoint.EndpointStatus === "InService") return serving;
    throw invalid(`Endpoint "${endpoint.EndpointArn}" has failed: it can only be deleted.`);
  }

  /** Starts a config's fleet, and once it is healthy lets it serve in the place of the one that did. */
  private async deploy(plan: FleetPlan, config: EndpointConfig, deployment?: Wire<DeploymentConfig>): Promise<void> {
    const name = plan.endpointName;
    const updating = this.describe(name).EndpointStatus === "Updating";
    let fleet: Fleet;
    try {
      fleet = await Fleet.start(this.context, plan, this.ending.signal);
    } catch (error) {
      if (this.ending.signal.aborted) return;
      const served = this.traffic.has(name);
      this.change(
        name,
        (document) => ({
          ...without(document, "PendingDeploymentSummary"),
          EndpointStatus: served ? "InService" : "Failed",
          FailureReason: messageOf(error),
        }),
        updating,
      );
      return;
    }
    const traffic = this.traffic.get(name) ?? new Traffic();
    const replaced = traffic.fleets;
    traffic.set([{ fleet, share: 1 }]);
    this.traffic.set(name, traffic);
    if (this.ending.signal.aborted) return fleet.stop(0);
    this.change(
      name,
      (document) => ({
        ...without(document, "PendingDeploymentSummary", "DataCaptureConfig", "ShadowProductionVariants"),
        EndpointConfigName: config.EndpointConfigName,
        EndpointStatus: "InService",
        ...describedVariants(plan),
        ...describedCapture(config.DataCaptureConfig),
        ...(deployment ? { LastDeploymentConfig: deployment } : {}),
      }),
      updating,
      plan,
    );
    await Promise.all(replaced.map((old) => old.stop()));
  }

  /** What an earlier server left: what served is started again, what was under way has failed. */
  private resume({ described, serving }: StoredEndpoint): void {
    const name = described.EndpointName;
    const reason = "InternalServerError: the local SageMaker ended during the deployment. Start it again.";
    if (described.EndpointStatus === "Deleting") {
      this.endpoints.remove(name);
      this.context.tags.remove(described.EndpointArn);
      return;
    }
    if (described.EndpointStatus === "Creating" || described.EndpointStatus === "Updating") {
      this.change(
        name,
        (document) => ({
          ...without(document, "PendingDeploymentSummary"),
          EndpointStatus: serving ? "InService" : "Failed",
          FailureReason: reason,
          ...(serving ? describedVariants(serving) : {}),
        }),
        described.EndpointStatus === "Updating",
      );
    }
    if (!serving) return;
    this.work(name, async () => {
      try {
        const fleet = await Fleet.start(this.context, serving, this.ending.signal);
        const traffic = new Traffic();
        traffic.set([{ fleet, share: 1 }]);
        this.traffic.set(name, traffic);
        if (this.ending.signal.aborted) await fleet.stop(0);
      } catch (error) {
        if (this.ending.signal.aborted) return;
        this.change(
          name,
          (document) => ({ ...document, EndpointStatus: "Failed", FailureReason: messageOf(error) }),
          false,
        );
      }
    });
  }

  private plan(endpointName: string, config: EndpointConfig): FleetPlan {
    return fleetPlan(endpointName, config, (modelName) => this.models.served(modelName));
  }

  private list(input: Wire<ListEndpointsInput>): Wire<ListEndpointsOutput> {
    const endpoints = this.endpoints.all().map((stored) => stored.described);
    const { items, ...next } = page("ListEndpoints", endpoints, input, (endpoint) => ({
      name: endpoint.EndpointName,
      created: endpoint.CreationTime,
      modified: endpoint.LastModifiedTime,
      status: endpoint.EndpointStatus,
    }));
    const summaries = items.map(({ EndpointName, EndpointArn, CreationTime, LastModifiedTime, EndpointStatus }) => ({
      EndpointName,
      EndpointArn,
      CreationTime,
      LastModifiedTime,
      EndpointStatus,
    }));
    return { Endpoints: summaries, ...next };
  }

  /** Does what is to be done about an endpoint, after what is under way already. */
  private work(name: string, task: () => Promise<void>): void {
    const done = (this.underWay.get(name) ?? Promise.resolve())
      .then(task)
      .catch((error: unknown) => console.error(`endpoint ${name}:`, error))
      .finally(() => {
        if (this.underWay.get(name) === done) this.underWay.delete(name);
      });
    this.underWay.set(name, done);
  }

  /**
   * @param deployment whether it is one of the changes that an update of the endpoint makes
   * @param serving what serves from now on; unset when that stays
   */
  private change(
    name: string,
    change: (endpoint: Endpoint) => Endpoint,
    deployment: boolean,
    serving?: FleetPlan,
  ): Endpoint {
    const stored = this.endpoints.update(name, (document) => ({
      ...document,
      ...(serving ? { serving } : {}),
      described: { ...change(document.described), LastModifiedTime: now() },
    }));
    if (!stored) throw couldNotFind("endpoint", this.arn(name));
    announceEndpoint(this.context, stored.described, deployment);
    return stored.described;
  }

  private arn(name: string): string {
    return this.context.arns.sagemaker(`endpoint/${name.toLowerCase()}`);
  }
}
