import type { SecurityGroupRule } from "@aws-sdk/client-ec2";
import type * as aws from "@pulumi/aws";
import { between, ipv4Block, policy, sameJson } from "../../aws-models";
import type { Context } from "../context";
import { resource, type AnyResource, type ResourceTable } from "../resource";
import { changed, type Plain } from "../values";
import { filters, retagResource, tagSpecifications, unknownAmong } from "./ec2-shared";
import { tagMap } from "./shared";

const groupOf = (c: Context, id: string) => ({ id, arn: c.arn("ec2", `security-group/${id}`) });

/** What EC2 puts into a new group, and `@pulumi/aws` takes out again. */
const EVERYTHING = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };

const securityGroup = resource<aws.ec2.SecurityGroupArgs>({
  cloudFormation: {
    type: "AWS::EC2::SecurityGroup",
    names: { name: "GroupName", description: "GroupDescription" },
    own: ["revokeRulesOnDelete"],
  },
  inputs: ["description", "name", "revokeRulesOnDelete", "tags", "vpcId"],
  autoName: { property: "name", maxLength: 255 },
  defaults: { description: "Managed by Pulumi" },
  checks: {
    description: (text) =>
      /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(text)
        ? undefined
        : "has other characters than letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, or more than 255",
  },
  async create(c, { description, name, tags, vpcId }) {
    const { GroupId: id = "" } = await c.call("ec2", "CreateSecurityGroup", {
      Description: description,
      GroupName: name,
      VpcId: vpcId,
      TagSpecifications: tagSpecifications("security-group", tags),
    });
    const created = c.exists(groupOf(c, id));
    await c.call("ec2", "RevokeSecurityGroupEgress", { GroupId: id, IpPermissions: [EVERYTHING] });
    return created;
  },
  async find(c, { name, tags, vpcId }, taken) {
    const Filters = filters({ "group-name": name, "vpc-id": vpcId });
    const { SecurityGroups } = await c.call("ec2", "DescribeSecurityGroups", { Filters });
    const found = unknownAmong(SecurityGroups, ({ GroupId }) => GroupId, tags, taken);
    return found && groupOf(c, found.GroupId ?? "");
  },
  async read(c, id) {
    const { SecurityGroups } = await c.call("ec2", "DescribeSecurityGroups", { GroupIds: [id] });
    const found = SecurityGroups?.[0];
    if (!found) return undefined;
    const { Description: description, GroupName: name, VpcId: vpcId, Tags } = found;
    return { ...groupOf(c, id), description, name, vpcId, tags: tagMap(Tags) };
  },
  update: (c, id, now, before) => retagResource(c, id, now, before),
  delete: (c, id) => c.call("ec2", "DeleteSecurityGroup", { GroupId: id }),
});

type RuleArgs = aws.vpc.SecurityGroupIngressRuleArgs;
type RuleInputs = Plain<RuleArgs>;

function permission(rule: RuleInputs) {
  const { cidrIpv4: CidrIp, description: Description, prefixListId: PrefixListId } = rule;
  const { ipProtocol: IpProtocol, fromPort: FromPort, toPort: ToPort, referencedSecurityGroupId: GroupId } = rule;
  return {
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges: CidrIp === undefined ? undefined : [{ CidrIp, Description }],
    PrefixListIds: PrefixListId === undefined ? undefined : [{ PrefixListId, Description }],
    UserIdGroupPairs: GroupId === undefined ? undefined : [{ GroupId, Description }],
  };
}

function ruleOf(rule: RuleInputs) {
  const { cidrIpv4: CidrIpv4, description: Description, prefixListId: PrefixListId } = rule;
  const { ipProtocol: IpProtocol, fromPort: FromPort, toPort: ToPort } = rule;
  const ReferencedGroupId = rule.referencedSecurityGroupId;
  return { CidrIpv4, Description, FromPort, IpProtocol, PrefixListId, ReferencedGroupId, ToPort };
}

function fromRule(rule: SecurityGroupRule) {
  return {
    cidrIpv4: rule.CidrIpv4,
    description: rule.Description,
    fromPort: rule.FromPort,
    ipProtocol: rule.IpProtocol,
    prefixListId: rule.PrefixListId,
    referencedSecurityGroupId: rule.ReferencedGroupInfo?.GroupId,
    securityGroupId: rule.GroupId,
    toPort: rule.ToPort,
  };
}

/** Whom a rule is about: exactly one of these. */
const PEERS = ["cidrIpv4", "prefixListId", "referencedSecurityGroupId"] as const;

