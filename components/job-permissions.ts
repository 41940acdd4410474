import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./component";
import { pullingImages, type Statement } from "./iam";
import type { StackNetwork } from "./network";

/** What every job of SageMaker's takes, whatever it does: its image, its log, its metrics. */
export function runningJobs({ partition, region, accountId }: Place): Statement[] {
  return [
    {
      actions: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
      resources: [pulumi.interpolate`arn:${partition}:logs:${region}:${accountId}:log-group:/aws/sagemaker/*`],
    },
    {
      actions: ["cloudwatch:PutMetricData"],
      anyResourceBecause: "CloudWatch metrics are no resources",
      conditions: { StringLike: { "cloudwatch:namespace": ["/aws/sagemaker/*", "SageMaker*"] } },
    },
    // AWS's own images lie in an account of theirs in every region.
    ...pullingImages(pulumi.interpolate`arn:${partition}:ecr:${region}:*:repository/sagemaker-*`),
  ];
}

/** What a job takes that has its network interfaces in the given subnets. */
export function joiningNetwork(
  { partition, region, accountId }: Place,
  { subnetIds, securityGroupIds }: Pick<StackNetwork, "subnetIds" | "securityGroupIds">,
): Statement[] {
  const ec2 = (resource: pulumi.Input<string>) =>
    pulumi.interpolate`arn:${partition}:ec2:${region}:${accountId}:${resource}`;
  const interfaces = ec2("network-interface/*");
  return [
    {
      actions: ["ec2:CreateNetworkInterface"],
      resources: [
        interfaces,
        ...subnetIds.map((id) => ec2(pulumi.interpolate`subnet/${id}`)),
        ...securityGroupIds.map((id) => ec2(pulumi.interpolate`security-group/${id}`)),
      ],
    },
    {
      actions: ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
      resources: [interfaces],
    },
    {
      actions: [
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ],
      anyResourceBecause: "EC2 has no resource for them",
    },
  ];
}
