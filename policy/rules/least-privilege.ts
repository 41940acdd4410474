import type { Exception } from "../exceptions";
import { WILDCARDS } from "../exceptions";
import type { Declared, ResourceRule, StackRule } from "../rule";
import { statementsOf, type Statement } from "./documents";

/** Types whose documents say what their role, user or group may do, and the input that holds the document. */
const IDENTITY: Record<string, string> = {
  "aws:iam/rolePolicy:RolePolicy": "policy",
  "aws:iam/policy:Policy": "policy",
  "aws:iam/userPolicy:UserPolicy": "policy",
  "aws:iam/groupPolicy:GroupPolicy": "policy",
};

/** Managed policies of AWS's own that give away whole services. */
const BROAD = /:aws:policy\/(?:.*\/)?(AdministratorAccess|PowerUserAccess|\w*FullAccess)$/;

/**
 * Whether a resource of a statement names something: the wildcards in it come after a name. `endpoint-config/*` names
 * nothing, `pipeline/fraud/execution/*` and `my-bucket/raw/*` do.
 */
export function namesSomething(resource: string): boolean {
  // `${*}` is an asterisk, not a wildcard.
  const text = resource.replaceAll("${*}", "");
  if (!/[*?]/.test(text)) return true;
  const [arn, partition, service, region, account, ...rest] = text.split(":");
  if (arn !== "arn" || rest.length === 0) return false;
  if ([partition, service, region, account].some((part) => part && /[*?]/.test(part))) return false;
  const [before = ""] = rest.join(":").split(/[*?]/, 1);
  const [first = "", ...others] = before.split(/[/:]/);
  // What S3, SNS and SQS call a resource has no kind before it.
  if (["s3", "sns", "sqs"].includes(service ?? "")) return first.length > 2;
  return others.join("").length > 2;
}

/** Whether an exception is for an action on a resource of a policy. */
function excepts(exception: Exception, of: string, action: string, resource: string): boolean {
  return (
    exception.of.includes(of) &&
    exception.actions.includes(action) &&
    exception.resources.some((pattern) => matches(pattern, resource))
  );
}

/** A pattern whose asterisks stand for anything; and it stands for itself. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return pattern === "*" ? text === "*" : new RegExp(`^${parts.join(".*")}$`).test(text);
}

function problemsOf(name: string, statement: Statement, index: number): string[] {
  if (statement.effect !== "Allow") return [];
  const where = `statement ${index + 1}`;
  const actions = statement.actions
    .filter((action) => /[*?]/.test(action))
    .map((action) => `${where}: the action ${action} is not one operation; name each operation in full`);
  const wide = statement.resources.filter((resource) => !namesSomething(resource));
  const resources = wide.flatMap((resource) => {
    const open = statement.actions.filter((action) => !WILDCARDS.some((one) => excepts(one, name, action, resource)));
    if (open.length === 0) return [];
    return [
      `${where} allows ${open.join(", ")} on ${resource}, which names nothing: name the resource, or enter the policy ` +
        `"${name}", the actions and the reason in policy/exceptions.ts`,
    ];
  });
  return [...actions, ...resources];
}

/** What a role may do is named: operations in full, resources by name, but for what policy/exceptions.ts gives reasons for. */
export const leastPrivilege: ResourceRule = {
  name: "least-privilege",
  description: "Roles may do named operations on named resources; each wildcard is an exception with a reason.",
  level: "mandatory",
  check({ type, name, props }) {
    const input = IDENTITY[type];
    if (input !== undefined) {
      return statementsOf(props[input]).flatMap((statement, index) => problemsOf(name, statement, index));
    }
    if (type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
      const arn = String(props["policyArn"]);
      return BROAD.test(arn) ? [`${arn} gives away whole services: give the role statements of its own`] : [];
    }
    return [];
  },
};

/** An exception that no statement needs any more is a door that nobody watches. */
export const usedExceptions: StackRule = {
  name: "used-exceptions",
  description: "Every exception in policy/exceptions.ts is one that a policy of the stack needs.",
  level: "advisory",
  checkStack(resources) {
    const policies = resources.filter(({ type }) => IDENTITY[type] !== undefined);
    return WILDCARDS.flatMap((exception) =>
      policies
        .filter((policy) => exception.of.includes(policy.name) && !uses(policy, exception))
        .map(({ urn }) => ({
          urn,
          problem: `policy/exceptions.ts lets it use ${exception.resources.join(", ")}, which no statement does: take the name away there`,
        })),
    );
  },
};

function uses({ type, props, name }: Declared, exception: Exception): boolean {
  return statementsOf(props[IDENTITY[type] ?? ""]).some(({ actions, resources }) =>
    resources.some((resource) => actions.some((action) => excepts(exception, name, action, resource))),
  );
}
