import type {
  CreatePipelineInput,
  DeletePipelineInput,
  GetPipelineInput,
  ListTagsForResourceInput,
  PipelineDeclaration,
  TagResourceInput,
  UntagResourceInput,
  UpdatePipelineInput,
} from "@aws-sdk/client-codepipeline";
import { AwsError, type Wire } from "../server/json-service";
import type { Collection, Store } from "../server/store";

type Tag = { key: string; value: string };
export type Declaration = Wire<PipelineDeclaration>;
export interface PipelineDocument {
  pipeline: Declaration;
  tags: Tag[];
  created: number;
  updated: number;
}

/** Pipelines as they are declared. */
export class Pipelines {
  private readonly documents: Collection<PipelineDocument>;

  constructor(
    store: Store,
    private readonly arnOf: (name: string) => string,
  ) {
    this.documents = store.collection("pipeline");
  }

  create = ({ pipeline, tags = [] }: Wire<CreatePipelineInput>): Promise<object> => {
    refuseStructure(pipeline);
    const now = Date.now() / 1000;
    const document = { pipeline: { ...pipeline, version: 1 }, tags: tags as Tag[], created: now, updated: now };
    if (!this.documents.insert(pipeline.name, document)) {
      throw new AwsError("PipelineNameInUseException", `A pipeline with the name '${pipeline.name}' exists already.`);
    }
    return Promise.resolve({ pipeline: document.pipeline, tags });
  };

  get = ({ name }: Wire<GetPipelineInput>): Promise<object> => {
    const { pipeline, created, updated } = this.named(name);
    return Promise.resolve({ pipeline, metadata: { pipelineArn: this.arnOf(name), created, updated } });
  };

  update = ({ pipeline }: Wire<UpdatePipelineInput>): Promise<object> => {
    refuseStructure(pipeline);
    this.named(pipeline.name);
    const changed = this.documents.update(pipeline.name, (before) => ({
      ...before,
      pipeline: { ...pipeline, version: (before.pipeline.version ?? 0) + 1 },
      updated: Date.now() / 1000,
    }));
    return Promise.resolve({ pipeline: changed?.pipeline });
  };

  delete = ({ name }: Wire<DeletePipelineInput>): Promise<object> => {
    this.documents.remove(name);
    return Promise.resolve({});
  };

  listTags = ({ resourceArn }: Wire<ListTagsForResourceInput>): Promise<object> =>
    Promise.resolve({ tags: this.named(nameOf(resourceArn)).tags });

  tag = ({ resourceArn, tags }: Wire<TagResourceInput>): Promise<object> =>
    this.retag(resourceArn, (now) => {
      const added = tags as Tag[];
      return [...now.filter(({ key }) => !added.some((each) => each.key === key)), ...added];
    });

  untag = ({ resourceArn, tagKeys }: Wire<UntagResourceInput>): Promise<object> =>
    this.retag(resourceArn, (now) => now.filter(({ key }) => !tagKeys.includes(key)));

  /** @throws AwsError PipelineNotFoundException */
  named(name: string): PipelineDocument {
    const found = this.documents.get(name);
    if (found === undefined) {
      throw new AwsError("PipelineNotFoundException", `The account does not have a pipeline with the name '${name}'.`);
    }
    return found;
  }

  private retag(arn: string, change: (tags: Tag[]) => Tag[]): Promise<object> {
    this.named(nameOf(arn));
    this.documents.update(nameOf(arn), (before) => ({ ...before, tags: change(before.tags) }));
    return Promise.resolve({});
  }
}

function nameOf(arn: string): string {
  return arn.split(":").at(-1) ?? arn;
}

/** @throws AwsError InvalidStructureException for what the model admits and CodePipeline refuses */
function refuseStructure({ stages }: Declaration): void {
  const problems: string[] = [];
  if (stages.length < 2) problems.push("a pipeline has two stages at least");
  const made = new Set<string>();
  for (const [index, { name: stage, actions }] of stages.entries()) {
    for (const { name, actionTypeId, inputArtifacts = [], outputArtifacts = [] } of actions) {
      const where = `${stage}/${name}`;
      if ((actionTypeId.category === "Source") !== (index === 0)) {
        problems.push(`${where}: source actions are in the first stage, and no others are`);
      }
      for (const input of inputArtifacts) {
        if (!made.has(input.name)) problems.push(`${where}: no earlier action puts out the artifact ${input.name}`);
      }
      for (const output of outputArtifacts) {
        if (made.has(output.name)) problems.push(`${where}: the artifact ${output.name} is put out twice`);
        made.add(output.name);
      }
    }
  }
  if (problems.length > 0) throw new AwsError("InvalidStructureException", `${problems.join("; ")}.`);
}
