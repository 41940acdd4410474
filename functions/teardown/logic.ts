import * as t from "io-ts";
import type { Tags } from "../shared/environment";

/** What `aws.lambda.Invocation` sends when it follows a resource's life: its input, and what is done to it. */
export const InvocationEvent = t.type(
  { tf: t.type({ action: t.union([t.literal("create"), t.literal("update"), t.literal("delete")]) }) },
  "InvocationEvent",
);

/** Names of what was removed. */
export interface Removed {
  endpoints: string[];
  /** Of rollouts. */
  alarms: string[];
  endpointConfigs: string[];
  models: string[];
  modelPackages: string[];
  pipelines: string[];
  /** ARNs. */
  taskDefinitions: string[];
}

/** Whether something carries all of `wanted`. */
export function carries(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[],
  wanted: Tags,
): boolean {
  const given = new Map(tags.map(({ Key, Value }) => [Key, Value]));
  return Object.entries(wanted).every(([key, value]) => given.get(key) === value);
}
