import type * as aws from "@pulumi/aws";
import { examples, OTHER_TAGS, policy, TAGS, type Examples } from "./examples";
import type { Made, World } from "./world";

const EVERYONE = { Principal: "*", Action: "*", Resource: "*" };

function vpc(w: World, which = "vpc", cidrBlock = "10.1.0.0/16"): Promise<Made> {
  return w.once(which, () => w.make<aws.ec2.VpcArgs>("aws:ec2/vpc:Vpc", { cidrBlock }));
}

async function subnet(w: World, block = 1): Promise<Made> {
  const vpcId = (await vpc(w)).id;
  return w.once(`subnet-${block}`, () =>
    w.make<aws.ec2.SubnetArgs>("aws:ec2/subnet:Subnet", {
      vpcId,
      cidrBlock: `10.1.${block}.0/24`,
      availabilityZone: "eu-west-1a",
    }),
  );
}

async function routeTable(w: World, which = "table"): Promise<Made> {
  const vpcId = (await vpc(w)).id;
  return w.once(`route-${which}`, () => w.make<aws.ec2.RouteTableArgs>("aws:ec2/routeTable:RouteTable", { vpcId }));
}

async function securityGroup(w: World, which = "group"): Promise<Made> {
  const vpcId = (await vpc(w)).id;
  return w.once(`security-${which}`, (name) =>
    w.make<aws.ec2.SecurityGroupArgs>("aws:ec2/securityGroup:SecurityGroup", { vpcId, name }),
  );
}

async function gateway(w: World): Promise<Made> {
  const vpcId = (await vpc(w)).id;
  return w.once("internet-gateway", () =>
    w.make<aws.ec2.InternetGatewayArgs>("aws:ec2/internetGateway:InternetGateway", { vpcId }),
  );
}

function address(w: World, which = "address"): Promise<Made> {
  return w.once(which, () => w.make<aws.ec2.EipArgs>("aws:ec2/eip:Eip", { tags: { Name: which } }));
}

async function natGateway(w: World, which = 3): Promise<Made> {
  const [subnetId, allocationId] = [(await subnet(w, which)).id, (await address(w, `nat-address-${which}`)).id];
  return w.once(`nat-${which}`, () =>
    w.make<aws.ec2.NatGatewayArgs>("aws:ec2/natGateway:NatGateway", { subnetId, allocationId }),
  );
}

/** A rule of either direction: by a block, by a list of prefixes and by another group. */
const rules = examples<aws.vpc.SecurityGroupIngressRuleArgs>(async (w) => {
  const [securityGroupId, peer] = [(await securityGroup(w)).id, (await securityGroup(w, "peer")).id];
  const tcp = { ipProtocol: "tcp", fromPort: 443, toPort: 443 };
  return [
    {
      inputs: { ...tcp, securityGroupId, cidrIpv4: "10.0.0.0/8", description: "one", tags: TAGS },
      others: {
        cidrIpv4: "10.0.0.0/16",
        description: "other",
        fromPort: 440,
        ipProtocol: "udp",
        securityGroupId: peer,
        tags: OTHER_TAGS,
        toPort: 444,
      },
    },
    { inputs: { ...tcp, securityGroupId, prefixListId: "pl-0123abcd" }, others: { prefixListId: "pl-4567abcd" } },
    {
      inputs: { ...tcp, securityGroupId, referencedSecurityGroupId: peer },
      others: { referencedSecurityGroupId: securityGroupId },
    },
  ];
});

