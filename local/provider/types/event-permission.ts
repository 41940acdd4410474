import type * as aws from "@pulumi/aws";
import { resource, type ResourceTable } from "../resource";
import type { Plain } from "../values";

type PermissionArgs = aws.cloudwatch.EventPermissionArgs;

const DEFAULT_ACTION = "events:PutEvents";

interface BusPolicy {
  Statement?: { Sid?: string; Principal?: string | { AWS?: string }; Action?: string }[];
}

/** The account in `arn:aws:iam::123456789012:root`; `*` and bare accounts stay as they are. */
function accountOf(principal: string | { AWS?: string } | undefined): string | undefined {
  const named = typeof principal === "object" ? principal.AWS : principal;
  return /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(named ?? "")?.[1] ?? named;
}

const permit = ({ action = DEFAULT_ACTION, eventBusName, principal, statementId }: Plain<PermissionArgs>) => ({
  Action: action,
  EventBusName: eventBusName,
  Principal: principal,
  StatementId: statementId,
});

/** A statement of a bus's policy: another account may send events to it. */
const eventPermission = resource<PermissionArgs>({
  cloudFormation: { type: "AWS::Events::EventBusPolicy" },
  inputs: ["action", "eventBusName", "principal", "statementId"],
  required: ["principal", "statementId"],
  async create(c, inputs) {
    await c.call("events", "PutPermission", permit(inputs));
    return { id: `${inputs.eventBusName ?? "default"}-${inputs.statementId}` };
  },
  async read(c, _id, { eventBusName, statementId, action }) {
    const { Policy } = await c.call("events", "DescribeEventBus", { Name: eventBusName ?? "default" });
    const { Statement = [] } = JSON.parse(Policy || "{}") as BusPolicy;
    const found = Statement.find(({ Sid }) => Sid === statementId);
    if (!found) return undefined;
    return { principal: accountOf(found.Principal), ...(action === undefined ? {} : { action: found.Action }) };
  },
  async update(c, _id, inputs) {
    await c.call("events", "PutPermission", permit(inputs));
  },
  delete: (c, _id, { eventBusName, statementId }) =>
    c.call("events", "RemovePermission", { EventBusName: eventBusName, StatementId: statementId }),
});

export const EVENT_PERMISSION: ResourceTable = { "aws:cloudwatch/eventPermission:EventPermission": eventPermission };
