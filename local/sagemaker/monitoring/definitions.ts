import type { EndpointInput, MonitoringType, Tag } from "@aws-sdk/client-sagemaker";
import type { Operation, Wire } from "../../server/json-service";
import type { Collection } from "../../server/store";
import type { Endpoints } from "../endpoints/endpoints";
import { inUse, invalid, notFound } from "../errors";
import { page, type ListRequest } from "../paging";
import type { SageMakerContext } from "../state";
import { now } from "../time";

/** The kinds of definition, and how ARNs name them. */
const RESOURCES = {
  DataQuality: "data-quality-job-definition",
  ModelQuality: "model-quality-job-definition",
  ModelBias: "model-bias-job-definition",
  ModelExplainability: "model-explainability-job-definition",
} as const satisfies Record<MonitoringType, string>;

export const monitoringTypes = Object.keys(RESOURCES) as MonitoringType[];

/** What looks at captured data, by AWS's models the same in all kinds but for the members' names. */
interface JobInput {
  EndpointInput?: Wire<EndpointInput>;
  BatchTransformInput?: object;
}

/** A definition as it is described; members that only some kinds have are kept as they were given. */
export interface JobDefinition {
  JobDefinitionName: string;
  JobDefinitionArn: string;
  CreationTime: number;
  readonly [member: string]: unknown;
}

type CreateInput = Record<string, unknown> & { JobDefinitionName: string; Tags?: Wire<Tag>[] };
type ListInput = ListRequest & { EndpointName?: string };

/** Definitions of monitors' jobs, of all four kinds. They never change, and nothing here runs them. */
export class JobDefinitions {
  private readonly collections: Readonly<Record<MonitoringType, Collection<JobDefinition>>>;

  constructor(
    private readonly context: SageMakerContext,
    private readonly endpoints: Endpoints,
  ) {
    const of = (type: MonitoringType) => context.store.collection<JobDefinition>(RESOURCES[type]);
    this.collections = {
      DataQuality: of("DataQuality"),
      ModelQuality: of("ModelQuality"),
      ModelBias: of("ModelBias"),
      ModelExplainability: of("ModelExplainability"),
    };
  }

  readonly operations: Readonly<Record<string, Operation>> = Object.fromEntries(
    monitoringTypes.flatMap((type): [string, Operation][] => [
      [`Create${type}JobDefinition`, (input: CreateInput) => Promise.resolve(this.create(type, input))],
      [
        `Describe${type}JobDefinition`,
        (input: { JobDefinitionName: string }) => Promise.resolve(this.describe(type, input.JobDefinitionName)),
      ],
      [`List${type}JobDefinitions`, (input: ListInput) => Promise.resolve(this.list(type, input))],
      [
        `Delete${type}JobDefinition`,
        (input: { JobDefinitionName: string }) => Promise.resolve(this.delete(type, input.JobDefinitionName)),
      ],
    ]),
  );

  /** @throws AwsError when there is none of that kind and name. */
  describe(type: MonitoringType, name: string): JobDefinition {
    const definition = this.collections[type].get(name);
    if (!definition) throw notFound("Job definition", this.arn(type, name));
    return definition;
  }

  /** The endpoint that a definition looks at; undefined where it looks at batch transforms. */
  endpointOf(type: MonitoringType, definition: JobDefinition): string | undefined {
    return inputOf(type, definition).EndpointInput?.EndpointName;
  }

  private create(type: MonitoringType, input: CreateInput): { JobDefinitionArn: string } {
    const { Tags, ...request } = input;
    const jobInput = inputOf(type, request);
    if ((jobInput.EndpointInput === undefined) === (jobInput.BatchTransformInput === undefined)) {
      throw invalid(`Exactly one of EndpointInput and BatchTransformInput is wanted in ${type}JobInput.`);
    }
    // It must exist, and says so itself where it does not.
    if (jobInput.EndpointInput !== undefined) this.endpoints.describe(jobInput.EndpointInput.EndpointName);
    const JobDefinitionArn = this.arn(type, request.JobDefinitionName);
    const definition: JobDefinition = {
      ...request,
      [`${type}JobInput`]: withDefaults(jobInput),
      JobDefinitionName: request.JobDefinitionName,
      JobDefinitionArn,
      CreationTime: now(),
    };
    if (!this.collections[type].insert(request.JobDefinitionName, definition)) {
      throw inUse(`Job definition ${JobDefinitionArn} already exists.`);
    }
    this.context.tags.create(JobDefinitionArn, Tags);
    return { JobDefinitionArn };
  }

  private list(type: MonitoringType, input: ListInput): object {
    const wanted = this.collections[type]
      .all()
      .filter((each) => input.EndpointName === undefined || this.endpointOf(type, each) === input.EndpointName);
    const { items, ...next } = page(`List${type}JobDefinitions`, wanted, input, (each) => ({
      name: each.JobDefinitionName,
      created: each.CreationTime,
    }));
    const JobDefinitionSummaries = items.map((each) => ({
      MonitoringJobDefinitionName: each.JobDefinitionName,
      MonitoringJobDefinitionArn: each.JobDefinitionArn,
      CreationTime: each.CreationTime,
      EndpointName: this.endpointOf(type, each) ?? "",
    }));
    return { JobDefinitionSummaries, ...next };
  }

  private delete(type: MonitoringType, name: string): object {
    const { JobDefinitionArn } = this.describe(type, name);
    this.collections[type].remove(name);
    this.context.tags.remove(JobDefinitionArn);
    return {};
  }

  private arn(type: MonitoringType, name: string): string {
    return this.context.arns.sagemaker(`${RESOURCES[type]}/${name.toLowerCase()}`);
  }
}

const inputOf = (type: MonitoringType, definition: Readonly<Record<string, unknown>>): JobInput =>
  definition[`${type}JobInput`] as JobInput;

/** What AWS's model says of members that are left out. */
function withDefaults(input: JobInput): JobInput {
  if (input.EndpointInput === undefined) return input;
  const EndpointInput = {
    S3InputMode: "File" as const,
    S3DataDistributionType: "FullyReplicated" as const,
    ...input.EndpointInput,
  };
  return { ...input, EndpointInput };
}
