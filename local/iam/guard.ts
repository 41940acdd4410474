import type { IncomingMessage } from "node:http";
import type { JsonService } from "../server/json-service";
import { callerOf } from "../server/service-caller";
import type { Access, Demand } from "./access";
import { arnIn, type Place } from "./arns";
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
      demandsOf(service.serviceName, operation, { ...input, ...known }, this.place).map((demand) => ({
        ...demand,
        ...this.policies(service, demand),
      })),
    );
  }

  /** Of the service's own resources: without theirs, another account would need none but its own. */
  private policies(service: JsonService, { resources }: Demand): Pick<Demand, "resourcePolicies"> {
    if (service.resourcePolicy === undefined) return {};
    const own = resources.filter((resource) => resource.startsWith(arnIn(this.place, service.serviceName, "")));
    return { resourcePolicies: Object.fromEntries(own.map((arn) => [arn, service.resourcePolicy?.(arn) ?? ""])) };
  }
}
