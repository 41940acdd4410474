import type { NatGateway, RouteTable, Subnet } from "@aws-sdk/client-ec2";
import type * as aws from "@pulumi/aws";
import { ipv4Block } from "../../aws-models";
import { resource, type ResourceTable } from "../resource";
import type { Context } from "../context";
import { changed } from "../values";
import { filters, retagResource, tagSpecifications, unknownAmong } from "./ec2-shared";
import { tagMap } from "./shared";

/** The outputs of a VPC that everything in it hangs on. */
const vpcOf = (c: Context, id: string) => ({ id, arn: c.arn("ec2", `vpc/${id}`) });

const vpc = resource<aws.ec2.VpcArgs>({
  cloudFormation: { type: "AWS::EC2::VPC" },
  inputs: ["cidrBlock", "enableDnsHostnames", "enableDnsSupport", "tags"],
  required: ["cidrBlock"],
  checks: { cidrBlock: ipv4Block(16, 28) },
  async create(c, { cidrBlock, enableDnsHostnames = false, enableDnsSupport = true, tags }) {
    const made = await c.call("ec2", "CreateVpc", {
      CidrBlock: cidrBlock,
      TagSpecifications: tagSpecifications("vpc", tags),
    });
    const created = c.exists(vpcOf(c, made.Vpc?.VpcId ?? ""));
    await putDns(c, created.id, { enableDnsHostnames, enableDnsSupport });
    return created;
  },
  async find(c, { cidrBlock, tags }, taken) {
    const { Vpcs } = await c.call("ec2", "DescribeVpcs", { Filters: filters({ cidr: cidrBlock }) });
    const found = unknownAmong(Vpcs, ({ VpcId }) => VpcId, tags, taken);
    return found && vpcOf(c, found.VpcId ?? "");
  },
  async read(c, id) {
    const { Vpcs } = await c.call("ec2", "DescribeVpcs", { VpcIds: [id] });
    const found = Vpcs?.[0];
    if (!found) return undefined;
    const attribute = (Attribute: string) => c.call("ec2", "DescribeVpcAttribute", { VpcId: id, Attribute });
    const { EnableDnsHostnames: names } = await attribute("enableDnsHostnames");
    const { EnableDnsSupport: support } = await attribute("enableDnsSupport");
    return {
      ...vpcOf(c, id),
      cidrBlock: found.CidrBlock,
      enableDnsHostnames: names?.Value,
      enableDnsSupport: support?.Value,
      tags: tagMap(found.Tags),
    };
  },
  async update(c, id, now, before) {
    const { enableDnsHostnames = false, enableDnsSupport = true } = now;
    await putDns(c, id, { enableDnsHostnames, enableDnsSupport });
    await retagResource(c, id, now, before);
  },
  delete: (c, id) => c.call("ec2", "DeleteVpc", { VpcId: id }),
});

/** EC2 takes one attribute of a VPC at a time; without DNS at all there are no host names. */
async function putDns(c: Context, VpcId: string, dns: { enableDnsHostnames: boolean; enableDnsSupport: boolean }) {
  await c.call("ec2", "ModifyVpcAttribute", { VpcId, EnableDnsSupport: { Value: dns.enableDnsSupport } });
  await c.call("ec2", "ModifyVpcAttribute", { VpcId, EnableDnsHostnames: { Value: dns.enableDnsHostnames } });
}

const internetGateway = resource<aws.ec2.InternetGatewayArgs>({
  cloudFormation: { type: "AWS::EC2::InternetGateway", names: { vpcId: "AWS::EC2::VPCGatewayAttachment/VpcId" } },
  inputs: ["tags", "vpcId"],
  async create(c, { tags, vpcId }) {
    const TagSpecifications = tagSpecifications("internet-gateway", tags);
    const { InternetGateway: made } = await c.call("ec2", "CreateInternetGateway", { TagSpecifications });
    const id = made?.InternetGatewayId ?? "";
    const created = c.exists({ id, arn: c.arn("ec2", `internet-gateway/${id}`) });
    if (vpcId) await c.call("ec2", "AttachInternetGateway", { InternetGatewayId: id, VpcId: vpcId });
    return created;
  },
  async find(c, { tags, vpcId }, taken) {
    const asked = { Filters: filters({ "attachment.vpc-id": vpcId }) };
    const { InternetGateways } = await c.call("ec2", "DescribeInternetGateways", asked);
    const found = unknownAmong(InternetGateways, ({ InternetGatewayId }) => InternetGatewayId, tags, taken);
    const id = found?.InternetGatewayId;
    return id === undefined ? undefined : { id, arn: c.arn("ec2", `internet-gateway/${id}`) };
  },
  async read(c, id) {
    const { InternetGateways } = await c.call("ec2", "DescribeInternetGateways", { InternetGatewayIds: [id] });
    const found = InternetGateways?.[0];
    if (!found) return undefined;
    const vpcId = found.Attachments?.[0]?.VpcId;
    return { vpcId, arn: c.arn("ec2", `internet-gateway/${id}`), tags: tagMap(found.Tags) };
  },
  async update(c, id, now, before) {
    if (changed(now, before, "vpcId")) {
      await detach(c, id, before.vpcId);
      if (now.vpcId) await c.call("ec2", "AttachInternetGateway", { InternetGatewayId: id, VpcId: now.vpcId });
    }
    await retagResource(c, id, now, before);
  },
  async delete(c, id, { vpcId }) {
    await detach(c, id, vpcId);
    await c.call("ec2", "DeleteInternetGateway", { InternetGatewayId: id });
  },
});