const port = (value: number) => between(value, -1, 65_535);

/** Rules of both directions differ by the operations that make and remove them. */
function securityGroupRule(direction: "Ingress" | "Egress"): AnyResource {
  const peer = direction === "Ingress" ? "Source" : "Destination";
  const ruleArn = (c: Context, id: string) => c.arn("ec2", `security-group-rule/${id}`);
  const idOf = (c: Context, id: string) => ({ id, arn: ruleArn(c, id), securityGroupRuleId: id });
  return resource<RuleArgs>({
    cloudFormation: {
      type: `AWS::EC2::SecurityGroup${direction}`,
      names: {
        cidrIpv4: "CidrIp",
        prefixListId: `${peer}PrefixListId`,
        referencedSecurityGroupId: `${peer}SecurityGroupId`,
        securityGroupId: "GroupId",
      },
    },
    inputs: [
      "cidrIpv4",
      "description",
      "fromPort",
      "ipProtocol",
      "prefixListId",
      "referencedSecurityGroupId",
      "securityGroupId",
      "tags",
      "toPort",
    ],
    required: ["ipProtocol", "securityGroupId"],
    checks: {
      cidrIpv4: ipv4Block(),
      fromPort: port,
      toPort: (value, { fromPort = value }) =>
        port(value) ?? (value < fromPort ? `is ${value}, below fromPort, ${fromPort}` : undefined),
      ipProtocol: (_protocol, rule) => {
        const given = PEERS.filter((name) => rule[name] !== undefined);
        return given.length === 1 ? undefined : `: the rule has ${given.length} of ${PEERS.join(", ")}; give one`;
      },
    },
    async create(c, rule) {
      const asked = {
        GroupId: rule.securityGroupId,
        IpPermissions: [permission(rule)],
        TagSpecifications: tagSpecifications("security-group-rule", rule.tags),
      };
      const { SecurityGroupRules } =
        direction === "Ingress"
          ? await c.call("ec2", "AuthorizeSecurityGroupIngress", asked)
          : await c.call("ec2", "AuthorizeSecurityGroupEgress", asked);
      const listed = c.listed("ec2", `AuthorizeSecurityGroup${direction}`, "SecurityGroupRules.SecurityGroupRuleId");
      return idOf(c, listed ?? SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? "");
    },
    async find(c, { tags, ...rule }, taken) {
      const Filters = filters({ "group-id": rule.securityGroupId });
      const { SecurityGroupRules } = await c.call("ec2", "DescribeSecurityGroupRules", { Filters });
      const alike = SecurityGroupRules?.filter(
        (each) =>
          each.IsEgress === (direction === "Egress") &&
          !changed<object>(rule, pickOf(fromRule(each), rule), ...keysOf(rule)),
      );
      const found = unknownAmong(alike, ({ SecurityGroupRuleId }) => SecurityGroupRuleId, tags, taken);
      return found && idOf(c, found.SecurityGroupRuleId ?? "");
    },
    async read(c, id) {
      const asked = { SecurityGroupRuleIds: [id] };
      const { SecurityGroupRules } = await c.call("ec2", "DescribeSecurityGroupRules", asked);
      const found = SecurityGroupRules?.find(({ SecurityGroupRuleId }) => SecurityGroupRuleId === id);
      return found && { ...fromRule(found), ...idOf(c, id), tags: tagMap(found.Tags) };
    },
    async update(c, id, now, before) {
      await c.call("ec2", "ModifySecurityGroupRules", {
        GroupId: now.securityGroupId,
        SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule: ruleOf(now) }],
      });
      await retagResource(c, id, now, before);
    },
    delete: (c, id, { securityGroupId }) =>
      c.call("ec2", `RevokeSecurityGroup${direction}`, { GroupId: securityGroupId, SecurityGroupRuleIds: [id] }),
  });
}

const keysOf = (rule: object) => Object.keys(rule) as never[];
const pickOf = (found: Record<string, unknown>, like: object): object =>
  Object.fromEntries(Object.keys(like).map((name) => [name, found[name]]));

const GONE = ["deleted", "deleting", "failed", "rejected", "expired"];

/** How EC2 takes changes of the lists that an endpoint is in. */
const LISTS = { routeTableIds: "RouteTableIds", securityGroupIds: "SecurityGroupIds", subnetIds: "SubnetIds" } as const;

