import type {
  CreatePipelineRequest,
  CreatePipelineResponse,
  DeletePipelineRequest,
  DeletePipelineResponse,
  DescribePipelineRequest,
  DescribePipelineResponse,
  ListPipelinesRequest,
  ListPipelinesResponse,
  PipelineDefinitionS3Location,
  UpdatePipelineRequest,
  UpdatePipelineResponse,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { nameOf } from "../arns";
import { conflict, invalid, notFound } from "../errors";
import { page } from "../paging";
import { omit } from "../objects";
import { readText } from "../s3-files";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { now } from "../time";
import { RequestTokens } from "../tokens";
import { parseDefinition } from "./definition";
import { isActive } from "./execution";
import type { ExecutionDocuments } from "./execution-documents";

export type Pipeline = Wire<DescribePipelineResponse> & {
  PipelineArn: string;
  PipelineName: string;
  PipelineDefinition: string;
  CreationTime: number;
  LastModifiedTime: number;
  RoleArn: string;
};

/** Pipelines: definitions by name. */
export class Pipelines {
  readonly collection: Collection<Pipeline>;
  private readonly tokens: RequestTokens;

  constructor(
    private readonly context: SageMakerContext,
    private readonly executions: ExecutionDocuments,
  ) {
    this.collection = context.store.collection<Pipeline>("pipeline");
    this.tokens = new RequestTokens(context.store);
  }

  readonly operations = {
    CreatePipeline: (input: Wire<CreatePipelineRequest>) => this.create(input),
    UpdatePipeline: (input: Wire<UpdatePipelineRequest>) => this.update(input),
    DescribePipeline: (input: Wire<DescribePipelineRequest>) => Promise.resolve(this.describe(input.PipelineName)),
    ListPipelines: (input: Wire<ListPipelinesRequest>) => Promise.resolve(this.list(input)),
    DeletePipeline: (input: Wire<DeletePipelineRequest>) => Promise.resolve(this.delete(input.PipelineName)),
  };

  /** @param nameOrArn of the pipeline */
  describe(nameOrArn: string): Pipeline {
    const pipeline = this.collection.get(nameOf(nameOrArn));
    if (!pipeline) throw notFound("Pipeline", this.arn(nameOf(nameOrArn)));
    return pipeline;
  }

  private async create(input: Wire<CreatePipelineRequest>): Promise<Wire<CreatePipelineResponse>> {
    const { Tags, ClientRequestToken, PipelineDefinitionS3Location, ...request } = input;
    const PipelineDefinition = await this.definition(request.PipelineDefinition, PipelineDefinitionS3Location);
    const PipelineArn = this.arn(request.PipelineName);
    return this.tokens.once("Create", PipelineArn, ClientRequestToken, () => {
      const created = now();
      const pipeline: Pipeline = {
        ...request,
        PipelineArn,
        PipelineDefinition,
        PipelineStatus: "Active",
        CreationTime: created,
        LastModifiedTime: created,
      };
      if (!this.collection.insert(request.PipelineName, pipeline)) {
        throw invalid(
          `Pipeline names must be unique within an AWS account and region. Pipeline with name (${request.PipelineName}) already exists.`,
        );
      }
      this.context.tags.create(PipelineArn, Tags);
      return { PipelineArn };
    });
  }

  private async update(input: Wire<UpdatePipelineRequest>): Promise<Wire<UpdatePipelineResponse>> {
    const { PipelineArn } = this.describe(input.PipelineName);
    const given = input.PipelineDefinition ?? input.PipelineDefinitionS3Location;
    const definition =
      given === undefined
        ? {}
        : { PipelineDefinition: await this.definition(input.PipelineDefinition, input.PipelineDefinitionS3Location) };
    this.collection.update(input.PipelineName, (pipeline) => ({
      ...pipeline,
      ...omit(input, "PipelineDefinition", "PipelineDefinitionS3Location"),
      ...definition,
      LastModifiedTime: now(),
    }));
    return { PipelineArn };
  }

  private list(input: Wire<ListPipelinesRequest>): Wire<ListPipelinesResponse> {
    const { PipelineNamePrefix = "" } = input;
    const wanted = this.collection.all().filter(({ PipelineName }) => PipelineName.startsWith(PipelineNamePrefix));
    const { items, ...next } = page("ListPipelines", wanted, input, (pipeline) => ({
      name: pipeline.PipelineName,
      created: pipeline.CreationTime,
      modified: pipeline.LastModifiedTime,
    }));
    const PipelineSummaries = items.map((pipeline) => omit(pipeline, "PipelineDefinition", "PipelineStatus"));
    return { PipelineSummaries, ...next };
  }

  /** Deletes the pipeline with its executions; one that runs has to be stopped first. */
  private delete(name: string): Wire<DeletePipelineResponse> {
    const { PipelineArn } = this.describe(name);
    const executions = this.executions.ofPipeline(PipelineArn);
    const running = executions.filter(isActive);
    if (running.length > 0) {
      const arns = running.map(({ arn }) => arn).join(", ");
      throw conflict(`The pipeline ${PipelineArn} can't be deleted while executions run: stop ${arns} first.`);
    }
    this.context.store.transaction(() => {
      this.collection.remove(nameOf(name));
      for (const { arn } of executions) this.executions.remove(arn);
      this.context.tags.remove(PipelineArn);
      this.tokens.forget(PipelineArn);
    });
    return { PipelineArn };
  }

  /** The text of a definition, checked. */
  private async definition(
    text: string | undefined,
    location: Wire<PipelineDefinitionS3Location> | undefined,
  ): Promise<string> {
    if ((text === undefined) === (location === undefined)) {
      throw invalid("Exactly one of PipelineDefinition and PipelineDefinitionS3Location is wanted.");
    }
    const definition =
      text ?? (await readText(this.context.clients.s3, `s3://${location?.Bucket}/${location?.ObjectKey}`));
    parseDefinition(definition);
    return definition;
  }

  private arn(name: string): string {
    return this.context.arns.sagemaker(`pipeline/${name}`);
  }
}
