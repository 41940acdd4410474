import type {
  DeregisterTaskDefinitionRequest,
  DeregisterTaskDefinitionResponse,
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse,
  ListTaskDefinitionsRequest,
  ListTaskDefinitionsResponse,
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse,
  TaskDefinition,
} from "@aws-sdk/client-ecs";
import { AwsError, type Wire, type WireOutput } from "../server/json-service";
import { ascending, descending } from "../server/paging";
import type { Collection } from "../server/store";
import type { EcsContext } from "./context";
import { ecsPage } from "./paging";

type Named = Required<Pick<Wire<TaskDefinition>, "family" | "revision" | "taskDefinitionArn" | "containerDefinitions">>;
export type TaskDefinitionDocument = Wire<TaskDefinition> & Named & { tags?: { key: string; value: string }[] };

/** Task definitions: families of revisions. A revision never changes; it is active or not. */
export class TaskDefinitions {
  private readonly documents: Collection<TaskDefinitionDocument>;

  constructor(private readonly context: EcsContext) {
    this.documents = context.store.collection("task-definition");
  }

  register = (input: Wire<RegisterTaskDefinitionRequest>): Promise<WireOutput<RegisterTaskDefinitionResponse>> => {
    const problems = problemsOf(input);
    if (problems.length > 0) throw new AwsError("ClientException", problems.join(" "));
    const { tags, ...definition } = input;
    const revision = Math.max(0, ...this.revisions(input.family).map((each) => each.revision)) + 1;
    const document = {
      ...definition,
      revision,
      status: "ACTIVE",
      taskDefinitionArn: this.context.arn(`task-definition/${input.family}:${revision}`),
      compatibilities: ["EC2", "FARGATE"],
      registeredAt: Date.now() / 1000,
      ...(tags ? { tags } : {}),
    } as unknown as TaskDefinitionDocument;
    this.documents.insert(`${input.family}:${revision}`, document);
    return Promise.resolve({
      taskDefinition: document,
      ...(tags ? { tags } : {}),
    } as WireOutput<RegisterTaskDefinitionResponse>);
  };

  describe = (input: Wire<DescribeTaskDefinitionRequest>): Promise<WireOutput<DescribeTaskDefinitionResponse>> => {
    const { tags = [], ...taskDefinition } = this.named(input.taskDefinition);
    return Promise.resolve({ taskDefinition, tags } as unknown as WireOutput<DescribeTaskDefinitionResponse>);
  };

  deregister = (
    input: Wire<DeregisterTaskDefinitionRequest>,
  ): Promise<WireOutput<DeregisterTaskDefinitionResponse>> => {
    const { family, revision } = this.named(input.taskDefinition);
    const taskDefinition = this.documents.update(`${family}:${revision}`, (now) => ({
      ...now,
      status: "INACTIVE" as const,
    }));
    return Promise.resolve({ taskDefinition } as unknown as WireOutput<DeregisterTaskDefinitionResponse>);
  };

  list = (input: Wire<ListTaskDefinitionsRequest>): Promise<WireOutput<ListTaskDefinitionsResponse>> => {
    const { familyPrefix, status = "ACTIVE", sort = "ASC" } = input as Partial<ListTaskDefinitionsRequest>;
    const order = sort === "DESC" ? descending : ascending;
    const positionOf = ({ family, revision }: TaskDefinitionDocument) => [family, revision];
    const found = this.documents
      .all()
      .filter((each) => each.status === status && (familyPrefix === undefined || each.family === familyPrefix))
      .sort((one, other) => order(positionOf(one), positionOf(other)));
    const { page, ...next } = ecsPage(found, positionOf, input, order);
    const taskDefinitionArns = page.map(({ taskDefinitionArn }) => taskDefinitionArn);
    return Promise.resolve({ taskDefinitionArns, ...next } as WireOutput<ListTaskDefinitionsResponse>);
  };

  /**
   * By ARN, `family:revision`, or `family`, which means its newest active revision.
   *
   * @throws AwsError ClientException
   */
  named(id: string): TaskDefinitionDocument {
    const name = id.split("/").pop() ?? id;
    const found = name.includes(":")
      ? this.documents.get(name)
      : this.revisions(name)
          .filter((each) => each.status === "ACTIVE")
          .pop();
    if (!found) throw new AwsError("ClientException", `Unable to describe task definition ${id}: there is none.`);
    return found;
  }

  retag(name: string, change: (tags: { key: string; value: string }[]) => { key: string; value: string }[]): boolean {
    return this.documents.update(name, (now) => ({ ...now, tags: change(now.tags ?? []) })) !== undefined;
  }

  private revisions(family: string): TaskDefinitionDocument[] {
    return this.documents
      .all()
      .filter((each) => each.family === family)
      .sort((a, b) => a.revision - b.revision);
  }
}

/** What Fargate asks for beyond the model. */
function problemsOf(input: Wire<RegisterTaskDefinitionRequest>): string[] {
  const problems: string[] = [];
  if (!/^[\w-]{1,255}$/.test(input.family)) {
    problems.push(`family ${JSON.stringify(input.family)} must be 1 to 255 letters, digits, dashes and underscores.`);
  }
  if (input.containerDefinitions.length === 0) problems.push("At least one container definition is needed.");
  for (const [i, container] of input.containerDefinitions.entries()) {
    if (!container.name) problems.push(`containerDefinitions[${i}].name is missing.`);
    if (!container.image) problems.push(`containerDefinitions[${i}].image is missing.`);
  }
  if ((input.requiresCompatibilities ?? []).includes("FARGATE")) {
    if (input.networkMode !== "awsvpc") problems.push("Fargate only supports network mode 'awsvpc'.");
    if (!input.cpu || !input.memory) problems.push("Fargate requires cpu and memory at the task level.");
  }
  return problems;
}
