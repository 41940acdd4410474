import * as awsx from "@pulumi/awsx";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkCreation } from "../config/platform";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { ServiceRole } from "./iam";
import { networkLayout } from "./network-layout";
import { SERVICE_ENDPOINTS, type ServiceEndpoint } from "./vpc-endpoints";

/** Where tasks, jobs and models have their network interfaces: an existing network, or one of the stack's own. */
export interface StackNetwork {
  vpcId: pulumi.Input<string>;
  /** One at least. */
  subnetIds: readonly pulumi.Input<string>[];
  /** One at least. */
  securityGroupIds: readonly pulumi.Input<string>[];
}

/** A network as functions and the launcher are told of it, once its ids are known. */
export function knownNetwork(
  network: StackNetwork | undefined,
): pulumi.Output<{ subnetIds: string[]; securityGroupIds: string[] } | undefined> {
  if (network === undefined) return pulumi.output(undefined);
  return pulumi
    .all([pulumi.all([...network.subnetIds]), pulumi.all([...network.securityGroupIds])])
    .apply(([subnetIds, securityGroupIds]) => ({ subnetIds, securityGroupIds }));
}

/** The variable by which a function that makes jobs is told of the network; none where there is none. */
export const networkVariable = (network: StackNetwork | undefined): { NETWORK?: pulumi.Output<string> } =>
  network === undefined ? {} : { NETWORK: pulumi.jsonStringify(knownNetwork(network)) };

export interface NetworkArgs extends ComponentArgs {
  network: NetworkCreation;
  /** Port of a database outside, in a network that is joined to this one by whoever runs both. Default: none. */
  databasePort?: number | undefined;
  /** An existing role that writes the flow logs. Default: one is made. */
  flowLogsRoleArn?: string | undefined;
  transform?: {
    vpc?: Transform<awsx.ec2.VpcArgs>;
    tasks?: Transform<aws.ec2.SecurityGroupArgs>;
    endpoints?: Transform<aws.ec2.SecurityGroupArgs>;
  };
}

/** Blocks that are in nobody's internet: whatever this network is peered with lies in them. */
const PRIVATE_BLOCKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
const HTTPS = { ipProtocol: "tcp", fromPort: 443, toPort: 443 };
const ANYWHERE = "0.0.0.0/0";

/**
 * A VPC of the stack's own: a private subnet in each zone, for the launcher's task, jobs and models. Without NAT gateways
 * nothing in it reaches the internet, and each of AWS's services that is asked from inside has an endpoint; with them,
 * S3 and DynamoDB still go through gateways of their own, which cost nothing. What is inside may reach HTTPS and
 * its own kind, and nothing reaches it. Flow logs keep who spoke with whom.
 *
 * Functions are not inside: they are reached and reach by AWS's own network, under their roles.
 *
 * @example
 * const network = new Network("network", {
 *   network: { cidrBlock: "10.0.0.0/16", availabilityZones: 3, natGateways: 0 },
 * });
 */
export class Network extends PlatformComponent implements StackNetwork {
  readonly vpcId: pulumi.Output<string>;
  readonly subnetIds: readonly pulumi.Output<string>[];
  readonly securityGroupIds: readonly pulumi.Output<string>[];

  constructor(name: string, args: NetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("Network", name, args, options);
    const { network, transform } = args;
    const vpc = this.makeVpc(args);
    this.vpcId = vpc.vpcId;
    this.subnetIds = Array.from({ length: network.availabilityZones }, (_, index) =>
      vpc.privateSubnetIds.apply((ids) => ids[index] ?? ""),
    );
    const tasks = this.child(
      aws.ec2.SecurityGroup,
      "tasks",
      { vpcId: vpc.vpcId, description: "The launcher, jobs and models", tags: this.tags },
      transform?.tasks,
    );
    this.securityGroupIds = [tasks.id];
    const gateways = this.makeEndpoints(args, vpc, tasks);
    this.letOut(args, tasks, gateways);
    this.logFlows(args);
    this.registerOutputs({ vpcId: this.vpcId, subnetIds: this.subnetIds, securityGroupIds: this.securityGroupIds });
  }

  private makeVpc({ network, transform }: NetworkArgs): awsx.ec2.Vpc {
    const { natGateways, availabilityZones, cidrBlock } = network;
    const { privateCidrBlocks, publicCidrBlocks } = networkLayout(network);
    return this.child(
      awsx.ec2.Vpc,
      "vpc",
      {
        cidrBlock,
        numberOfAvailabilityZones: availabilityZones,
        // Endpoints answer under their services' own names.
        enableDnsHostnames: true,
        enableDnsSupport: true,
        natGateways: { strategy: natGateways === 0 ? "None" : natGateways === 1 ? "Single" : "OnePerAz" },
        subnetStrategy: "Auto",
        subnetSpecs: [
          { type: "Private", name: "private", cidrBlocks: privateCidrBlocks },
          ...(publicCidrBlocks.length === 0
            ? []
            : [{ type: "Public" as const, name: "public", cidrBlocks: publicCidrBlocks }]),
        ],
        tags: this.tags,
      },
      transform?.vpc,
    );
  }

