import type {
  CreateEndpointInput,
  CreateEndpointOutput,
  DeleteEndpointInput,
  DescribeEndpointInput,
  ListEndpointsInput,
  UpdateEndpointInput,
  UpdateEndpointOutput,
  UpdateEndpointWeightsAndCapacitiesInput,
  UpdateEndpointWeightsAndCapacitiesOutput,
} from "@aws-sdk/client-sagemaker";
import { AwsError, type Wire } from "../../server/json-service";
import { invalid } from "../errors";
import { messageOf } from "../../server/errors";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import type { EndpointConfig, EndpointConfigs } from "./configs";
import {
  describedCapture,
  describedVariants,
  pendingSummary,
  refuseRescale,
  terminating,
  without,
  type Endpoint,
} from "./endpoint-document";
import { Deployment, pendingDeployment, type PendingDeployment } from "./deployment";
import { checkDeployment, instancesOf, rollbackAlarms, stepsOf } from "./deployment-config";
import { EndpointMetrics } from "./endpoint-metrics";
import { EndpointStore, type StoredEndpoint } from "./endpoint-store";
import { Fleet } from "./fleet";
import { fleetPlan, replacedVariants, rescaled, retained, type FleetPlan } from "./fleet-plan";
import { MetricSender } from "../metric-sender";
import type { Models } from "./models";
import { alarmStates } from "./rollback-alarms";
import { RollbackError, type RolloutStage } from "./rollout";
import { refuseScaled } from "./scaled-variants";
import { Traffic } from "./traffic";

/** Endpoints: SageMaker's operations on them, and the fleets behind them. */
export class Endpoints {
  readonly metrics: EndpointMetrics;
  private readonly endpoints: EndpointStore;
  private readonly traffic = new Map<string, Traffic>();
  private readonly underWay = new Map<string, Promise<void>>();
  /** Endpoints whose fleets an earlier server left, until they serve again. */
  private readonly recovering = new Map<string, Promise<void>>();
  private readonly ending = new AbortController();

  constructor(
    private readonly context: SageMakerContext,
    private readonly configs: EndpointConfigs,
    private readonly models: Models,
  ) {
    this.metrics = new EndpointMetrics(new MetricSender(context.clients.cloudwatch));
    this.metrics.watch(() => [...this.traffic.values()].flatMap(({ fleets }) => fleets));
    this.endpoints = new EndpointStore(context);
    for (const stored of this.endpoints.all()) this.resume(stored);
  }

  readonly operations = {
    CreateEndpoint: (input: Wire<CreateEndpointInput>) => Promise.resolve(this.create(input)),
    DescribeEndpoint: (input: Wire<DescribeEndpointInput>) => Promise.resolve(this.describe(input.EndpointName)),
    ListEndpoints: (input: Wire<ListEndpointsInput>) => Promise.resolve(this.endpoints.list(input)),
    UpdateEndpoint: (input: Wire<UpdateEndpointInput>) => this.update(input),
    UpdateEndpointWeightsAndCapacities: (input: Wire<UpdateEndpointWeightsAndCapacitiesInput>) =>
      Promise.resolve(this.rescale(input)),
    DeleteEndpoint: (input: Wire<DeleteEndpointInput>) => this.delete(input.EndpointName),
  };

  describe(name: string): Endpoint {
    const { described } = this.endpoints.known(name);
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
    await this.recovering.get(name);
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
    const EndpointArn = this.endpoints.arn(EndpointName);
    const config = this.configs.describe(EndpointConfigName);
    const plan = this.plan(EndpointName, config);
    const created = now();
    const pending = pendingDeployment(plan, config, undefined, created);
    const described: Endpoint = {
      EndpointName,
      EndpointArn,
      EndpointConfigName,
      ...(DeploymentConfig ? { LastDeploymentConfig: DeploymentConfig } : {}),
      EndpointStatus: "Creating",
      CreationTime: created,
      LastModifiedTime: created,
      PendingDeploymentSummary: this.summary(pending, { step: 0, status: "Creating" }),
    };
    this.endpoints.create({ described, pending }, Tags);
    this.work(EndpointName, () => this.deploy(EndpointName, pending));
    return { EndpointArn };
  }

