import type {
  AdditionalInferenceSpecificationDefinition,
  BatchDescribeModelPackageInput,
  BatchDescribeModelPackageOutput,
  CreateModelPackageInput,
  CreateModelPackageOutput,
  DescribeModelPackageInput,
  DescribeModelPackageOutput,
  DeleteModelPackageInput,
  ListModelPackagesInput,
  ListModelPackagesOutput,
  ModelPackageModelCard,
  UpdateModelPackageInput,
  UpdateModelPackageOutput,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { nameOf } from "../arns";
import { conflict, invalid } from "../errors";
import { messageOf } from "../../server/errors";
import { defined, omit } from "../objects";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { eventTime, now } from "../time";
import { RequestTokens } from "../tokens";
import type { ModelPackageGroups } from "./model-package-groups";

export type ModelPackage = Wire<DescribeModelPackageOutput>;

/** Model packages: versions in groups, or single ones by name. Kept by ARN. */
export class ModelPackages {
  private readonly packages: Collection<ModelPackage>;
  private readonly tokens: RequestTokens;

  constructor(
    private readonly context: SageMakerContext,
    private readonly groups: ModelPackageGroups,
  ) {
    this.packages = context.store.collection<ModelPackage>("model-package");
    this.tokens = new RequestTokens(context.store);
    groups.packagesIn = (group) => this.inGroup(group);
  }

  readonly operations = {
    CreateModelPackage: (input: Wire<CreateModelPackageInput>) => Promise.resolve(this.create(input)),
    DescribeModelPackage: (input: Wire<DescribeModelPackageInput>) =>
      Promise.resolve(this.describe(input.ModelPackageName)),
    UpdateModelPackage: (input: Wire<UpdateModelPackageInput>) => Promise.resolve(this.update(input)),
    BatchDescribeModelPackage: (input: Wire<BatchDescribeModelPackageInput>) =>
      Promise.resolve(this.describeMany(input.ModelPackageArnList)),
    ListModelPackages: (input: Wire<ListModelPackagesInput>) => Promise.resolve(this.list(input)),
    DeleteModelPackage: (input: Wire<DeleteModelPackageInput>) => Promise.resolve(this.delete(input.ModelPackageName)),
  };

  create(input: Wire<CreateModelPackageInput>): Wire<CreateModelPackageOutput> {
    const { ClientToken, Tags, ModelPackageGroupName, ModelPackageName, ...request } = input;
    const { CertifyForMarketplace, SourceAlgorithmSpecification, ...rest } = request;
    if ((ModelPackageGroupName === undefined) === (ModelPackageName === undefined)) {
      throw invalid("Either ModelPackageGroupName (for a version) or ModelPackageName is wanted, not both or neither.");
    }
    if (SourceAlgorithmSpecification)
      throw invalid("SourceAlgorithmSpecification is not known to the local SageMaker.");
    if (ModelPackageGroupName && Tags) {
      throw invalid("Tags can't be given for a version: it has those of its model package group.");
    }
    refuseCard(request.ModelCard);
    refuseSpecifications(request.AdditionalInferenceSpecifications ?? []);
    const about = ModelPackageGroupName ? this.arn(nameOf(ModelPackageGroupName)) : this.arn(ModelPackageName ?? "");
    return this.tokens.once("Create", about, ClientToken, () => {
      const identity = ModelPackageGroupName
        ? this.nextVersion(nameOf(ModelPackageGroupName))
        : { ModelPackageName: ModelPackageName ?? "", ModelPackageArn: this.arn(ModelPackageName ?? "") };
      const created = now();
      const document: ModelPackage = {
        ...rest,
        ...identity,
        ...(ModelPackageGroupName ? { ModelApprovalStatus: rest.ModelApprovalStatus ?? "PendingManualApproval" } : {}),
        ...(CertifyForMarketplace === undefined ? {} : { CertifyForMarketplace }),
        CreationTime: created,
        LastModifiedTime: created,
        ModelPackageStatus: "Completed",
        ModelPackageStatusDetails: { ValidationStatuses: [], ImageScanStatuses: [] },
      };
      if (!this.packages.insert(document.ModelPackageArn, document)) {
        throw conflict(`Model package ${document.ModelPackageArn} already exists.`);
      }
      this.context.tags.create(document.ModelPackageArn, Tags);
      this.announce(document);
      return { ModelPackageArn: document.ModelPackageArn };
    });
  }

  /** @param nameOrArn a name, an ARN, or `group/version` */
  describe(nameOrArn: string): ModelPackage {
    const arn = nameOrArn.startsWith("arn:") ? nameOrArn : this.arn(nameOrArn);
    const document = this.packages.get(arn);
    if (!document) throw invalid(`ModelPackage ${arn} does not exist.`);
    return document;
  }

  /** Every package, for Search. */
  all(): ModelPackage[] {
    return this.packages.all();
  }

  private describeMany(arns: readonly string[]): Wire<BatchDescribeModelPackageOutput> {
    const found = arns.flatMap((arn) => this.packages.get(arn) ?? []);
    const missing = arns.filter((arn) => !this.packages.get(arn));
    const ModelPackageSummaries = found.map((document) => [
      document.ModelPackageArn,
      {
        ...omit(summary(document), "ModelPackageName", "ModelLifeCycle"),
        ModelPackageGroupName: document.ModelPackageGroupName ?? "",
        InferenceSpecification: document.InferenceSpecification,
      },
    ]);
    const errors = missing.map((arn) => [
      arn,
      { ErrorCode: "ValidationException", ErrorResponse: `ModelPackage ${arn} does not exist.` },
    ]);
    return {
      ModelPackageSummaries: Object.fromEntries(ModelPackageSummaries) as never,
      ...(errors.length > 0 ? { BatchDescribeModelPackageErrorMap: Object.fromEntries(errors) as never } : {}),
    };
  }

  private update(input: Wire<UpdateModelPackageInput>): Wire<UpdateModelPackageOutput> {
    return this.tokens.once("Update", input.ModelPackageArn, input.ClientToken, () => this.change(input));
  }

  private change(input: Wire<UpdateModelPackageInput>): Wire<UpdateModelPackageOutput> {
    const { ModelPackageArn, CustomerMetadataPropertiesToRemove = [], ...changes } = input;
    const { CustomerMetadataProperties, AdditionalInferenceSpecificationsToAdd, ModelCard } = changes;
    refuseCard(ModelCard);
    const plain = omit(changes, "CustomerMetadataProperties", "AdditionalInferenceSpecificationsToAdd", "ClientToken");
    const before = this.describe(ModelPackageArn);
    const metadata = { ...before.CustomerMetadataProperties, ...CustomerMetadataProperties };
    for (const key of CustomerMetadataPropertiesToRemove) delete metadata[key];
    const specifications = [
      ...(before.AdditionalInferenceSpecifications ?? []),
      ...(AdditionalInferenceSpecificationsToAdd ?? []),
    ];
    refuseSpecifications(specifications);
    const after: ModelPackage = {
      ...before,
      ...plain,
      ...(ModelCard ? { ModelCard: { ...before.ModelCard, ...ModelCard } } : {}),
      ...(Object.keys(metadata).length > 0 ? { CustomerMetadataProperties: metadata } : {}),
      ...(specifications.length > 0 ? { AdditionalInferenceSpecifications: specifications } : {}),
      LastModifiedTime: now(),
    };
    if (Object.keys(metadata).length === 0) delete after.CustomerMetadataProperties;
    this.packages.update(ModelPackageArn, () => after);
    this.announce(after);
    return { ModelPackageArn };
  }

  private list(input: Wire<ListModelPackagesInput>): Wire<ListModelPackagesOutput> {
    const { ModelPackageGroupName, ModelPackageType, ModelApprovalStatus } = input;
    if (ModelPackageGroupName !== undefined) this.groups.describe(ModelPackageGroupName);
    const group = ModelPackageGroupName === undefined ? undefined : nameOf(ModelPackageGroupName);
    const type = ModelPackageType ?? (group === undefined ? "Unversioned" : "Versioned");
    const wanted = this.packages.all().filter((document) => {
      const versioned = document.ModelPackageGroupName !== undefined;
      return (
        (group === undefined || document.ModelPackageGroupName === group) &&
        (ModelApprovalStatus === undefined || document.ModelApprovalStatus === ModelApprovalStatus) &&
        (type === "Both" || (type === "Versioned") === versioned)
      );
    });
    const { items, ...next } = page("ListModelPackages", wanted, input, (document) => ({
      name: document.ModelPackageName,
      created: document.CreationTime,
    }));
    return { ModelPackageSummaryList: items.map(summary), ...next };
  }

  private delete(nameOrArn: string): object {
    const { ModelPackageArn } = this.describe(nameOrArn);
    this.context.store.transaction(() => {
      this.packages.remove(ModelPackageArn);
      this.context.tags.remove(ModelPackageArn);
      this.tokens.forget(ModelPackageArn);
    });
    return {};
  }

  private inGroup(group: string): number {
    return this.packages.all().filter((document) => document.ModelPackageGroupName === group).length;
  }

  private nextVersion(group: string) {
    const ModelPackageVersion = this.groups.takeVersion(group);
    return {
      ModelPackageName: `${group}/${ModelPackageVersion}`,
      ModelPackageGroupName: group,
      ModelPackageVersion,
      ModelPackageArn: this.arn(`${group}/${ModelPackageVersion}`),
    };
  }

  private arn(name: string): string {
    return this.context.arns.sagemaker(`model-package/${name}`);
  }

  private announce(document: ModelPackage): void {
    this.context.events.publish({
      detailType: "SageMaker Model Package State Change",
      resources: [document.ModelPackageArn],
      detail: {
        ...document,
        CreationTime: eventTime(document.CreationTime),
        LastModifiedTime: eventTime(document.LastModifiedTime ?? document.CreationTime),
        Tags: this.context.tags.of(document.ModelPackageArn),
      },
    });
  }
}

/** The most additional inference specifications that a package may have. */
const MAX_SPECIFICATIONS = 15;

/** @throws AwsError ValidationException when the content is not JSON */
function refuseCard(card: Wire<ModelPackageModelCard> | undefined): void {
  if (card?.ModelCardContent === undefined) return;
  try {
    JSON.parse(card.ModelCardContent);
  } catch (error) {
    throw invalid(`ModelCard.ModelCardContent is not JSON: ${messageOf(error)}`);
  }
}

/** @throws AwsError ValidationException when there are too many, or two have one name */
function refuseSpecifications(specifications: readonly Wire<AdditionalInferenceSpecificationDefinition>[]): void {
  if (specifications.length > MAX_SPECIFICATIONS) {
    throw invalid(
      `A model package can't have ${specifications.length} additional inference specifications: ${MAX_SPECIFICATIONS} is the most.`,
    );
  }
  const names = specifications.map(({ Name }) => Name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`There are two additional inference specifications of the name ${twice}.`);
}

function summary(document: ModelPackage) {
  const { ModelPackageName, ModelPackageGroupName, ModelPackageVersion, ModelPackageArn, ModelPackageDescription } =
    document;
  return {
    ModelPackageName,
    ModelPackageArn,
    CreationTime: document.CreationTime,
    ModelPackageStatus: document.ModelPackageStatus,
    ...(ModelPackageGroupName === undefined ? {} : { ModelPackageGroupName }),
    ...(ModelPackageVersion === undefined ? {} : { ModelPackageVersion }),
    ...(ModelPackageDescription === undefined ? {} : { ModelPackageDescription }),
    ...defined({
      ModelApprovalStatus: document.ModelApprovalStatus,
      ModelLifeCycle: document.ModelLifeCycle,
      ModelPackageRegistrationType: document.ModelPackageRegistrationType,
    }),
  };
}
