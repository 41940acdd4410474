import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/**
 * A user's last word on one child of a component: properties to lay over those that the component chose, or a
 * function that is given the chosen properties and options and returns the properties to use.
 *
 * @example
 * new StreamScorer("stream", { ...args, transform: { table: { billingMode: "PROVISIONED", readCapacity: 5, writeCapacity: 5 } } });
 */
export type Transform<Args> =
  Partial<Args> | ((args: Args, options: pulumi.CustomResourceOptions, name: string) => Args);

/** What every component takes. */
export interface ComponentArgs {
  /** Tags on every child that can carry them. Default: none. */
  tags?: Record<string, string>;
  /** Days that log groups keep their events; one of the values that CloudWatch Logs accepts. Default: 30. */
  logRetentionDays?: number;
  /** How the roles are made that the component makes. Default: path `/`, no permissions boundary. */
  iam?: { path?: string; permissionsBoundaryArn?: string };
}

/** Services of AWS's that publish to the topic of alerts: alarms, rules on events, budgets. */
export const alertingServices = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"] as const;

const NAME = /^[a-zA-Z][a-zA-Z0-9-]{0,39}$/;

/** The problems that make `name` unfit as the prefix of physical names on AWS; empty when it is fit. */
export function nameProblems(name: string): string[] {
  return NAME.test(name)
    ? []
    : [
        `a component's name is "${name}": use a letter followed by up to 39 letters, digits and dashes, ` +
          "because its children's names on AWS begin with it",
      ];
}

/** Throws one error that lists all problems of a component's arguments, when there are any. */
export function refuse(component: string, name: string, problems: readonly string[]): void {
  if (problems.length > 0) {
    throw new Error(
      `${component} "${name}" cannot be made:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
  }
}

/** The properties that `transform` makes of `args`. */
export function transformed<Args>(
  transform: Transform<Args> | undefined,
  args: Args,
  options: pulumi.CustomResourceOptions,
  name: string,
): Args {
  return typeof transform === "function" ? transform(args, options, name) : { ...args, ...transform };
}

/** Where a component's resources are: what its provider says. */
export interface Place {
  partition: pulumi.Output<string>;
  region: pulumi.Output<string>;
  accountId: pulumi.Output<string>;
}

/**
 * Base of the platform's components: type token `fraud:platform:<Kind>`, children named `<component>-<child>`.
 *
 * @throws Error when the name cannot prefix physical names.
 */
export abstract class PlatformComponent extends pulumi.ComponentResource {
  protected readonly tags: Record<string, string>;
  protected readonly shared: Required<Pick<ComponentArgs, "tags" | "logRetentionDays">> & Pick<ComponentArgs, "iam">;
  private readonly childPrefix: string;
  private knownPlace?: Place;

  protected constructor(kind: string, name: string, args: ComponentArgs, options?: pulumi.ComponentResourceOptions) {
    refuse(kind, name, nameProblems(name));
    super(`fraud:platform:${kind}`, name, {}, options);
    this.childPrefix = name;
    this.tags = args.tags ?? {};
    this.shared = { tags: this.tags, logRetentionDays: args.logRetentionDays ?? 30, iam: args.iam };
  }

  /** The name of a child: the component's name, a dash, `suffix`. */
  protected childName(suffix: string): string {
    return `${this.childPrefix}-${suffix}`;
  }

  /** Partition, region and account of the provider that this component was given. */
  protected get place(): Place {
    this.knownPlace ??= {
      partition: aws.getPartitionOutput({}, { parent: this }).partition,
      region: aws.getRegionOutput({}, { parent: this }).region,
      accountId: aws.getCallerIdentityOutput({}, { parent: this }).accountId,
    };
    return this.knownPlace;
  }

  /** The ARN of a resource (`pipeline/fraud`) of `service`, where this component's resources are. */
  protected arnOf(service: string, resource: pulumi.Input<string>): pulumi.Output<string> {
    const { partition, region, accountId } = this.place;
    return pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`;
  }

  /**
   * Registers a child: `new Type(childName(suffix), …)` with this component as its parent, after `transform`.
   * Property names are checked as strictly as in a plain constructor call.
   */
  protected child<Args, Child>(
    Type: new (name: string, args: Args, options?: pulumi.CustomResourceOptions) => Child,
    suffix: string,
    args: NoInfer<NonNullable<Args>>,
    transform?: Transform<NoInfer<NonNullable<Args>>>,
    options: pulumi.CustomResourceOptions = {},
  ): Child {
    const name = this.childName(suffix);
    const childOptions = { parent: this, ...options };
    return new Type(name, transformed(transform, args, childOptions, name), childOptions);
  }
}
