import type {
  ContainerDefinition,
  CreateModelInput,
  CreateModelOutput,
  DeleteModelInput,
  DescribeModelInput,
  DescribeModelOutput,
  ListModelsInput,
  ListModelsOutput,
} from "@aws-sdk/client-sagemaker";
import type { AwsError, Wire } from "../../server/json-service";
import { couldNotFind, invalid } from "../errors";
import { defined } from "../objects";
import { page } from "../paging";
import type { ModelPackages } from "../registry/model-packages";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { now } from "../time";
import { frameworkOf, knownImages } from "./images";

export type Model = Wire<DescribeModelOutput>;

/** What a model server needs to know of a model's container. */
export interface ServedContainer {
  image: string;
  /** Of the image, as its repository is named. */
  framework: string;
  /** `s3://…/model.tar.gz`, or a prefix when {@link compressed} is false; a model may have none. */
  modelDataUri?: string;
  compressed: boolean;
  environment: Record<string, string>;
  /** In whose name its image and data are fetched, and its server runs. */
  roleArn?: string;
}

/** Models: what to serve, by name. */
export class Models {
  private readonly models: Collection<Model>;

  constructor(
    private readonly context: SageMakerContext,
    private readonly packages: ModelPackages,
  ) {
    this.models = context.store.collection<Model>("model");
  }

  readonly operations = {
    CreateModel: (input: Wire<CreateModelInput>) => Promise.resolve(this.create(input)),
    DescribeModel: (input: Wire<DescribeModelInput>) => Promise.resolve(this.describe(input.ModelName)),
    ListModels: (input: Wire<ListModelsInput>) => Promise.resolve(this.list(input)),
    DeleteModel: (input: Wire<DeleteModelInput>) => Promise.resolve(this.delete(input.ModelName)),
  };

  create(input: Wire<CreateModelInput>): Wire<CreateModelOutput> {
    const { Tags, ...request } = input;
    const ModelArn = this.context.arns.sagemaker(`model/${request.ModelName}`);
    if ((request.PrimaryContainer === undefined) === (request.Containers === undefined)) {
      throw invalid("Exactly one of PrimaryContainer and Containers is wanted.");
    }
    if ((request.Containers ?? []).length > 1) {
      throw invalid("Inference pipelines of several containers are not known to the local SageMaker.");
    }
    this.check(containerOf(request));
    const model: Model = { EnableNetworkIsolation: false, ...withModes(request), ModelArn, CreationTime: now() };
    if (!this.models.insert(request.ModelName, model)) {
      throw invalid(`Cannot create already existing model "${ModelArn}".`);
    }
    this.context.tags.create(ModelArn, Tags);
    return { ModelArn };
  }

  describe(name: string): Model {
    const model = this.models.get(name);
    if (!model) throw couldNotFind("model", this.context.arns.sagemaker(`model/${name}`));
    return model;
  }

  /** A model's container with what its package says of it. */
  served(name: string): ServedContainer {
    const model = this.describe(name);
    const container = containerOf(model);
    const packaged = container.ModelPackageName
      ? this.packages.describe(container.ModelPackageName).InferenceSpecification?.Containers[0]
      : undefined;
    const source = container.ModelDataSource?.S3DataSource ?? packaged?.ModelDataSource?.S3DataSource;
    const modelDataUri = container.ModelDataUrl ?? source?.S3Uri ?? packaged?.ModelDataUrl;
    const image = container.Image ?? packaged?.Image ?? "";
    const framework = frameworkOf(image);
    if (framework === undefined) throw unknownImage(image);
    return {
      image,
      framework,
      ...defined({ modelDataUri, roleArn: model.ExecutionRoleArn }),
      compressed: source?.CompressionType !== "None",
      environment: { ...packaged?.Environment, ...container.Environment },
    };
  }

  private check(container: Wire<ContainerDefinition>): void {
    if (container.Mode === "MultiModel") throw invalid("Multi-model containers are not known to the local SageMaker.");
    if (!container.ModelPackageName) {
      if (!container.Image) throw invalid("The container needs an Image or a ModelPackageName.");
      if (frameworkOf(container.Image) === undefined) throw unknownImage(container.Image);
      return;
    }
    const described = this.packages.describe(container.ModelPackageName);
    if (described.ModelApprovalStatus !== undefined && described.ModelApprovalStatus !== "Approved") {
      throw invalid(
        `Model package ${described.ModelPackageArn} can't be used: its approval status is ` +
          `${described.ModelApprovalStatus}, and Approved is wanted.`,
      );
    }
    if (!described.InferenceSpecification) {
      throw invalid(`Model package ${described.ModelPackageArn} has no InferenceSpecification to make a model from.`);
    }
  }

  private list(input: Wire<ListModelsInput>): Wire<ListModelsOutput> {
    const { items, ...next } = page("ListModels", this.models.all(), input, (model) => ({
      name: model.ModelName,
      created: model.CreationTime,
    }));
    const Models = items.map(({ ModelName, ModelArn, CreationTime }) => ({ ModelName, ModelArn, CreationTime }));
    return { Models, ...next };
  }

  private delete(name: string): object {
    const { ModelArn } = this.describe(name);
    this.models.remove(name);
    this.context.tags.remove(ModelArn);
    return {};
  }
}

function unknownImage(image: string): AwsError {
  return invalid(`Image "${image}" does not run on the local SageMaker: ${knownImages()} do, of any region.`);
}

interface Containers {
  PrimaryContainer?: Wire<ContainerDefinition>;
  Containers?: Wire<ContainerDefinition>[];
}

/** Containers as they are described: each says its mode. */
function withModes<T extends Containers>(model: T): T {
  const { PrimaryContainer, Containers } = model;
  const mode = (container: Wire<ContainerDefinition>) => ({ Mode: "SingleModel" as const, ...container });
  return {
    ...model,
    ...(PrimaryContainer ? { PrimaryContainer: mode(PrimaryContainer) } : {}),
    ...(Containers ? { Containers: Containers.map(mode) } : {}),
  };
}

function containerOf(model: Containers): Wire<ContainerDefinition> {
  return model.PrimaryContainer ?? model.Containers?.[0] ?? {};
}
