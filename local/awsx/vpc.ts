import type * as awsx from "@pulumi/awsx";
import { Eip } from "@pulumi/aws/ec2/eip";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway";
import { NatGateway } from "@pulumi/aws/ec2/natGateway";
import { Route, type RouteArgs } from "@pulumi/aws/ec2/route";
import { RouteTable } from "@pulumi/aws/ec2/routeTable";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation";
import { Subnet } from "@pulumi/aws/ec2/subnet";
import { Vpc as Network } from "@pulumi/aws/ec2/vpc";
import * as pulumi from "@pulumi/pulumi";

/** What the component of awsx is asked for here. Anything else is refused by name. */
type Args = pulumi.Unwrap<awsx.ec2.VpcArgs>;

const KNOWN = [
  "cidrBlock",
  "enableDnsHostnames",
  "enableDnsSupport",
  "natGateways",
  "numberOfAvailabilityZones",
  "subnetSpecs",
  "subnetStrategy",
  "tags",
];

type Strategy = "None" | "Single" | "OnePerAz";

interface Spec {
  type: "Private" | "Public";
  name: string;
  /** One for each zone. */
  cidrBlocks: readonly string[];
}

/** What is made in one zone for one spec. */
interface MadeSubnet {
  subnet: Subnet;
  routeTable: RouteTable;
}

/**
 * `awsx.ec2.Vpc` as its own plugin makes it, of subnets whose blocks are given: same children, same names, same inputs.
 * The plugin itself comes with Pulumi's releases and is in no package registry.
 *
 * @throws Error naming what of the arguments is not stood in for
 */
export class Vpc extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly privateSubnetIds: pulumi.Output<string>[];
  readonly publicSubnetIds: pulumi.Output<string>[];
  readonly routeTables: RouteTable[] = [];
  readonly natGateways: NatGateway[] = [];
  private readonly tags: Record<string, string>;

  constructor(
    private readonly vpcName: string,
    args: Args,
    zones: readonly string[],
    options: pulumi.ComponentResourceOptions,
  ) {
    super("awsx:ec2:Vpc", vpcName, {}, options);
    const specs = specsOf(vpcName, args, zones.length);
    const strategy = args.natGateways?.strategy ?? "OnePerAz";
    this.tags = args.tags ?? {};

    const vpc = new Network(
      vpcName,
      {
        cidrBlock: args.cidrBlock,
        enableDnsHostnames: args.enableDnsHostnames,
        enableDnsSupport: args.enableDnsSupport,
        tags: this.named(vpcName),
      },
      { parent: this },
    );
    const gateway = new InternetGateway(
      vpcName,
      { vpcId: vpc.id, tags: this.named(vpcName) },
      { parent: vpc, dependsOn: [vpc] },
    );
    const ids: Record<Spec["type"], pulumi.Output<string>[]> = { Private: [], Public: [] };
    zones.forEach((zone, index) => {
      // What a private subnet's route leads through is made first.
      for (const spec of specs) {
        const made = this.makeSubnet(vpc, spec, zone, index);
        ids[spec.type].push(made.subnet.id);
        if (spec.type === "Public") {
          if (isNatZone(strategy, index)) this.makeNatGateway(made.subnet, index);
          this.route(spec, index, made, { gatewayId: gateway.id });
        } else if (strategy !== "None") {
          this.route(spec, index, made, { natGatewayId: this.natGateways[strategy === "Single" ? 0 : index]?.id });
        }
      }
    });
    this.vpcId = vpc.id;
    this.privateSubnetIds = ids.Private;
    this.publicSubnetIds = ids.Public;
    this.registerOutputs({});
  }

  /** The component's outputs, as far as they are stood in for. */
  outputs(): pulumi.Inputs {
    const { vpcId, privateSubnetIds, publicSubnetIds, routeTables, natGateways } = this;
    return { vpcId, privateSubnetIds, publicSubnetIds, routeTables, natGateways };
  }

  private named(name: string): Record<string, string> {
    return { Name: name, ...this.tags };
  }

  private makeSubnet(vpc: Network, spec: Spec, zone: string, index: number): MadeSubnet {
    const name = this.subnetName(spec, index);
    const tags = { ...this.tags, Name: name, SubnetType: spec.type };
    const subnet = new Subnet(
      name,
      {
        vpcId: vpc.id,
        availabilityZone: zone,
        mapPublicIpOnLaunch: spec.type === "Public",
        cidrBlock: spec.cidrBlocks[index],
        assignIpv6AddressOnCreation: false,
        tags,
      },
      { parent: vpc, dependsOn: [vpc] },
    );
    const routeTable = new RouteTable(name, { vpcId: vpc.id, tags }, { parent: subnet, dependsOn: [subnet] });
    new RouteTableAssociation(
      name,
      { routeTableId: routeTable.id, subnetId: subnet.id },
      { parent: routeTable, dependsOn: [routeTable] },
    );
    this.routeTables.push(routeTable);
    return { subnet, routeTable };
  }

  private makeNatGateway(subnet: Subnet, index: number): void {
    const name = `${this.vpcName}-${index + 1}`;
    const tags = { ...this.tags, Name: name };
    const options = { parent: subnet, dependsOn: [subnet] };
    const address = new Eip(name, { tags }, options);
    this.natGateways.push(
      new NatGateway(name, { subnetId: subnet.id, allocationId: address.allocationId, tags }, options),
    );
  }

  private route(
    spec: Spec,
    index: number,
    { routeTable }: MadeSubnet,
    through: Pick<RouteArgs, "gatewayId" | "natGatewayId">,
  ): void {
    new Route(
      this.subnetName(spec, index),
      { routeTableId: routeTable.id, destinationCidrBlock: "0.0.0.0/0", ...through },
      { parent: routeTable, dependsOn: [routeTable] },
    );
  }

  private subnetName({ name }: Spec, index: number): string {
    return `${this.vpcName}-${name}-${index + 1}`;
  }
}

function isNatZone(strategy: Strategy, index: number): boolean {
  return strategy === "OnePerAz" || (strategy === "Single" && index === 0);
}

/** The public subnets first. @throws Error where the arguments ask for more than is stood in for */
function specsOf(name: string, args: Args, zones: number): Spec[] {
  const unknown = Object.keys(args).filter((each) => !KNOWN.includes(each));
  const specs = (args.subnetSpecs ?? []).map(({ type, name: specName, cidrBlocks, ...rest }) => {
    unknown.push(...Object.keys(rest).map((each) => `subnetSpecs.${each}`));
    return { type: String(type), name: specName ?? String(type).toLowerCase(), cidrBlocks: cidrBlocks ?? [] };
  });
  const problems = [
    ...unknown.map((each) => `${each} is not stood in for`),
    ...specs.flatMap(({ type, cidrBlocks }) => [
      ...(["Private", "Public"].includes(type) ? [] : [`a subnet of type ${type} is not stood in for`]),
      ...(cidrBlocks.length === zones
        ? []
        : [`a subnet spec has ${cidrBlocks.length} cidrBlocks: the stand-in needs one for each of the ${zones} zones`]),
    ]),
    ...(args.subnetStrategy === "Auto"
      ? []
      : [`subnetStrategy ${args.subnetStrategy ?? "Legacy"} is not stood in for`]),
  ];
  if (problems.length > 0) {
    throw new Error(`the local stand-in for awsx.ec2.Vpc cannot make ${name}: ${problems.join("; ")}`);
  }
  return (specs as Spec[]).sort((one, other) => Number(other.type === "Public") - Number(one.type === "Public"));
}
