import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";

/** Condition block of a policy statement: operator → key → value or values. */
export type Conditions = Record<string, Record<string, pulumi.Input<string> | pulumi.Input<string>[]>>;

interface StatementBase {
  /** Actions, each `service:Operation` in full: wildcards are refused. */
  actions: readonly string[];
  conditions?: Conditions;
}

/** A permission on named resources. */
export interface ScopedStatement extends StatementBase {
  resources: readonly pulumi.Input<string>[];
}

/** A permission for operations that AWS cannot limit to a resource; the reason says why. */
export interface UnscopedStatement extends StatementBase {
  anyResourceBecause: string;
}

/** One thing that a role may do. There is no deny and no wildcard action: a role starts with nothing. */
export type Statement = ScopedStatement | UnscopedStatement;

/** Giving roles to a service, for what it is then asked to do under them; to no other service. */
export const passingRoles = (
  roleArns: readonly pulumi.Input<string>[],
  service: "ecs-tasks" | "sagemaker" | "scheduler",
): Statement => ({
  actions: ["iam:PassRole"],
  resources: roleArns,
  conditions: { StringEquals: { "iam:PassedToService": `${service}.amazonaws.com` } },
});

/** `text` for a policy's resource or condition: IAM would take its asterisks, which S3 keys may hold, for wildcards. */
export function literally(text: string): string {
  return text.replaceAll("*", "${*}");
}

/** What is wrong with the statements, all of it; empty when they may stand. */
export function statementProblems(statements: readonly Statement[]): string[] {
  return statements.flatMap((statement, index) => {
    const where = `statement ${index + 1} (${statement.actions.join(", ")})`;
    const problems = statement.actions
      .filter((action) => !/^[a-z0-9-]+:[A-Za-z0-9]+$/.test(action))
      .map((action) => `${where}: the action "${action}" is not one operation; name each operation in full`);
    if (statement.actions.length === 0) problems.push(`${where}: it has no action`);
    if ("resources" in statement) {
      if (statement.resources.length === 0) problems.push(`${where}: it has no resource`);
      if (statement.resources.includes("*")) {
        problems.push(`${where}: the resource is "*"; name the resources, or say why not with anyResourceBecause`);
      }
    }
    return problems;
  });
}

/**
 * The statements with one for each key of KMS's: what reads and what writes with it each bring what they need of it, and
 * of two that say the same, nobody could tell which is used.
 */
function withKeysOnce(statements: readonly Statement[]): Statement[] {
  const found: Statement[] = [];
  for (const statement of statements) {
    const at = found.findIndex((earlier) => onSameKeys(earlier, statement));
    const earlier = found[at];
    if (earlier === undefined) found.push(statement);
    else found[at] = { ...earlier, actions: [...new Set([...earlier.actions, ...statement.actions])] };
  }
  return found;
}

const onSameKeys = (one: Statement, other: Statement): boolean =>
  [one, other].every(({ actions, conditions }) => !conditions && actions.every((each) => each.startsWith("kms:"))) &&
  "resources" in one &&
  "resources" in other &&
  one.resources.length === other.resources.length &&
  one.resources.every((resource, index) => resource === other.resources[index]);

/**
 * The JSON of a policy that allows what the statements say; those on the same key of KMS's are one.
 *
 * @throws Error listing every action or resource that is a wildcard.
 */
export function allowPolicy(statements: readonly Statement[]): pulumi.Output<string> {
  const problems = statementProblems(statements);
  if (problems.length > 0) throw new Error(`a policy gives away too much:\n  - ${problems.join("\n  - ")}`);
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: withKeysOnce(statements).map((statement) => ({
      Effect: "Allow",
      Action: statement.actions,
      Resource: "resources" in statement ? statement.resources : "*",
      ...(statement.conditions && { Condition: statement.conditions }),
    })),
  });
}

/** Whoever can be given permissions: a role of the platform, or any other role through {@link granteeFor}. */
export interface Grantee {
  /** Adds permissions under a name that is unique for this role. */
  grant(name: string, statements: readonly Statement[]): void;
}

/** Makes a role that the platform did not make able to be given permissions, e.g. by `endpoint.grantInvoke`. */
export function granteeFor(role: aws.iam.Role): Grantee {
  return {
    grant(name, statements) {
      new aws.iam.RolePolicy(name, { role: role.name, policy: allowPolicy(statements) }, { parent: role });
    },
  };
}

/** Accounts as a resource's policy names them: each decides by its own policies who of it may come. */
export const accountPrincipals = (
  accountIds: readonly string[],
  partition: pulumi.Output<string>,
): pulumi.Output<string>[] => accountIds.map((id) => pulumi.interpolate`arn:${partition}:iam::${id}:root`);

/** What pulling images from a repository of ECR takes. */
export function pullingImages(repositoryArn: pulumi.Input<string>): Statement[] {
  return [
    {
      actions: ["ecr:GetAuthorizationToken"],
      anyResourceBecause: "the token is for a registry, and ECR has no resource for that",
    },
    {
      actions: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
      resources: [repositoryArn],
    },
  ];
}

export interface ServiceRoleArgs extends ComponentArgs {
  /** Services that may assume the role, e.g. `lambda.amazonaws.com`. */
  services: readonly string[];
  /** What the role may do from the start. */
  statements: readonly Statement[];
  /** An existing role to use instead of making one. Nothing is added to it: its owner grants what is needed. */
  existingArn?: string;
}

/** A role for a service, with exactly the permissions that the components give it. */
export class ServiceRole extends PlatformComponent implements Grantee {
  readonly arn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** The policies given at creation: what uses the role at once depends on them. */
  readonly ready: readonly pulumi.Resource[];
  private readonly role?: aws.iam.Role;

  constructor(name: string, args: ServiceRoleArgs, options?: pulumi.ComponentResourceOptions) {
    super("ServiceRole", name, args, options);

    if (args.existingArn === undefined) {
      this.role = new aws.iam.Role(
        name,
        {
          assumeRolePolicy: JSON.stringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Principal: { Service: args.services }, Action: "sts:AssumeRole" }],
          }),
          path: args.iam?.path,
          permissionsBoundary: args.iam?.permissionsBoundaryArn,
          tags: this.tags,
        },
        { parent: this },
      );
      this.arn = this.role.arn;
      this.name = this.role.name;
      this.ready = args.statements.length === 0 ? [this.role] : [this.addPolicy(this.role, "own", args.statements)];
    } else {
      this.arn = pulumi.output(args.existingArn);
      this.name = pulumi.output(args.existingArn.slice(args.existingArn.lastIndexOf("/") + 1));
      this.ready = [];
    }

    this.registerOutputs({ arn: this.arn, name: this.name });
  }

  grant(name: string, statements: readonly Statement[]): void {
    if (this.role) this.addPolicy(this.role, name, statements);
  }

  private addPolicy(role: aws.iam.Role, suffix: string, statements: readonly Statement[]): aws.iam.RolePolicy {
    return this.child(aws.iam.RolePolicy, suffix, { role: role.name, policy: allowPolicy(statements) });
  }
}