  private async update(input: Wire<UpdateEndpointInput>): Promise<Wire<UpdateEndpointOutput>> {
    const { EndpointName, EndpointConfigName } = input;
    const last = this.describe(EndpointName).LastDeploymentConfig;
    const deployment = input.DeploymentConfig ?? (input.RetainDeploymentConfig ? last : undefined);
    const { missing } = await alarmStates(this.context.clients.cloudwatch, rollbackAlarms(deployment));
    if (missing.length > 0) throw invalid(`Could not find the CloudWatch alarm(s) ${missing.join(", ")}.`);
    const next = this.plan(EndpointName, this.configs.describe(EndpointConfigName));
    const replaced = replacedVariants(this.endpoints.serving(this.describe(EndpointName)), next);
    await refuseScaled(this.context.clients.autoscaling, EndpointName, replaced);

    // What was awaited may have taken long.
    const endpoint = this.describe(EndpointName);
    const serving = this.endpoints.serving(endpoint);
    const config = this.configs.describe(EndpointConfigName);
    const declared = this.plan(EndpointName, config);
    const plan = input.RetainAllVariantProperties
      ? retained(declared, serving, input.ExcludeRetainedVariantProperties)
      : declared;
    checkDeployment(deployment, plan);
    const pending = pendingDeployment(plan, config, deployment, now());
    this.endpoints.change(
      EndpointName,
      "both",
      (document) => ({
        ...without(document, "FailureReason"),
        EndpointStatus: "Updating",
        PendingDeploymentSummary: this.summary(pending, { step: 0, status: "Creating" }),
      }),
      { pending },
    );
    this.work(EndpointName, () => this.deploy(EndpointName, pending));
    return { EndpointArn: endpoint.EndpointArn };
  }

  private async delete(name: string): Promise<object> {
    this.endpoints.refuseInProgress(this.describe(name));
    const variants = this.endpoints.known(name).serving?.variants ?? [];
    const names = variants.map(({ variantName }) => variantName);
    await refuseScaled(this.context.clients.autoscaling, name, names);
    const endpoint = this.describe(name);
    this.endpoints.refuseInProgress(endpoint);
    const deleting = this.endpoints.change(name, "status", (document) => ({ ...document, EndpointStatus: "Deleting" }));
    this.work(name, async () => {
      const traffic = this.traffic.get(name);
      this.traffic.delete(name);
      await Promise.all((traffic?.fleets ?? []).map((fleet) => fleet.stop()));
      this.endpoints.remove(deleting);
    });
    return {};
  }

  private rescale(
    input: Wire<UpdateEndpointWeightsAndCapacitiesInput>,
  ): Wire<UpdateEndpointWeightsAndCapacitiesOutput> {
    const { EndpointName: name, DesiredWeightsAndCapacities: wanted } = input;
    const endpoint = this.describe(name);
    const serving = this.endpoints.serving(endpoint);
    refuseRescale(wanted, serving);
    const plan = rescaled(serving, wanted);
    this.endpoints.change(name, "both", (document) => ({
      ...without(document, "FailureReason"),
      EndpointStatus: "Updating",
      ...describedVariants(serving, plan),
    }));
    this.work(name, async () => {
      let failure: string | undefined;
      try {
        await Promise.all((this.traffic.get(name)?.fleets ?? []).map((fleet) => fleet.rescale(plan)));
      } catch (error) {
        if (this.ending.signal.aborted) return;
        failure = messageOf(error);
      }
      const current = failure === undefined ? plan : serving;
      this.endpoints.change(
        name,
        "both",
        (document) => ({
          ...document,
          EndpointStatus: "InService",
          ...describedVariants(current),
          ...(failure === undefined ? {} : { FailureReason: failure }),
        }),
        { serving: current },
      );
    });
    return { EndpointArn: endpoint.EndpointArn };
  }

  /** Carries a deployment out, to its end or back. */
  private async deploy(name: string, pending: PendingDeployment): Promise<void> {
    const { plan } = pending;
    const traffic = this.traffic.get(name) ?? new Traffic();
    const updating = traffic.fleets.length > 0;
    const deployment = new Deployment(this.context, pending, traffic, this.ending.signal, (stage) =>
      this.endpoints.change(
        name,
        "deployment",
        (document) => ({ ...document, PendingDeploymentSummary: this.summary(pending, stage) }),
        { pending: { ...pending, step: stage.step } },
        updating,
      ),
    );
    try {
      await deployment.run();
      this.traffic.set(name, traffic);
    } catch (error) {
      // What is kept says where to go on.
      if (this.ending.signal.aborted) return deployment.stop(0);
      return this.rollBack(name, deployment, traffic, error);
    }
    this.endpoints.change(
      name,
      updating ? "both" : "status",
      (document) => ({
        ...without(document, "PendingDeploymentSummary", "DataCaptureConfig", "ShadowProductionVariants"),
        EndpointConfigName: plan.configName,
        EndpointStatus: "InService",
        ...describedVariants(plan),
        ...describedCapture(pending.capture),
        ...(pending.config ? { LastDeploymentConfig: pending.config } : {}),
      }),
      { serving: plan },
    );
    if (this.ending.signal.aborted) return deployment.stop(0);
    traffic.set(traffic.fleets.filter((fleet) => fleet !== deployment.blue).map((fleet) => ({ fleet, share: 1 })));
    await deployment.blue?.stop();
  }