async function detach(c: Context, InternetGatewayId: string, VpcId: string | undefined): Promise<void> {
  if (VpcId) await c.call("ec2", "DetachInternetGateway", { InternetGatewayId, VpcId });
}

const subnetOf = (c: Context, { SubnetId: id = "", AvailabilityZoneId: availabilityZoneId }: Subnet) => ({
  id,
  availabilityZoneId,
  arn: c.arn("ec2", `subnet/${id}`),
});

const subnet = resource<aws.ec2.SubnetArgs>({
  cloudFormation: { type: "AWS::EC2::Subnet" },
  inputs: ["assignIpv6AddressOnCreation", "availabilityZone", "cidrBlock", "mapPublicIpOnLaunch", "tags", "vpcId"],
  required: ["cidrBlock"],
  checks: { cidrBlock: ipv4Block(16, 28) },
  async create(c, { availabilityZone, cidrBlock, tags, vpcId, ...attributes }) {
    const { Subnet: made } = await c.call("ec2", "CreateSubnet", {
      AvailabilityZone: availabilityZone,
      CidrBlock: cidrBlock,
      VpcId: vpcId,
      TagSpecifications: tagSpecifications("subnet", tags),
    });
    const created = c.exists(subnetOf(c, made ?? {}));
    await putAttributes(c, created.id, attributes, {});
    return created;
  },
  async find(c, { cidrBlock, tags, vpcId }, taken) {
    const Filters = filters({ "cidr-block": cidrBlock, "vpc-id": vpcId });
    const { Subnets } = await c.call("ec2", "DescribeSubnets", { Filters });
    const found = unknownAmong(Subnets, ({ SubnetId }) => SubnetId, tags, taken);
    return found && subnetOf(c, found);
  },
  async read(c, id) {
    const { Subnets } = await c.call("ec2", "DescribeSubnets", { SubnetIds: [id] });
    const found = Subnets?.[0];
    if (!found) return undefined;
    return {
      ...subnetOf(c, found),
      assignIpv6AddressOnCreation: found.AssignIpv6AddressOnCreation ?? false,
      availabilityZone: found.AvailabilityZone,
      cidrBlock: found.CidrBlock,
      mapPublicIpOnLaunch: found.MapPublicIpOnLaunch,
      tags: tagMap(found.Tags),
      vpcId: found.VpcId,
    };
  },
  async update(c, id, now, before) {
    await putAttributes(c, id, now, before);
    await retagResource(c, id, now, before);
  },
  delete: (c, id) => c.call("ec2", "DeleteSubnet", { SubnetId: id }),
});

interface SubnetAttributes {
  assignIpv6AddressOnCreation?: boolean;
  mapPublicIpOnLaunch?: boolean;
}

/** EC2 takes one attribute of a subnet at a time, and has neither at first. */
async function putAttributes(c: Context, SubnetId: string, now: SubnetAttributes, before: SubnetAttributes) {
  const { assignIpv6AddressOnCreation: ipv6 = false, mapPublicIpOnLaunch: publicIp = false } = now;
  if (publicIp !== (before.mapPublicIpOnLaunch ?? false)) {
    await c.call("ec2", "ModifySubnetAttribute", { SubnetId, MapPublicIpOnLaunch: { Value: publicIp } });
  }
  if (ipv6 !== (before.assignIpv6AddressOnCreation ?? false)) {
    await c.call("ec2", "ModifySubnetAttribute", { SubnetId, AssignIpv6AddressOnCreation: { Value: ipv6 } });
  }
}

