import type {
  Cluster,
  CreateClusterRequest,
  CreateClusterResponse,
  DeleteClusterRequest,
  DeleteClusterResponse,
  DescribeClustersRequest,
  DescribeClustersResponse,
  UpdateClusterRequest,
  UpdateClusterResponse,
} from "@aws-sdk/client-ecs";
import { AwsError, type Wire, type WireOutput } from "../server/json-service";
import type { Collection } from "../server/store";
import type { EcsContext } from "./context";

type Document = Wire<Cluster> & Required<Pick<Wire<Cluster>, "clusterName" | "clusterArn">>;

/** Clusters: names for groups of tasks. */
export class Clusters {
  private readonly documents: Collection<Document>;

  constructor(private readonly context: EcsContext) {
    this.documents = context.store.collection("cluster");
  }

  create = (input: Wire<CreateClusterRequest>): Promise<WireOutput<CreateClusterResponse>> => {
    const clusterName = input.clusterName ?? "default";
    const cluster = {
      clusterName,
      clusterArn: this.context.arn(`cluster/${clusterName}`),
      status: "ACTIVE",
      runningTasksCount: 0,
      pendingTasksCount: 0,
      ...(input.settings ? { settings: input.settings } : {}),
      ...(input.configuration ? { configuration: input.configuration } : {}),
      ...(input.tags ? { tags: input.tags } : {}),
    } as unknown as Document;
    // As on AWS, creating a cluster that is there already answers it.
    if (!this.documents.insert(clusterName, cluster)) return Promise.resolve({ cluster: this.named(clusterName) });
    return Promise.resolve({ cluster });
  };

  describe = (input: Wire<DescribeClustersRequest>): Promise<WireOutput<DescribeClustersResponse>> => {
    const clusters: Document[] = [];
    const failures: { arn: string; reason: string }[] = [];
    for (const id of input.clusters ?? ["default"]) {
      const found = this.documents.get(nameOf(id));
      if (found) clusters.push(found);
      else failures.push({ arn: this.context.arn(`cluster/${nameOf(id)}`), reason: "MISSING" });
    }
    return Promise.resolve({ clusters, failures } as unknown as WireOutput<DescribeClustersResponse>);
  };

  update = (input: Wire<UpdateClusterRequest>): Promise<WireOutput<UpdateClusterResponse>> => {
    const { clusterName } = this.named(input.cluster);
    const cluster = this.documents.update(clusterName, (now) => ({
      ...now,
      ...(input.settings ? { settings: input.settings } : {}),
      ...(input.configuration ? { configuration: input.configuration } : {}),
    }));
    return Promise.resolve({ cluster } as unknown as WireOutput<UpdateClusterResponse>);
  };

  delete = (input: Wire<DeleteClusterRequest>): Promise<WireOutput<DeleteClusterResponse>> => {
    const cluster = this.named(input.cluster);
    this.documents.remove(cluster.clusterName);
    return Promise.resolve({ cluster: { ...cluster, status: "INACTIVE" } });
  };

  /** @throws AwsError ClusterNotFoundException */
  named(id = "default"): Document {
    const found = this.documents.get(nameOf(id));
    if (!found) throw new AwsError("ClusterNotFoundException", `Cluster not found: ${id}`);
    return found;
  }

  retag(name: string, change: (tags: { key: string; value: string }[]) => { key: string; value: string }[]): boolean {
    return (
      this.documents.update(name, (now) => {
        (now as { tags?: unknown }).tags = change((now.tags ?? []) as { key: string; value: string }[]);
      }) !== undefined
    );
  }
}

const nameOf = (id: string) => id.split("/").pop() ?? id;
