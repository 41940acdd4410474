import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { ServiceRole, type Statement } from "./iam";

/** CodeBuild's image with Node 22, Python and Docker. */
const IMAGE = "aws/codebuild/standard:7.0";

export interface BuildProjectArgs extends ComponentArgs {
  description: string;
  /** The commands: a file of the project. */
  buildspec: string;
  computeType: string;
  /** How long a build may take, 5 to 480 minutes. */
  timeoutMinutes: number;
  /** Key that encrypts the build's artifacts. */
  keyArn: pulumi.Input<string>;
  /** Whether the build runs Docker. Default: false. */
  privileged?: boolean;
  /** Default: none. */
  variables?: Record<string, pulumi.Input<string>>;
  /** What the build may do beyond writing its log. */
  statements: readonly Statement[];
  transform?: { project?: Transform<aws.codebuild.ProjectArgs> | undefined };
}

/** A build that a delivery pipeline starts: a CodeBuild project, its role and its log. */
export class BuildProject extends PlatformComponent {
  readonly name: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  private readonly role: ServiceRole;

  constructor(name: string, args: BuildProjectArgs, options?: pulumi.ComponentResourceOptions) {
    super("BuildProject", name, args, options);
    const logs = this.child(aws.cloudwatch.LogGroup, "logs", {
      retentionInDays: this.shared.logRetentionDays,
      tags: this.tags,
    });
    this.role = new ServiceRole(
      this.childName("role"),
      {
        ...this.shared,
        services: ["codebuild.amazonaws.com"],
        statements: [
          {
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [pulumi.interpolate`${logs.arn}:*`],
          },
          ...args.statements,
        ],
      },
      { parent: this },
    );
    const project = this.child(
      aws.codebuild.Project,
      "project",
      {
        description: args.description,
        source: { type: "CODEPIPELINE", buildspec: args.buildspec },
        artifacts: { type: "CODEPIPELINE" },
        environment: {
          type: "LINUX_CONTAINER",
          image: IMAGE,
          computeType: args.computeType,
          privilegedMode: args.privileged ?? false,
          environmentVariables: Object.entries(args.variables ?? {}).map(([variable, value]) => ({
            name: variable,
            value,
          })),
        },
        serviceRole: this.role.arn,
        encryptionKey: args.keyArn,
        logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: logs.name } },
        buildTimeout: args.timeoutMinutes,
        tags: this.tags,
      },
      args.transform?.project,
      { dependsOn: [...this.role.ready] },
    );
    this.name = project.name;
    this.arn = project.arn;
    this.registerOutputs({ name: this.name });
  }

  /**
   * A report group that the build's file names by `kind` alone, since it begins with the project's name; its raw files
   * are kept under `destination`.
   */
  reportGroup(
    kind: string,
    type: "TEST" | "CODE_COVERAGE",
    destination: { bucket: pulumi.Input<string>; path: string; keyArn: pulumi.Input<string> },
  ): void {
    const group = this.child(aws.codebuild.ReportGroup, kind, {
      name: pulumi.interpolate`${this.name}-${kind}`,
      type,
      exportConfig: {
        type: "S3",
        s3Destination: {
          bucket: destination.bucket,
          path: destination.path,
          encryptionKey: destination.keyArn,
          packaging: "ZIP",
        },
      },
      deleteReports: true,
      tags: this.tags,
    });
    this.role.grant(kind, [
      {
        actions: [
          "codebuild:CreateReport",
          "codebuild:UpdateReport",
          type === "TEST" ? "codebuild:BatchPutTestCases" : "codebuild:BatchPutCodeCoverages",
        ],
        resources: [group.arn],
      },
    ]);
  }
}