const routeTableOf = (c: Context, { RouteTableId: id = "" }: RouteTable) => ({
  id,
  arn: c.arn("ec2", `route-table/${id}`),
});

const routeTable = resource<aws.ec2.RouteTableArgs>({
  cloudFormation: { type: "AWS::EC2::RouteTable" },
  inputs: ["tags", "vpcId"],
  async create(c, { tags, vpcId }) {
    const asked = { VpcId: vpcId, TagSpecifications: tagSpecifications("route-table", tags) };
    return routeTableOf(c, (await c.call("ec2", "CreateRouteTable", asked)).RouteTable ?? {});
  },
  async find(c, { tags, vpcId }, taken) {
    const { RouteTables } = await c.call("ec2", "DescribeRouteTables", { Filters: filters({ "vpc-id": vpcId }) });
    // A VPC's own table is nobody's.
    const others = RouteTables?.filter(({ Associations = [] }) => !Associations.some(({ Main }) => Main));
    const found = unknownAmong(others, ({ RouteTableId }) => RouteTableId, tags, taken);
    return found && routeTableOf(c, found);
  },
  async read(c, id) {
    const { RouteTables } = await c.call("ec2", "DescribeRouteTables", { RouteTableIds: [id] });
    const found = RouteTables?.[0];
    return found && { ...routeTableOf(c, found), tags: tagMap(found.Tags), vpcId: found.VpcId };
  },
  update: (c, id, now, before) => retagResource(c, id, now, before),
  delete: (c, id) => c.call("ec2", "DeleteRouteTable", { RouteTableId: id }),
});

/** The association of a subnet. Its id is another once it has been replaced, so it is looked for by the subnet. */
async function associationOf(c: Context, subnetId: string | undefined) {
  const Filters = filters({ "association.subnet-id": subnetId });
  const { RouteTables = [] } = await c.call("ec2", "DescribeRouteTables", { Filters });
  return RouteTables.flatMap(({ Associations = [] }) => Associations).find(({ SubnetId }) => SubnetId === subnetId);
}

const routeTableAssociation = resource<aws.ec2.RouteTableAssociationArgs>({
  cloudFormation: { type: "AWS::EC2::SubnetRouteTableAssociation" },
  inputs: ["routeTableId", "subnetId"],
  required: ["subnetId"],
  async create(c, { routeTableId, subnetId }) {
    const asked = { RouteTableId: routeTableId, SubnetId: subnetId };
    const { AssociationId: id = "" } = await c.call("ec2", "AssociateRouteTable", asked);
    return { id };
  },
  async find(c, { routeTableId, subnetId }) {
    const found = await associationOf(c, subnetId);
    return found?.RouteTableId === routeTableId ? { id: found?.RouteTableAssociationId ?? "" } : undefined;
  },
  async read(c, _id, { subnetId }) {
    const found = await associationOf(c, subnetId);
    return found && { routeTableId: found.RouteTableId, subnetId: found.SubnetId };
  },
  async update(c, _id, { routeTableId, subnetId }) {
    const AssociationId = (await associationOf(c, subnetId))?.RouteTableAssociationId;
    await c.call("ec2", "ReplaceRouteTableAssociation", { AssociationId, RouteTableId: routeTableId });
  },
  async delete(c, id, { subnetId }) {
    // Only a service that was asked knows the present id.
    const AssociationId = c.mode === "live" ? (await associationOf(c, subnetId))?.RouteTableAssociationId : id;
    if (AssociationId) await c.call("ec2", "DisassociateRouteTable", { AssociationId });
  },
});

const route = resource<aws.ec2.RouteArgs>({
  cloudFormation: { type: "AWS::EC2::Route" },
  inputs: ["destinationCidrBlock", "gatewayId", "natGatewayId", "routeTableId"],
  required: ["destinationCidrBlock"],
  checks: { destinationCidrBlock: ipv4Block() },
  async create(c, { destinationCidrBlock: cidr, gatewayId, natGatewayId, routeTableId }) {
    const asked = { DestinationCidrBlock: cidr, GatewayId: gatewayId, NatGatewayId: natGatewayId };
    await c.call("ec2", "CreateRoute", { ...asked, RouteTableId: routeTableId });
    return { id: `${routeTableId}_${cidr}` };
  },
  async read(c, _id, { destinationCidrBlock: cidr, routeTableId }) {
    const { RouteTables } = await c.call("ec2", "DescribeRouteTables", { RouteTableIds: [routeTableId] });
    const found = RouteTables?.[0]?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === cidr);
    return found && { gatewayId: found.GatewayId, natGatewayId: found.NatGatewayId };
  },
  async update(c, _id, { destinationCidrBlock: cidr, gatewayId, natGatewayId, routeTableId }) {
    const asked = { DestinationCidrBlock: cidr, GatewayId: gatewayId, NatGatewayId: natGatewayId };
    await c.call("ec2", "ReplaceRoute", { ...asked, RouteTableId: routeTableId });
  },
  delete: (c, _id, { destinationCidrBlock: DestinationCidrBlock, routeTableId: RouteTableId }) =>
    c.call("ec2", "DeleteRoute", { DestinationCidrBlock, RouteTableId }),
});

