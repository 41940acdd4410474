// What roles have asked of the local cloud, and which statements of their policies allowed it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GetRolePolicyCommand, IAMClient, paginateListRolePolicies, paginateListRoles } from "@aws-sdk/client-iam";
import * as t from "io-ts";
import { decodeJson } from "../../functions/shared/decode";

export const Call = t.type(
  {
    /** The role's name. */
    role: t.string,
    action: t.string,
    /** An ARN, `*`, or `(more)` where there were too many different ones. */
    resource: t.string,
    /** By the role's own policies and boundary: a resource's policy may still allow what they do not. */
    decision: t.union([t.literal("Allow"), t.literal("Deny"), t.literal("ImplicitDeny")]),
    /** Every statement that allows it, each enough by itself: `<policy>#<position>`. */
    allowedBy: t.array(t.string),
    count: t.number,
  },
  "Call",
);
export type Call = t.TypeOf<typeof Call>;

/** A statement of a role's policy. */
export interface RoleStatement {
  role: string;
  /** `<policy>#<position>`. */
  id: string;
  actions: string[];
  resources: string[];
  condition?: object;
}

export interface CallRecord {
  statements: RoleStatement[];
  calls: Call[];
}

interface PolicyStatement {
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
}

/** Everything that the cloud at an address has been asked in a role's name, with what the roles may do. */
export async function recordedCalls(endpoint: string, iam = new IAMClient()): Promise<CallRecord> {
  const answer = await (await fetch(`${endpoint}/_local/iam/calls`)).text();
  const { calls } = decodeJson(t.type({ calls: t.array(Call) }), answer, "the local cloud's list of calls");
  return { statements: await statements(iam), calls };
}

/** Writes the record for people and tests to read. */
export async function writeCalls(endpoint: string, directory: string): Promise<void> {
  const record = await recordedCalls(endpoint);
  writeFileSync(join(directory, "iam-calls.json"), `${JSON.stringify(record, undefined, 1)}\n`);
}

/**
 * Statements without which each recorded call would still have been allowed: nothing that was done needed them. Of those
 * that say the same, each stands in for the other.
 */
export function unneeded({ statements: all, calls }: CallRecord): RoleStatement[] {
  const needed = new Set(
    calls.flatMap(({ role, allowedBy }) => (allowedBy.length === 1 ? [`${role} ${allowedBy[0]}`] : [])),
  );
  return all.filter(({ role, id }) => !needed.has(`${role} ${id}`));
}

async function statements(client: IAMClient): Promise<RoleStatement[]> {
  const found: RoleStatement[] = [];
  for await (const { Roles = [] } of paginateListRoles({ client }, {})) {
    for (const { RoleName = "" } of Roles) {
      for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName })) {
        for (const PolicyName of PolicyNames) {
          const policy = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
          const { Statement } = JSON.parse(decodeURIComponent(policy.PolicyDocument ?? "")) as {
            Statement: PolicyStatement[];
          };
          found.push(...Statement.map((each, index) => described(RoleName, `${PolicyName}#${index}`, each)));
        }
      }
    }
  }
  return found;
}

function described(role: string, id: string, { Action, Resource, Condition }: PolicyStatement): RoleStatement {
  return {
    role,
    id,
    actions: [Action].flat(),
    resources: [Resource].flat(),
    ...(Condition === undefined ? {} : { condition: Condition }),
  };
}