const vpcEndpoint = resource<aws.ec2.VpcEndpointArgs>({
  cloudFormation: { type: "AWS::EC2::VPCEndpoint", names: { policy: "PolicyDocument" } },
  inputs: [
    "policy",
    "privateDnsEnabled",
    "routeTableIds",
    "securityGroupIds",
    "serviceName",
    "subnetIds",
    "tags",
    "vpcEndpointType",
    "vpcId",
  ],
  required: ["serviceName"],
  json: ["policy"],
  checks: {
    policy: (text) => policy(text, "resource"),
    serviceName: (name) =>
      /^[a-z]+(\.[a-z0-9-]+){2,}$/.test(name)
        ? undefined
        : `"${name}" is no service's name, such as com.amazonaws.eu-west-1.s3`,
  },
  async create(c, { policy: PolicyDocument, tags, ...inputs }) {
    const own = { PolicyDocument, TagSpecifications: tagSpecifications("vpc-endpoint", tags) };
    const { VpcEndpoint: made } = await c.call("ec2", "CreateVpcEndpoint", own, inputs);
    const created = c.exists({ id: made?.VpcEndpointId ?? "" });
    await c.until(`VPC endpoint ${created.id}`, async () => {
      const { VpcEndpoints } = await c.call("ec2", "DescribeVpcEndpoints", { VpcEndpointIds: [created.id] });
      return VpcEndpoints?.find(({ State }) => State?.toLowerCase() === "available");
    });
    return { ...created, ...(await endpointOutputs(c, created.id, inputs.serviceName, inputs.vpcEndpointType)) };
  },
  async find(c, { serviceName, tags, vpcEndpointType, vpcId }, taken) {
    const Filters = filters({ "service-name": serviceName, "vpc-id": vpcId });
    const { VpcEndpoints } = await c.call("ec2", "DescribeVpcEndpoints", { Filters });
    const there = VpcEndpoints?.filter(({ State = "" }) => !GONE.includes(State.toLowerCase()));
    const found = unknownAmong(there, ({ VpcEndpointId }) => VpcEndpointId, tags, taken);
    const id = found?.VpcEndpointId;
    if (id === undefined) return undefined;
    return { id, ...(await endpointOutputs(c, id, serviceName, vpcEndpointType)) };
  },
  async read(c, id, state) {
    const { VpcEndpoints } = await c.call("ec2", "DescribeVpcEndpoints", { VpcEndpointIds: [id] });
    const found = VpcEndpoints?.find(({ State = "" }) => !GONE.includes(State.toLowerCase()));
    if (!found) return undefined;
    const sorted = (written: readonly string[] | undefined, ids: (string | undefined)[] | undefined) =>
      inOrder(written, ids);
    return {
      policy:
        state.policy === undefined || sameJson(state.policy, found.PolicyDocument ?? "")
          ? state.policy
          : found.PolicyDocument,
      privateDnsEnabled: found.PrivateDnsEnabled,
      routeTableIds: sorted(state.routeTableIds, found.RouteTableIds),
      securityGroupIds: sorted(
        state.securityGroupIds,
        found.Groups?.map(({ GroupId }) => GroupId),
      ),
      serviceName: found.ServiceName,
      subnetIds: sorted(state.subnetIds, found.SubnetIds),
      tags: tagMap(found.Tags),
      vpcEndpointType: found.VpcEndpointType,
      vpcId: found.VpcId,
    };
  },
  async update(c, id, now, before) {
    const modified = changed(
      now,
      before,
      "policy",
      "privateDnsEnabled",
      "routeTableIds",
      "securityGroupIds",
      "subnetIds",
    );
    if (modified) {
      const lists = Object.entries(LISTS).flatMap(([input, member]) => {
        const [news, olds] = [now[input as keyof typeof LISTS] ?? [], before[input as keyof typeof LISTS] ?? []];
        const [added, gone] = [news.filter((one) => !olds.includes(one)), olds.filter((one) => !news.includes(one))];
        return [
          ...(added.length > 0 ? [[`Add${member}`, added]] : []),
          ...(gone.length > 0 ? [[`Remove${member}`, gone]] : []),
        ];
      });
      await c.call("ec2", "ModifyVpcEndpoint", {
        VpcEndpointId: id,
        ...(changed(now, before, "privateDnsEnabled") ? { PrivateDnsEnabled: now.privateDnsEnabled ?? false } : {}),
        ...(changed(now, before, "policy")
          ? now.policy === undefined
            ? { ResetPolicy: true }
            : { PolicyDocument: now.policy }
          : {}),
        ...(Object.fromEntries(lists) as object),
      });
    }
    await retagResource(c, id, now, before);
  },
  delete: (c, id) => c.call("ec2", "DeleteVpcEndpoints", { VpcEndpointIds: [id] }),
});