/** Examples of networks. */
export const NETWORK: Record<string, Examples> = {
  "aws:ec2/vpc:Vpc": examples<aws.ec2.VpcArgs>(() => [
    {
      inputs: { cidrBlock: "10.9.0.0/16", enableDnsHostnames: true, enableDnsSupport: true, tags: TAGS },
      others: { cidrBlock: "10.8.0.0/16", enableDnsHostnames: false, enableDnsSupport: false, tags: OTHER_TAGS },
    },
  ]),
  "aws:ec2/internetGateway:InternetGateway": examples<aws.ec2.InternetGatewayArgs>(async (w) => [
    {
      inputs: { vpcId: (await vpc(w, "one-vpc", "10.2.0.0/16")).id, tags: TAGS },
      others: { vpcId: (await vpc(w, "other-vpc", "10.3.0.0/16")).id, tags: OTHER_TAGS },
    },
  ]),
  "aws:ec2/subnet:Subnet": examples<aws.ec2.SubnetArgs>(async (w) => [
    {
      inputs: {
        vpcId: (await vpc(w)).id,
        assignIpv6AddressOnCreation: false,
        availabilityZone: "eu-west-1a",
        cidrBlock: "10.1.100.0/24",
        mapPublicIpOnLaunch: true,
        tags: TAGS,
      },
      others: {
        assignIpv6AddressOnCreation: true,
        availabilityZone: "eu-west-1b",
        cidrBlock: "10.1.101.0/24",
        mapPublicIpOnLaunch: false,
        tags: OTHER_TAGS,
        vpcId: "vpc-0123456789abcdef0",
      },
    },
  ]),
  "aws:ec2/routeTable:RouteTable": examples<aws.ec2.RouteTableArgs>(async (w) => [
    { inputs: { vpcId: (await vpc(w)).id, tags: TAGS }, others: { tags: OTHER_TAGS, vpcId: "vpc-0123456789abcdef0" } },
  ]),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": examples<aws.ec2.RouteTableAssociationArgs>(async (w) => [
    {
      inputs: { routeTableId: (await routeTable(w)).id, subnetId: (await subnet(w)).id },
      others: { routeTableId: (await routeTable(w, "private")).id, subnetId: "subnet-0123456789abcdef0" },
    },
  ]),
  "aws:ec2/route:Route": examples<aws.ec2.RouteArgs>(async (w) => [
    {
      inputs: {
        routeTableId: (await routeTable(w)).id,
        destinationCidrBlock: "0.0.0.0/0",
        gatewayId: (await gateway(w)).id,
      },
      others: {
        destinationCidrBlock: "10.200.0.0/16",
        gatewayId: "igw-0123456789abcdef0",
        routeTableId: "rtb-0123456789abcdef0",
      },
    },
    {
      inputs: {
        routeTableId: (await routeTable(w, "private")).id,
        destinationCidrBlock: "0.0.0.0/0",
        natGatewayId: (await natGateway(w)).id,
      },
      others: { natGatewayId: (await natGateway(w, 4)).id },
    },
  ]),
  "aws:ec2/eip:Eip": examples<aws.ec2.EipArgs>(() => [{ inputs: { tags: TAGS }, others: { tags: OTHER_TAGS } }]),
  "aws:ec2/natGateway:NatGateway": examples<aws.ec2.NatGatewayArgs>(async (w) => [
    {
      inputs: { allocationId: (await address(w)).id, subnetId: (await subnet(w)).id, tags: TAGS },
      others: {
        allocationId: "eipalloc-0123456789abcdef0",
        subnetId: "subnet-0123456789abcdef0",
        tags: OTHER_TAGS,
      },
    },
  ]),
  "aws:ec2/securityGroup:SecurityGroup": examples<aws.ec2.SecurityGroupArgs>(async (w) => [
    {
      inputs: {
        vpcId: (await vpc(w)).id,
        name: w.name(),
        description: "one",
        revokeRulesOnDelete: false,
        tags: TAGS,
      },
      others: {
        description: "other",
        name: "another-group",
        revokeRulesOnDelete: true,
        tags: OTHER_TAGS,
        vpcId: "vpc-0123456789abcdef0",
      },
    },
  ]),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": rules,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": rules,
  "aws:ec2/vpcEndpoint:VpcEndpoint": examples<aws.ec2.VpcEndpointArgs>(async (w) => {
    const vpcId = (await vpc(w)).id;
    return [
      {
        inputs: {
          vpcId,
          policy: policy(EVERYONE),
          privateDnsEnabled: true,
          securityGroupIds: [(await securityGroup(w)).id],
          serviceName: "com.amazonaws.eu-west-1.logs",
          subnetIds: [(await subnet(w)).id],
          tags: TAGS,
          vpcEndpointType: "Interface",
        },
        others: {
          policy: policy({ ...EVERYONE, Action: "logs:*" }),
          privateDnsEnabled: false,
          securityGroupIds: [(await securityGroup(w, "peer")).id],
          serviceName: "com.amazonaws.eu-west-1.sts",
          subnetIds: [(await subnet(w)).id, (await subnet(w, 2)).id],
          tags: OTHER_TAGS,
          vpcEndpointType: "Gateway",
          vpcId: "vpc-0123456789abcdef0",
        },
      },
      {
        inputs: {
          vpcId,
          routeTableIds: [(await routeTable(w)).id],
          serviceName: "com.amazonaws.eu-west-1.s3",
          vpcEndpointType: "Gateway",
        },
        others: { routeTableIds: [(await routeTable(w)).id, (await routeTable(w, "private")).id] },
      },
    ];
  }),
  "aws:ec2/flowLog:FlowLog": examples<aws.ec2.FlowLogArgs>(async (w) => [
    {
      inputs: {
        vpcId: (await vpc(w)).id,
        iamRoleArn: (await w.role()).arn,
        logDestination: (await w.logGroup()).arn,
        logDestinationType: "cloud-watch-logs",
        maxAggregationInterval: 60,
        tags: TAGS,
        trafficType: "ALL",
      },
      others: {
        iamRoleArn: (await w.role("other-role")).arn,
        logDestination: (await w.logGroup("other-group")).arn,
        logDestinationType: "s3",
        maxAggregationInterval: 600,
        tags: OTHER_TAGS,
        trafficType: "REJECT",
        vpcId: "vpc-0123456789abcdef0",
      },
    },
  ]),
};
