import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { SourceRds } from "../config/training";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { literally, ServiceRole, type Statement } from "./iam";
import { joiningNetwork, runningJobs } from "./job-permissions";
import type { StackNetwork } from "./network";
import type { Storage } from "./storage";

export interface DatabaseSourceArgs extends ComponentArgs {
  storage: Storage;
  source: SourceRds;
  /** Where the job that reads the table runs. Default: in no VPC, from where it reaches a public database alone. */
  network?: StackNetwork;
  /** An existing role of the job. */
  roleArn?: string;
  transform?: {
    securityGroup?: Transform<aws.ec2.SecurityGroupArgs>;
    ingress?: Transform<aws.vpc.SecurityGroupIngressRuleArgs>;
    egress?: Transform<aws.vpc.SecurityGroupEgressRuleArgs>;
  };
}

/** Where the job runs. */
export interface DatabaseSourceNetwork {
  subnetIds: readonly pulumi.Input<string>[];
  securityGroupIds: pulumi.Output<string>[];
}

/**
 * What the job needs that reads transactions from a MySQL database: a role that alone may read the database's secret,
 * and, where the database's security group is given, a group of the job's own that the database lets in.
 *
 * The job is also in the groups of the stack's network, which decide how it reaches Secrets Manager, S3 and CloudWatch
 * Logs (a NAT gateway, or VPC endpoints).
 *
 * @example
 * const database = new DatabaseSource("database", { storage, source, network });
 */
export class DatabaseSource extends PlatformComponent {
  readonly roleArn: pulumi.Output<string>;
  readonly network: DatabaseSourceNetwork | undefined;

  constructor(name: string, args: DatabaseSourceArgs, options?: pulumi.ComponentResourceOptions) {
    super("DatabaseSource", name, args, options);

    this.network = this.joinNetwork(args);
    this.roleArn = new ServiceRole(
      this.childName("extract"),
      {
        ...this.shared,
        existingArn: args.roleArn,
        services: ["sagemaker.amazonaws.com"],
        statements: this.extracting(args),
      },
      { parent: this },
    ).arn;

    this.registerOutputs({ roleArn: this.roleArn });
  }

  private joinNetwork(args: DatabaseSourceArgs): DatabaseSourceNetwork | undefined {
    const { network, source, transform } = args;
    if (network === undefined) return undefined;
    const given = network.securityGroupIds.map((id) => pulumi.output(id));
    if (source.securityGroupId === undefined) return { subnetIds: network.subnetIds, securityGroupIds: given };

    // A group without rules reaches nothing: Pulumi takes away the one that EC2 puts in.
    const own = this.child(
      aws.ec2.SecurityGroup,
      "client",
      { vpcId: network.vpcId, description: "The job that reads transactions from the database", tags: this.tags },
      transform?.securityGroup,
    );
    const mysql = { ipProtocol: "tcp", fromPort: source.port, toPort: source.port, tags: this.tags };
    this.child(
      aws.vpc.SecurityGroupEgressRule,
      "client",
      {
        ...mysql,
        securityGroupId: own.id,
        referencedSecurityGroupId: source.securityGroupId,
        description: "To the database",
      },
      transform?.egress,
    );
    this.child(
      aws.vpc.SecurityGroupIngressRule,
      "client",
      {
        ...mysql,
        securityGroupId: source.securityGroupId,
        referencedSecurityGroupId: own.id,
        description: `The job of ${pulumi.getProject()}, stack ${pulumi.getStack()}, that reads transactions`,
      },
      transform?.ingress,
    );
    return { subnetIds: network.subnetIds, securityGroupIds: [...given, own.id] };
  }

  /** What the job does: reads its code and the secret, writes rows. */
  private extracting({ storage, source }: DatabaseSourceArgs): Statement[] {
    const roots = source.caBundleKey === undefined ? [] : [literally(source.caBundleKey)];
    return [
      ...storage.reading("scripts/*", ...roots),
      ...storage.writing("*/extracted/*"),
      { actions: ["secretsmanager:GetSecretValue"], resources: [source.secretArn] },
      ...this.decrypting(source),
      ...runningJobs(this.place),
      ...(this.network === undefined ? [] : joiningNetwork(this.place, this.network)),
    ];
  }

  private decrypting({ secretArn, secretKmsKeyArn }: SourceRds): Statement[] {
    if (secretKmsKeyArn === undefined) return [];
    return [
      {
        actions: ["kms:Decrypt"],
        resources: [secretKmsKeyArn],
        conditions: {
          StringEquals: {
            "kms:ViaService": pulumi.interpolate`secretsmanager.${this.place.region}.amazonaws.com`,
            "kms:EncryptionContext:SecretARN": secretArn,
          },
        },
      },
    ];
  }
}
