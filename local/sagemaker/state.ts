import type { ServerContext } from "../server/context";
import type { InstancePool } from "./endpoints/instance-pool";
import type { Arns } from "./arns";
import type { Clients } from "./clients";
import type { Events } from "../server/events";
import type { Store } from "../server/store";
import type { Tags } from "./tags";

/** What the parts of the local SageMaker share. */
export interface SageMakerContext {
  readonly server: ServerContext;
  readonly store: Store;
  readonly arns: Arns;
  readonly tags: Tags;
  readonly clients: Clients;
  readonly events: Events;
  /** Of endpoints. */
  readonly instances: InstancePool;
  /** A folder below SageMaker's own, for example of a job. */
  readonly folder: string;
}