  /** Gives all requests back to what served, if anything did, and ends the new fleet. */
  private async rollBack(name: string, deployment: Deployment, traffic: Traffic, error: unknown): Promise<void> {
    const { blue } = deployment;
    const reason = messageOf(error);
    if (!blue) {
      this.endpoints.change(name, "status", (document) => ({
        ...without(document, "PendingDeploymentSummary"),
        EndpointStatus: "Failed",
        FailureReason: reason,
      }));
      return deployment.stop();
    }
    traffic.set([{ fleet: blue, share: 1 }]);
    const FailureReason =
      error instanceof RollbackError
        ? `${reason} The endpoint was rolled back to endpoint configuration "${blue.configName}".`
        : reason;
    this.endpoints.change(name, "both", (document) => ({
      ...document,
      EndpointStatus: "RollingBack",
      FailureReason,
      ...(document.PendingDeploymentSummary
        ? { PendingDeploymentSummary: terminating(document.PendingDeploymentSummary) }
        : {}),
    }));
    await deployment.stop();
    if (this.ending.signal.aborted) return;
    this.endpoints.change(name, "both", (document) => ({
      ...without(document, "PendingDeploymentSummary"),
      EndpointStatus: "InService",
    }));
  }

  /**
   * What an earlier server left: what served is started again, and an update is gone on with. A creation and a change
   * of weights and counts that were under way have failed.
   */
  private resume({ described, serving, pending }: StoredEndpoint): void {
    const name = described.EndpointName;
    const status = described.EndpointStatus;
    const reason = "InternalServerError: the local SageMaker ended during the deployment. Start it again.";
    if (status === "Deleting") {
      this.endpoints.remove(described, false);
      return;
    }
    const goesOn = status === "Updating" && serving && pending;
    if (status === "RollingBack") {
      this.endpoints.change(name, "both", (document) => ({
        ...without(document, "PendingDeploymentSummary"),
        EndpointStatus: "InService",
      }));
    } else if ((status === "Creating" || status === "Updating") && !goesOn) {
      this.endpoints.change(name, status === "Updating" ? "both" : "status", (document) => ({
        ...without(document, "PendingDeploymentSummary"),
        EndpointStatus: serving ? "InService" : "Failed",
        FailureReason: reason,
        ...(serving ? describedVariants(serving) : {}),
      }));
    }
    if (!serving) return;
    const recovered = this.recover(name, serving).finally(() => this.recovering.delete(name));
    this.recovering.set(name, recovered);
    this.work(name, async () => {
      await recovered;
      if (goesOn && this.traffic.has(name)) await this.deploy(name, pending);
    });
  }

  /** Lets a fleet serve again. An endpoint whose fleet does not start has failed. */
  private async recover(name: string, serving: FleetPlan): Promise<void> {
    try {
      const fleet = await Fleet.start(this.context, serving, this.ending.signal);
      const traffic = new Traffic();
      traffic.set([{ fleet, share: 1 }]);
      this.traffic.set(name, traffic);
      if (this.ending.signal.aborted) await fleet.stop(0);
    } catch (error) {
      if (this.ending.signal.aborted) return;
      this.endpoints.change(name, "status", (document) => ({
        ...without(document, "PendingDeploymentSummary"),
        EndpointStatus: "Failed",
        FailureReason: messageOf(error),
      }));
    }
  }

  private summary(pending: PendingDeployment, stage: RolloutStage): ReturnType<typeof pendingSummary> {
    const steps = stepsOf(pending.config, instancesOf(pending.plan));
    return pendingSummary(pending.plan, steps, { ...stage, startedAt: pending.startedAt });
  }

  private plan(endpointName: string, config: EndpointConfig): FleetPlan {
    return fleetPlan(endpointName, config, (modelName) => this.models.served(modelName));
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
}