/** EC2 keeps no order: the program's is kept as far as its ids are still there. */
function inOrder(written: readonly string[] | undefined, ids: (string | undefined)[] | undefined): string[] {
  const found = (ids ?? []).filter((id): id is string => id !== undefined);
  const kept = (written ?? []).filter((id) => found.includes(id));
  return [...kept, ...found.filter((id) => !kept.includes(id)).sort()];
}

/** A gateway's prefix list is what rules name it by. */
async function endpointOutputs(c: Context, id: string, serviceName: string | undefined, type: string | undefined) {
  const arn = c.arn("ec2", `vpc-endpoint/${id}`);
  if ((type ?? "Gateway") !== "Gateway") return { arn };
  const Filters = filters({ "prefix-list-name": serviceName });
  const { PrefixLists } = await c.call("ec2", "DescribePrefixLists", { Filters });
  const listed = c.listed("ec2", "DescribePrefixLists", "PrefixLists.PrefixListId");
  return { arn, prefixListId: listed ?? PrefixLists?.[0]?.PrefixListId };
}

const flowLog = resource<aws.ec2.FlowLogArgs>({
  cloudFormation: { type: "AWS::EC2::FlowLog", names: { iamRoleArn: "DeliverLogsPermissionArn", vpcId: "ResourceId" } },
  inputs: [
    "iamRoleArn",
    "logDestination",
    "logDestinationType",
    "maxAggregationInterval",
    "tags",
    "trafficType",
    "vpcId",
  ],
  required: ["logDestination", "trafficType", "vpcId"],
  checks: {
    maxAggregationInterval: (seconds) =>
      [60, 600].includes(seconds) ? undefined : `is ${seconds}, neither 60 nor 600`,
  },
  async create(c, inputs) {
    const { FlowLogIds } = await c.call("ec2", "CreateFlowLogs", {
      ResourceIds: inputs.vpcId === undefined ? [] : [inputs.vpcId],
      ResourceType: "VPC",
      DeliverLogsPermissionArn: inputs.iamRoleArn,
      LogDestination: inputs.logDestination,
      LogDestinationType: inputs.logDestinationType,
      MaxAggregationInterval: inputs.maxAggregationInterval,
      TrafficType: inputs.trafficType,
      TagSpecifications: tagSpecifications("vpc-flow-log", inputs.tags),
    });
    const id = c.listed("ec2", "CreateFlowLogs", "FlowLogIds") ?? FlowLogIds?.[0] ?? "";
    return { id, arn: c.arn("ec2", `vpc-flow-log/${id}`) };
  },
  async find(c, { logDestination, tags, vpcId }, taken) {
    const { FlowLogs } = await c.call("ec2", "DescribeFlowLogs", { Filter: filters({ "resource-id": vpcId }) });
    const alike = FlowLogs?.filter((each) => each.LogDestination === logDestination);
    const id = unknownAmong(alike, ({ FlowLogId }) => FlowLogId, tags, taken)?.FlowLogId;
    return id === undefined ? undefined : { id, arn: c.arn("ec2", `vpc-flow-log/${id}`) };
  },
  async read(c, id) {
    const { FlowLogs } = await c.call("ec2", "DescribeFlowLogs", { FlowLogIds: [id] });
    const found = FlowLogs?.find(({ FlowLogId }) => FlowLogId === id);
    return (
      found && {
        arn: c.arn("ec2", `vpc-flow-log/${id}`),
        iamRoleArn: found.DeliverLogsPermissionArn,
        logDestination: found.LogDestination,
        logDestinationType: found.LogDestinationType,
        maxAggregationInterval: found.MaxAggregationInterval,
        tags: tagMap(found.Tags),
        trafficType: found.TrafficType,
        vpcId: found.ResourceId,
      }
    );
  },
  update: (c, id, now, before) => retagResource(c, id, now, before),
  delete: (c, id) => c.call("ec2", "DeleteFlowLogs", { FlowLogIds: [id] }),
});

export const VPC_ACCESS: ResourceTable = {
  "aws:ec2/flowLog:FlowLog": flowLog,
  "aws:ec2/securityGroup:SecurityGroup": securityGroup,
  "aws:ec2/vpcEndpoint:VpcEndpoint": vpcEndpoint,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": securityGroupRule("Egress"),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupRule("Ingress"),
};
