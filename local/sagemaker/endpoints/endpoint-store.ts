import type { ListEndpointsInput, ListEndpointsOutput } from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import type { Collection } from "../../server/store";
import { couldNotFind, invalid } from "../errors";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import type { PendingDeployment } from "./deployment";
import type { Endpoint } from "./endpoint-document";
import { announceEndpoint, type EndpointChange } from "./endpoint-events";
import type { FleetPlan } from "./fleet-plan";

/** An endpoint, and what serves it: enough to start it again after its config or model was deleted. */
export interface StoredEndpoint {
  described: Endpoint;
  serving?: FleetPlan;
  /** As long as the endpoint is described with a PendingDeploymentSummary. */
  pending?: PendingDeployment;
}

/** The documents of endpoints: each change is kept and told of as one. */
export class EndpointStore {
  private readonly collection: Collection<StoredEndpoint>;

  constructor(private readonly context: SageMakerContext) {
    this.collection = context.store.collection<StoredEndpoint>("endpoint");
  }

  all(): StoredEndpoint[] {
    return this.collection.all();
  }

  /** @throws AwsError when there is no endpoint of that name */
  known(name: string): StoredEndpoint {
    const stored = this.collection.get(name);
    if (!stored) throw couldNotFind("endpoint", this.arn(name));
    return stored;
  }

  /** @throws AwsError when there is one of that name */
  create(stored: StoredEndpoint, tags: Parameters<SageMakerContext["tags"]["create"]>[1]): void {
    const { EndpointName, EndpointArn } = stored.described;
    this.context.store.transaction(() => {
      if (!this.collection.insert(EndpointName, stored)) {
        throw invalid(`Cannot create already existing endpoint "${EndpointArn}".`);
      }
      this.context.tags.create(EndpointArn, tags);
      announceEndpoint(this.context, stored.described, "status");
    });
  }

  /**
   * Changes an endpoint, and tells of it, as one.
   *
   * @param kept what is kept beside the document from now on; what is not said stays
   * @param tell false where nobody is told
   */
  change(
    name: string,
    changed: EndpointChange,
    change: (endpoint: Endpoint) => Endpoint,
    kept: Pick<StoredEndpoint, "serving" | "pending"> = {},
    tell = true,
  ): Endpoint {
    return this.context.store.transaction(() => {
      const stored = this.collection.update(name, (before) => {
        const described = { ...change(before.described), LastModifiedTime: now() };
        const serving = kept.serving ?? before.serving;
        const pending = described.PendingDeploymentSummary && (kept.pending ?? before.pending);
        return { described, ...(serving ? { serving } : {}), ...(pending ? { pending } : {}) };
      });
      if (!stored) throw couldNotFind("endpoint", this.arn(name));
      if (tell) announceEndpoint(this.context, stored.described, changed);
      return stored.described;
    });
  }

  /** Removes an endpoint, and tells of it unless `tell` is false. */
  remove(endpoint: Endpoint, tell = true): void {
    this.context.store.transaction(() => {
      this.collection.remove(endpoint.EndpointName);
      if (tell) announceEndpoint(this.context, { ...endpoint, EndpointStatus: "Deleted" as never }, "status");
      this.context.tags.remove(endpoint.EndpointArn);
    });
  }

  /** @throws AwsError where something is under way */
  refuseInProgress(endpoint: Endpoint): void {
    if (endpoint.EndpointStatus === "InService" || endpoint.EndpointStatus === "Failed") return;
    throw invalid(`Cannot update in-progress endpoint "${endpoint.EndpointArn}".`);
  }

  /**
   * What serves an endpoint.
   *
   * @throws AwsError when it can't be updated now, or never
   */
  serving(endpoint: Endpoint): FleetPlan {
    this.refuseInProgress(endpoint);
    const serving = this.collection.get(endpoint.EndpointName)?.serving;
    if (serving && endpoint.EndpointStatus === "InService") return serving;
    throw invalid(`Endpoint "${endpoint.EndpointArn}" has failed: it can only be deleted.`);
  }

  list(input: Wire<ListEndpointsInput>): Wire<ListEndpointsOutput> {
    const endpoints = this.all().map((stored) => stored.described);
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

  arn(name: string): string {
    return this.context.arns.sagemaker(`endpoint/${name.toLowerCase()}`);
  }
}