  /** Ways to AWS's services: gateways always, interfaces where there is no way to the internet. Answers the gateways. */
  private makeEndpoints(
    { network, transform }: NetworkArgs,
    vpc: awsx.ec2.Vpc,
    tasks: aws.ec2.SecurityGroup,
  ): aws.ec2.VpcEndpoint[] {
    const all = Object.values(SERVICE_ENDPOINTS).flat();
    const routeTableIds = vpc.routeTables.apply((tables) => pulumi.all(tables.map(({ id }) => id)));
    const gateways = all
      .filter(({ type }) => type === "Gateway")
      .map((service) => this.endpoint(service, { routeTableIds }));
    if (network.natGateways > 0) return gateways;
    const group = this.child(
      aws.ec2.SecurityGroup,
      "endpoints",
      { vpcId: vpc.vpcId, description: "Endpoints of the services of AWS", tags: this.tags },
      transform?.endpoints,
    );
    this.child(aws.vpc.SecurityGroupIngressRule, "endpoints-from-tasks", {
      ...HTTPS,
      securityGroupId: group.id,
      referencedSecurityGroupId: tasks.id,
      description: "The launcher, jobs and models",
      tags: this.tags,
    });
    this.child(aws.vpc.SecurityGroupEgressRule, "tasks-to-endpoints", {
      ...HTTPS,
      securityGroupId: tasks.id,
      referencedSecurityGroupId: group.id,
      description: "To the endpoints of the services of AWS",
      tags: this.tags,
    });
    for (const service of all.filter(({ type }) => type === "Interface")) {
      this.endpoint(service, {
        subnetIds: [...this.subnetIds],
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
      });
    }
    return gateways;
  }

  private endpoint(
    { name, type, serviceName }: ServiceEndpoint,
    where: Pick<aws.ec2.VpcEndpointArgs, "routeTableIds" | "subnetIds" | "securityGroupIds" | "privateDnsEnabled">,
  ): aws.ec2.VpcEndpoint {
    return this.child(aws.ec2.VpcEndpoint, name.replaceAll(".", "-"), {
      vpcId: this.vpcId,
      serviceName: this.place.region.apply(serviceName),
      vpcEndpointType: type,
      ...where,
      tags: { ...this.tags, Name: `${this.childName(name)}` },
    });
  }

  /** What tasks may reach, the endpoints with an interface apart. */
  private letOut(args: NetworkArgs, tasks: aws.ec2.SecurityGroup, gateways: aws.ec2.VpcEndpoint[]): void {
    const rule = (suffix: string, properties: Omit<aws.vpc.SecurityGroupEgressRuleArgs, "securityGroupId">) =>
      this.child(aws.vpc.SecurityGroupEgressRule, suffix, {
        securityGroupId: tasks.id,
        ...properties,
        tags: this.tags,
      });
    // The instances of one job, of Spark above all, speak with each other on whatever ports they choose.
    const together = { ipProtocol: "tcp", fromPort: 0, toPort: 65_535, referencedSecurityGroupId: tasks.id };
    rule("tasks-to-tasks", { ...together, description: "Instances of one job" });
    this.child(aws.vpc.SecurityGroupIngressRule, "tasks-from-tasks", {
      ...together,
      securityGroupId: tasks.id,
      description: "Instances of one job",
      tags: this.tags,
    });
    if (args.network.natGateways > 0) {
      rule("tasks-to-internet", { ...HTTPS, cidrIpv4: ANYWHERE, description: "HTTPS, through the NAT gateways" });
    } else {
      gateways.forEach((gateway, index) =>
        rule(`tasks-to-gateway-${index + 1}`, {
          ...HTTPS,
          prefixListId: gateway.prefixListId,
          description: "To a service of AWS through its gateway",
        }),
      );
    }
    const { databasePort: port } = args;
    if (port === undefined) return;
    PRIVATE_BLOCKS.forEach((cidrIpv4, index) =>
      rule(`tasks-to-database-${index + 1}`, {
        ...{ ipProtocol: "tcp", fromPort: port, toPort: port, cidrIpv4 },
        description: "To the database that transactions are read from",
      }),
    );
  }

  private logFlows(args: NetworkArgs): void {
    const logs = this.child(aws.cloudwatch.LogGroup, "flows", {
      retentionInDays: this.shared.logRetentionDays,
      tags: this.tags,
    });
    const role = new ServiceRole(
      this.childName("flows"),
      {
        ...this.shared,
        ...(args.flowLogsRoleArn === undefined ? {} : { existingArn: args.flowLogsRoleArn }),
        services: ["vpc-flow-logs.amazonaws.com"],
        statements: [
          {
            actions: ["logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources: [logs.arn, pulumi.interpolate`${logs.arn}:*`],
          },
        ],
      },
      { parent: this },
    );
    this.child(
      aws.ec2.FlowLog,
      "flows",
      {
        vpcId: this.vpcId,
        trafficType: "ALL",
        logDestinationType: "cloud-watch-logs",
        logDestination: logs.arn,
        iamRoleArn: role.arn,
        maxAggregationInterval: 600,
        tags: this.tags,
      },
      undefined,
      { dependsOn: [...role.ready] },
    );
  }
}
