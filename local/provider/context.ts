import { setTimeout } from "node:timers/promises";
import { answer, mirror, toInput, validate, validationMessage, type Violation } from "../aws-models";
import { identityHash } from "./identity";
import { send, type InputOf, type OperationOf, type OutputOf, type Service } from "./sdk";
import { hasUnknown, UNKNOWN, type Properties } from "./values";

/** How long a service may take to finish what it began. */
const PATIENCE_SECONDS = 600;
const POLL_MILLISECONDS = 200;

/**
 * What calls do. `live`: they reach the service. `check`: they are only validated, and answer with unknown values.
 * `plan`: they are only validated, and answer with values that are made up but stay the same.
 */
export type Mode = "live" | "check" | "plan";

/** What a resource is once it exists: its id, and the outputs that are not inputs. */
export interface Created {
  id: string;
  [output: string]: unknown;
}

/** Violations of one request, which was not sent. */
export interface Refusal {
  operation: string;
  violations: Violation[];
}

/** A request breaks AWS's model of it. */
export class InvalidRequest extends Error {
  override name = "ValidationException";

  constructor(operation: string, violations: Violation[]) {
    super(`${operation}: ${validationMessage(violations)}`);
  }
}

export interface Surroundings {
  mode: Mode;
  urn: string;
  region: string;
  account: string;
  /** What the resource is made of: plans give another resource, by the same name or not, other values. */
  inputs?: Properties;
}

/** What a handler has at hand: calls to services, and the names of things. */
export class Context {
  readonly mode: Mode;
  readonly region: string;
  readonly account: string;
  /** Requests that break AWS's model. Empty in live mode, which throws instead. */
  readonly refusals: Refusal[] = [];
  private readonly urn: string;
  private readonly inputs: Properties;
  private existing: Created | undefined;

  constructor({ mode, urn, region, account, inputs = {} }: Surroundings) {
    this.mode = mode;
    this.urn = urn;
    this.region = region;
    this.account = account;
    this.inputs = inputs;
  }

  /** What exists already, should the rest of a creation fail. */
  get partial(): Created | undefined {
    return this.existing;
  }

  /**
   * Calls a service, after checking the request against AWS's published model.
   *
   * @param input members as AWS names them; they win over `properties`
   * @param properties a resource's properties: those that the operation has a member for are added
   * @throws InvalidRequest in live mode, when the request breaks the model; else the service's own error
   */
  async call<S extends Service, O extends OperationOf<S> & string>(
    service: S,
    operation: O,
    input: InputOf<S, O>,
    properties: object = {},
  ): Promise<OutputOf<S, O>> {
    const mapped = toInput(service, operation, properties as Properties);
    const request = defined({ ...mapped.input, ...(input as Properties) });
    const violations = [...mapped.violations, ...validate(service, operation, request, { isUnknown })];
    if (violations.length > 0 && this.mode === "live") throw new InvalidRequest(operation, violations);
    if (violations.length > 0) this.refusals.push({ operation, violations });
    const result =
      this.mode === "live" ? send(service, this.region, operation, request) : this.standIn(service, operation);
    return (await result) as OutputOf<S, O>;
  }

  /** From here on the resource exists: should a later step fail, the engine still knows of it. */
  exists(created: Created): Created {
    this.existing = created;
    return created;
  }

  /**
   * Asks again and again until the answer is not `undefined`. Not when only checking or planning.
   *
   * @throws when that takes longer than {@link PATIENCE_SECONDS}
   */
  async until(what: string, ask: () => Promise<unknown>): Promise<void> {
    if (this.mode !== "live") return;
    const deadline = Date.now() + PATIENCE_SECONDS * 1000;
    while ((await ask()) === undefined) {
      if (Date.now() > deadline) throw new Error(`gave up after ${PATIENCE_SECONDS} seconds waiting for ${what}`);
      await setTimeout(POLL_MILLISECONDS);
    }
  }

  /** ARN in this account and region. */
  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.region}:${this.account}:${resource}`;
  }

  /** ARN without an account, as API Gateway has them. */
  gatewayArn(path: string): string {
    return `arn:aws:apigateway:${this.region}::${path}`;
  }

  /** Current values of what the program wrote, in the form in which it wrote them. */
  mirror(written: object, current: object | undefined): Properties {
    return mirror(written as Properties, current);
  }

  /**
   * A text that a service answers with in a list: stand-ins for answers leave lists empty.
   *
   * @param path such as `SecurityGroupRules.SecurityGroupRuleId`
   * @returns undefined in live mode, where the answer has it
   */
  listed(service: Service, operation: string, path: string): string | undefined {
    if (this.mode === "live") return undefined;
    return this.mode === "check" ? UNKNOWN : this.planned(service, operation, path);
  }

  private standIn(service: Service, operation: string): Properties {
    if (this.mode === "check") return answer(service, operation, () => UNKNOWN);
    return answer(service, operation, (path) => this.planned(service, operation, path));
  }

  /** A made-up value that looks like what the service gives there, since programs check what they get. */
  private planned(service: Service, operation: string, path: string): string {
    const hash = identityHash(this.urn, this.inputs, path);
    const kind = service === "ec2" ? EC2_IDS[path.split(/[.[]/).find((member) => member in EC2_IDS) ?? ""] : undefined;
    if (kind !== undefined) return `${kind}-${hash.slice(0, 17)}`;
    const id = service === "apigateway" ? hash.slice(0, 10) : asUuid(hash);
    if (/arn$/i.test(path)) return this.arn(service, `${kindOf(operation)}/${id}`);
    if (/url$/i.test(path)) return `https://${service}.${this.region}.amazonaws.com/${this.account}/${id}`;
    return id;
  }
}

/** How EC2's ids begin, by the member of an answer that has them. */
const EC2_IDS: Record<string, string> = {
  AllocationId: "eipalloc",
  AssociationId: "rtbassoc",
  FlowLogIds: "fl",
  GroupId: "sg",
  InternetGatewayId: "igw",
  NatGatewayId: "nat",
  PrefixListId: "pl",
  RouteTableId: "rtb",
  SecurityGroupRuleId: "sgr",
  SubnetId: "subnet",
  VpcEndpointId: "vpce",
  VpcId: "vpc",
};

/** What an operation makes, as ARNs name it: `CreateMlflowApp` makes an `mlflow-app`. */
function kindOf(operation: string): string {
  const noun = operation.replace(/^[A-Z][a-z]+(?=[A-Z])/, "");
  return noun.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase();
}

function isUnknown(value: unknown): boolean {
  return typeof value === "string" && hasUnknown(value);
}

function defined(members: Properties): Properties {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function asUuid(hash: string): string {
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
