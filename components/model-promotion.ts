import * as pulumi from "@pulumi/pulumi";
import type { Promotion } from "../config/promotion";
import type { Registry } from "../config/training";
import { PromoteModelEnvironment } from "../functions/promote-model/env";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { literally, type Statement } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import { PROMOTED, type Storage } from "./storage";
import type { WorkQueue } from "./work-queue";

export interface ModelPromotionArgs extends ComponentArgs {
  storage: Storage;
  registry: ModelRegistry;
  /** Of the endpoint that promoted models are deployed to. */
  deployQueue: WorkQueue;
  /** MLflow experiment of the runs that promoted models come from. */
  experimentName: string;
  /** auto: what is promoted is deployed. manual: a person approves it first. */
  approval: Registry["approval"];
  /** The stack that models come from. */
  from: NonNullable<Promotion["from"]>;
  functions?: { promoteModel?: FunctionOverrides };
}

/**
 * How approved models of another stack come to this one: a function that registers copies of their packages, whose
 * archives are byte for byte those that were registered there. It reads the other stack's packages, bucket and key, by
 * what that stack's policies let this account read; nobody there may write here.
 *
 * @example
 * new ModelPromotion("promotion", { storage, registry, deployQueue: endpoint.deployQueue, experimentName, approval, from });
 */
export class ModelPromotion extends PlatformComponent {
  /** For whoever asks for promotions: by which function, and of which group packages come. */
  readonly described: pulumi.Output<{ functionName: string; sourceGroupArn: string }>;

  constructor(name: string, args: ModelPromotionArgs, options?: pulumi.ComponentResourceOptions) {
    super("ModelPromotion", name, args, options);
    const { storage, registry, deployQueue, from } = args;
    const { accountId, modelPackageGroupName, bucketName, prefix } = from;
    const promote = new LambdaFunction(
      name,
      {
        ...this.shared,
        ...args.functions?.promoteModel,
        functionName: "promote-model",
        description: `Registers copies of approved packages of the group ${modelPackageGroupName}`,
        environment: PromoteModelEnvironment,
        variables: {
          SOURCE: JSON.stringify({ accountId, modelPackageGroupName, bucketName, prefix }),
          PROMOTED_URI: storage.uri("promoted"),
          MLFLOW_ARN: registry.mlflowArn,
          MLFLOW_EXPERIMENT_NAME: args.experimentName,
          MODEL_NAME: registry.modelName,
          MODEL_PACKAGE_GROUP_NAME: registry.groupName,
          APPROVAL_STATUS: args.approval === "auto" ? "Approved" : "PendingManualApproval",
          QUEUE_URL: deployQueue.url,
        },
        statements: [
          ...this.readingSource(from),
          ...storage.reading("promoted/*"),
          ...storage.writing("promoted/*"),
          // A copy that turns out to be another archive is taken back.
          storage.deleting("promoted/*"),
          ...registry.registering(),
          registry.describing(),
          deployQueue.sending(),
        ],
        timeoutSeconds: 300,
        memoryMib: 512,
      },
      { parent: this },
    );
    this.described = pulumi.output({
      functionName: promote.name,
      sourceGroupArn: this.ofSource(accountId, `model-package-group/${modelPackageGroupName.toLowerCase()}`),
    });
    this.registerOutputs({ promotion: this.described });
  }

  private ofSource(accountId: string, resource: string): pulumi.Output<string> {
    const { partition, region } = this.place;
    return pulumi.interpolate`arn:${partition}:sagemaker:${region}:${accountId}:${resource}`;
  }

  /** Its packages, and of its bucket what they refer to. */
  private readingSource({
    accountId,
    modelPackageGroupName,
    bucketName,
    prefix,
    kmsKeyArn,
  }: ModelPromotionArgs["from"]): Statement[] {
    const group = modelPackageGroupName.toLowerCase();
    const bucketArn = pulumi.interpolate`arn:${this.place.partition}:s3:::${bucketName}`;
    const patterns = PROMOTED.map((pattern) => `${literally(prefix)}/${pattern}`);
    const packages = this.ofSource(accountId, `model-package/${group}/*`);
    return [
      { actions: ["sagemaker:DescribeModelPackage"], resources: [packages] },
      {
        actions: ["sagemaker:ListModelPackages"],
        resources: [this.ofSource(accountId, `model-package-group/${group}`), packages],
      },
      {
        actions: ["s3:GetObject"],
        resources: patterns.map((pattern) => pulumi.interpolate`${bucketArn}/${pattern}`),
      },
      {
        actions: ["s3:ListBucket"],
        resources: [bucketArn],
        conditions: { StringLike: { "s3:prefix": patterns } },
      },
      { actions: ["kms:Decrypt"], resources: [kmsKeyArn] },
    ];
  }
}
