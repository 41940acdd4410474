import type { Demand } from "../iam/access";

/** What cloning by a connection takes; the service was renamed, and a connection's ARN says by which name it was made. */
export function usingConnection(connectionArn: string): Demand {
  return { action: `${connectionArn.split(":")[2]}:UseConnection`, resources: [connectionArn] };
}
