import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { Statement } from "./iam";
import { accountPrincipals, ServiceRole } from "./iam";
import type { Storage } from "./storage";

export interface ModelRegistryArgs extends ComponentArgs {
  storage: Storage;
  /** Name of the model package group, at most 63 characters. */
  groupName: string;
  /** Name of the registered model in MLflow. */
  modelName: string;
  /** An existing MLflow app or tracking server to use instead of making an app. */
  mlflowArn?: string;
  /** An existing role for the MLflow app, which keeps artifacts in the bucket. Default: a role is made. */
  mlflowRoleArn?: string;
  /** Accounts whose stacks take promoted models from here: they may read the group's packages. Default: none. */
  readerAccountIds?: readonly string[];
  transform?: {
    group?: Transform<aws.sagemaker.ModelPackageGroupArgs>;
    mlflowApp?: Transform<aws.sagemaker.MlflowAppArgs>;
  };
}

/** Where models are known: a SageMaker model package group, and MLflow. Packages are registered by functions. */
export class ModelRegistry extends PlatformComponent {
  readonly groupName: pulumi.Output<string>;
  readonly groupArn: pulumi.Output<string>;
  readonly mlflowArn: pulumi.Output<string>;
  readonly modelName: string;

  constructor(name: string, args: ModelRegistryArgs, options?: pulumi.ComponentResourceOptions) {
    super("ModelRegistry", name, args, options);
    this.modelName = args.modelName;

    const group = this.child(
      aws.sagemaker.ModelPackageGroup,
      "packages",
      {
        modelPackageGroupName: args.groupName,
        modelPackageGroupDescription: `Models of ${pulumi.getProject()}, stack ${pulumi.getStack()}`,
        tags: this.tags,
      },
      args.transform?.group,
    );
    this.groupName = group.modelPackageGroupName;
    this.groupArn = group.arn;
    if (args.readerAccountIds !== undefined && args.readerAccountIds.length > 0) this.share(args.readerAccountIds);
    this.mlflowArn = args.mlflowArn === undefined ? this.makeMlflowApp(args) : pulumi.output(args.mlflowArn);
    this.registerOutputs({ groupName: this.groupName, mlflowArn: this.mlflowArn });
  }

  /** Lets other accounts read the packages. */
  private share(accountIds: readonly string[]): void {
    this.child(aws.sagemaker.ModelPackageGroupPolicy, "packages", {
      modelPackageGroupName: this.groupName,
      resourcePolicy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "PromotionReads",
            Effect: "Allow",
            Principal: { AWS: accountPrincipals(accountIds, this.place.partition) },
            Action: [
              "sagemaker:DescribeModelPackageGroup",
              "sagemaker:DescribeModelPackage",
              "sagemaker:ListModelPackages",
            ],
            Resource: [this.groupArn, this.packagesArn()],
          },
        ],
      }),
    });
  }

  private makeMlflowApp(args: ModelRegistryArgs): pulumi.Output<string> {
    const role = new ServiceRole(
      this.childName("mlflow"),
      {
        ...this.shared,
        existingArn: args.mlflowRoleArn,
        services: ["sagemaker.amazonaws.com"],
        statements: [...args.storage.reading("mlflow/*"), ...args.storage.writing("mlflow/*")],
      },
      { parent: this },
    );
    return this.child(
      aws.sagemaker.MlflowApp,
      "mlflow",
      {
        name: args.groupName,
        artifactStoreUri: args.storage.uri("mlflow"),
        roleArn: role.arn,
        // register-model puts packages into SageMaker's registry itself: automatic registration would double them.
        modelRegistrationMode: "AutoModelRegistrationDisabled",
        tags: this.tags,
      },
      args.transform?.mlflowApp,
      { dependsOn: [...role.ready] },
    ).arn;
  }

  /** What telling MLflow of an execution takes: its run, found or made, and what is added to it. */
  tracking(): Statement[] {
    return [this.mlflow("CreateExperiment", "GetExperimentByName", "CreateRun", "SearchRuns", "LogBatch", "UpdateRun")];
  }

  /** What reading a package takes. */
  describing(): Statement {
    return { actions: ["sagemaker:DescribeModelPackage"], resources: [this.packagesArn()] };
  }

  /** What looking up the champion takes: the version that the alias names, and its package. */
  findingChampion(): Statement[] {
    return [
      { actions: ["sagemaker:DescribeModelPackage"], resources: [this.packagesArn()] },
      this.mlflow("GetModelVersionByAlias"),
    ];
  }

  /** What registering a model takes: a run, a version and an alias in MLflow, and a package. */
  registering(): Statement[] {
    return [
      { actions: ["sagemaker:CreateModelPackage"], resources: [this.groupArn, this.packagesArn()] },
      this.mlflow(
        "CreateExperiment",
        "GetExperimentByName",
        "CreateRun",
        "SearchRuns",
        "CreateRegisteredModel",
        "CreateModelVersion",
        "DeleteModelVersion",
        "SearchModelVersions",
        "SetModelVersionTag",
        "SetRegisteredModelAlias",
      ),
    ];
  }

  /** What following a deployment takes: reading the package, which knows its version, and moving the alias. */
  promoting(): Statement[] {
    return [
      { actions: ["sagemaker:DescribeModelPackage"], resources: [this.packagesArn()] },
      this.mlflow("SetRegisteredModelAlias"),
    ];
  }

  /** What rejecting a package takes that alarms have rolled back. */
  rejecting(): Statement[] {
    return [{ actions: ["sagemaker:UpdateModelPackage"], resources: [this.packagesArn()] }];
  }

  /** What removing the group's packages takes. */
  emptying(): Statement[] {
    return [
      { actions: ["sagemaker:DeleteModelPackage"], resources: [this.packagesArn()] },
      { actions: ["sagemaker:ListModelPackages"], resources: [this.groupArn, this.packagesArn()] },
    ];
  }

  private packagesArn(): pulumi.Output<string> {
    return this.groupArn.apply((arn) => `${arn.replace(":model-package-group/", ":model-package/")}/*`);
  }

  private mlflow(...operations: string[]): Statement {
    // The REST API itself is one permission, each operation behind it another.
    return {
      actions: ["sagemaker:CallMlflowAppApi", ...operations.map((operation) => `sagemaker-mlflow:${operation}`)],
      resources: [this.mlflowArn],
    };
  }
}
