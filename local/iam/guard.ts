import type { IncomingMessage } from "node:http";
import type { JsonService } from "../server/json-service";
import { callerOf } from "../server/service-caller";
import type { Access } from "./access";
import type { Place } from "./arns";
import { demandsOf } from "./demands";

/** Lets requests to the local services through that their callers may make. */
export class Guard {
  constructor(
    private readonly access: Access,
    private readonly place: Place,
  ) {}

  /** @throws AwsError where the caller may not, or is not known */
  async admit(request: IncomingMessage, service: JsonService, operation: string, input: object): Promise<void> {
    if (!this.access.enforced) return;
    const known = service.forDemands?.(operation, input as never) ?? {};
    await this.access.require(callerOf(request), () =>
      demandsOf(service.serviceName, operation, { ...input, ...known }, this.place),
    );
  }
}