const eip = resource<aws.ec2.EipArgs>({
  cloudFormation: { type: "AWS::EC2::EIP" },
  inputs: ["tags"],
  async create(c, { tags }) {
    const TagSpecifications = tagSpecifications("elastic-ip", tags);
    const made = await c.call("ec2", "AllocateAddress", { Domain: "vpc", TagSpecifications });
    const { AllocationId: id = "", PublicIp: publicIp } = made;
    return { id, allocationId: id, publicIp, arn: c.arn("ec2", `elastic-ip/${id}`) };
  },
  async find(c, { tags }, taken) {
    const { Addresses } = await c.call("ec2", "DescribeAddresses", {});
    const found = unknownAmong(Addresses, ({ AllocationId }) => AllocationId, tags, taken);
    if (!found) return undefined;
    const { AllocationId: id = "", PublicIp: publicIp } = found;
    return { id, allocationId: id, publicIp, arn: c.arn("ec2", `elastic-ip/${id}`) };
  },
  async read(c, id) {
    const { Addresses } = await c.call("ec2", "DescribeAddresses", { AllocationIds: [id] });
    const found = Addresses?.[0];
    return found && { allocationId: id, publicIp: found.PublicIp, tags: tagMap(found.Tags) };
  },
  update: (c, id, now, before) => retagResource(c, id, now, before),
  delete: (c, id) => c.call("ec2", "ReleaseAddress", { AllocationId: id }),
});

const GONE = ["deleted", "deleting", "failed"];
const isThere = ({ State }: NatGateway) => !GONE.includes(String(State));

const natGateway = resource<aws.ec2.NatGatewayArgs>({
  cloudFormation: { type: "AWS::EC2::NatGateway" },
  inputs: ["allocationId", "subnetId", "tags"],
  required: ["allocationId", "subnetId"],
  async create(c, { allocationId, subnetId, tags }) {
    const { NatGateway: made } = await c.call("ec2", "CreateNatGateway", {
      AllocationId: allocationId,
      SubnetId: subnetId,
      TagSpecifications: tagSpecifications("natgateway", tags),
    });
    const created = c.exists({ id: made?.NatGatewayId ?? "" });
    await c.until(`NAT gateway ${created.id}`, async () => {
      const { NatGateways } = await c.call("ec2", "DescribeNatGateways", { NatGatewayIds: [created.id] });
      return NatGateways?.find(({ State }) => State === "available");
    });
    return created;
  },
  async find(c, { subnetId, tags }, taken) {
    const { NatGateways } = await c.call("ec2", "DescribeNatGateways", { Filter: filters({ "subnet-id": subnetId }) });
    const found = unknownAmong(NatGateways?.filter(isThere), ({ NatGatewayId }) => NatGatewayId, tags, taken);
    return found && { id: found.NatGatewayId ?? "" };
  },
  async read(c, id) {
    const { NatGateways } = await c.call("ec2", "DescribeNatGateways", { NatGatewayIds: [id] });
    const found = NatGateways?.find(isThere);
    if (!found) return undefined;
    const { NatGatewayAddresses: addresses, SubnetId: subnetId, Tags } = found;
    return { allocationId: addresses?.[0]?.AllocationId, subnetId, tags: tagMap(Tags) };
  },
  update: (c, id, now, before) => retagResource(c, id, now, before),
  delete: (c, id) => c.call("ec2", "DeleteNatGateway", { NatGatewayId: id }),
});

export const VPC: ResourceTable = {
  "aws:ec2/eip:Eip": eip,
  "aws:ec2/internetGateway:InternetGateway": internetGateway,
  "aws:ec2/natGateway:NatGateway": natGateway,
  "aws:ec2/route:Route": route,
  "aws:ec2/routeTable:RouteTable": routeTable,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
  "aws:ec2/subnet:Subnet": subnet,
  "aws:ec2/vpc:Vpc": vpc,
};
