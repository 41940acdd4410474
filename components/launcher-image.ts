import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { version } from "../package.json";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { accountPrincipals } from "./iam";
import type { Storage } from "./storage";

export interface LauncherImageArgs extends ComponentArgs {
  storage: Storage;
  /** Accounts whose stacks take promoted models from here: they may pull the image that trained them. Default: none. */
  readerAccountIds?: readonly string[];
  transform?: { repository?: Transform<aws.ecr.RepositoryArgs>; parameter?: Transform<aws.ssm.ParameterArgs> };
}

/** Tags that may be moved: the build's cache. Every other tag is given once. */
export const CACHE_TAGS = "cache-*";

/**
 * The launcher's image where a delivery pipeline builds it: the repository, and the parameter that says which image
 * runs. The delivery writes the parameter and the program reads it, so that `pulumi up` never goes back to an image that
 * a delivery has replaced.
 */
export class LauncherImage extends PlatformComponent {
  /** The image that runs now; before the first delivery the one of the program's own version, which nobody has built. */
  readonly uri: pulumi.Output<string>;
  readonly repositoryUrl: pulumi.Output<string>;
  readonly repositoryName: pulumi.Output<string>;
  readonly repositoryArn: pulumi.Output<string>;
  readonly parameterName: pulumi.Output<string>;
  readonly parameterArn: pulumi.Output<string>;

  constructor(name: string, args: LauncherImageArgs, options?: pulumi.ComponentResourceOptions) {
    super("LauncherImage", name, args, options);
    const repository = this.child(
      aws.ecr.Repository,
      "repository",
      {
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filter: CACHE_TAGS, filterType: "WILDCARD" }],
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: args.storage.keyArn }],
        // Images are built again from their revision; what must not be lost is elsewhere.
        forceDelete: true,
        tags: this.tags,
      },
      args.transform?.repository,
    );
    this.child(aws.ecr.LifecyclePolicy, "repository", {
      repository: repository.name,
      policy: JSON.stringify({
        rules: [
          {
            rulePriority: 1,
            description: "Layers of caches that were replaced, and builds that were cut off",
            selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
            action: { type: "expire" },
          },
        ],
      }),
    });
    if (args.readerAccountIds !== undefined && args.readerAccountIds.length > 0) {
      this.child(aws.ecr.RepositoryPolicy, "repository", {
        repository: repository.name,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "PromotionPulls",
              Effect: "Allow",
              Principal: { AWS: accountPrincipals(args.readerAccountIds, this.place.partition) },
              Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            },
          ],
        }),
      });
    }
    const parameter = this.child(
      aws.ssm.Parameter,
      "running",
      {
        description: `Image that the launcher of ${pulumi.getProject()}, stack ${pulumi.getStack()}, runs`,
        type: "String",
        insecureValue: pulumi.interpolate`${repository.repositoryUrl}:${version}`,
        tags: this.tags,
      },
      args.transform?.parameter,
      { ignoreChanges: ["insecureValue"] },
    );
    // By its id, which is unknown until it exists: the name would be looked up before.
    this.uri = aws.ssm.getParameterOutput({ name: parameter.id }, { parent: this }).insecureValue;
    this.repositoryUrl = repository.repositoryUrl;
    this.repositoryName = repository.name;
    this.repositoryArn = repository.arn;
    this.parameterName = parameter.name;
    this.parameterArn = parameter.arn;
    this.registerOutputs({ repositoryUrl: this.repositoryUrl, parameterName: this.parameterName });
  }
}
