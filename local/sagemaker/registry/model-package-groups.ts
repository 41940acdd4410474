import type {
  CreateModelPackageGroupInput,
  CreateModelPackageGroupOutput,
  DeleteModelPackageGroupInput,
  DeleteModelPackageGroupPolicyInput,
  DescribeModelPackageGroupInput,
  DescribeModelPackageGroupOutput,
  GetModelPackageGroupPolicyInput,
  ListModelPackageGroupsInput,
  ListModelPackageGroupsOutput,
  PutModelPackageGroupPolicyInput,
  PutModelPackageGroupPolicyOutput,
  Tag,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { nameOf } from "../arns";
import { conflict, invalid } from "../errors";
import { messageOf } from "../../server/errors";
import { omit } from "../objects";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { now } from "../time";

type Described = Wire<DescribeModelPackageGroupOutput>;

/** A group, and the last version that it gave: versions are never given twice. */
interface Group extends Described {
  lastVersion: number;
  /** JSON; the resource policy of the group. */
  policy?: string;
}

/** Model package groups. */
export class ModelPackageGroups {
  private readonly groups: Collection<Group>;
  /** How many packages a group holds; set by those who keep them. */
  packagesIn: (group: string) => number = () => 0;

  constructor(private readonly context: SageMakerContext) {
    this.groups = context.store.collection<Group>("model-package-group");
  }

  readonly operations = {
    CreateModelPackageGroup: (input: Wire<CreateModelPackageGroupInput>) => Promise.resolve(this.create(input)),
    DescribeModelPackageGroup: (input: Wire<DescribeModelPackageGroupInput>) => {
      return Promise.resolve(omit(this.describe(input.ModelPackageGroupName), "lastVersion", "policy"));
    },
    ListModelPackageGroups: (input: Wire<ListModelPackageGroupsInput>) => Promise.resolve(this.list(input)),
    PutModelPackageGroupPolicy: (input: Wire<PutModelPackageGroupPolicyInput>) =>
      Promise.resolve(this.putPolicy(input.ModelPackageGroupName, input.ResourcePolicy)),
    GetModelPackageGroupPolicy: (input: Wire<GetModelPackageGroupPolicyInput>) =>
      Promise.resolve({ ResourcePolicy: this.policy(input.ModelPackageGroupName) }),
    DeleteModelPackageGroupPolicy: (input: Wire<DeleteModelPackageGroupPolicyInput>) => {
      this.policy(input.ModelPackageGroupName);
      this.groups.update(input.ModelPackageGroupName, (group) => omit(group, "policy"));
      return Promise.resolve({});
    },
    DeleteModelPackageGroup: (input: Wire<DeleteModelPackageGroupInput>) =>
      Promise.resolve(this.delete(input.ModelPackageGroupName)),
  };

  describe(nameOrArn: string): Group {
    const group = this.groups.get(nameOf(nameOrArn));
    if (!group) {
      const arn = this.context.arns.sagemaker(`model-package-group/${nameOf(nameOrArn)}`);
      throw invalid(`ModelPackageGroup ${arn} does not exist.`);
    }
    return group;
  }

  /** Gives the group's next version, beginning with 1. */
  takeVersion(name: string): number {
    this.describe(name);
    const group = this.groups.update(name, (document) => ({ ...document, lastVersion: document.lastVersion + 1 }));
    return group?.lastVersion ?? 1;
  }

  /** Makes the group, with the tags, unless it is there. */
  ensure(name: string, Tags: Wire<Tag>[] = []): void {
    if (!this.groups.get(name)) this.create({ ModelPackageGroupName: name, Tags });
  }

  /** Every group, for Search. */
  all(): Described[] {
    return this.groups.all().map((group) => omit(group, "lastVersion", "policy"));
  }

  /** The policy, if any, that says which other accounts may use a group or its packages. */
  policyOf(arn: string): string | undefined {
    const name = /:model-package(?:-group)?\/([^/]+)/.exec(arn)?.[1];
    // ARNs have names in lower case.
    return this.groups.all().find((group) => group.ModelPackageGroupName.toLowerCase() === name?.toLowerCase())?.policy;
  }

  private policy(name: string): string {
    const { policy, ModelPackageGroupArn } = this.describe(name);
    if (policy === undefined) throw invalid(`Cannot find resource policy for: ${ModelPackageGroupArn}`);
    return policy;
  }

  private putPolicy(name: string, policy: string): Wire<PutModelPackageGroupPolicyOutput> {
    const { ModelPackageGroupArn } = this.describe(name);
    try {
      JSON.parse(policy);
    } catch (error) {
      throw invalid(`ResourcePolicy is not JSON: ${messageOf(error)}`);
    }
    this.groups.update(name, (group) => ({ ...group, policy }));
    return { ModelPackageGroupArn };
  }

  private create(input: Wire<CreateModelPackageGroupInput>): Wire<CreateModelPackageGroupOutput> {
    const { Tags, ModelPackageGroupName, ModelPackageGroupDescription } = input;
    const ModelPackageGroupArn = this.context.arns.sagemaker(`model-package-group/${ModelPackageGroupName}`);
    return this.context.store.transaction(() => {
      const made = this.groups.insert(ModelPackageGroupName, {
        ModelPackageGroupName,
        ModelPackageGroupArn,
        ...(ModelPackageGroupDescription === undefined ? {} : { ModelPackageGroupDescription }),
        CreationTime: now(),
        CreatedBy: {},
        ModelPackageGroupStatus: "Completed",
        lastVersion: 0,
      });
      if (!made) throw invalid(`Model Package Group already exists: ${ModelPackageGroupArn}`);
      this.context.tags.create(ModelPackageGroupArn, Tags);
      return { ModelPackageGroupArn };
    });
  }

  private list(input: Wire<ListModelPackageGroupsInput>): Wire<ListModelPackageGroupsOutput> {
    // No other account shares its groups with this one.
    const groups = input.CrossAccountFilterOption === "CrossAccount" ? [] : this.groups.all();
    const { items, ...next } = page("ListModelPackageGroups", groups, input, (group) => ({
      name: group.ModelPackageGroupName,
      created: group.CreationTime,
    }));
    const summaries = items.map((group) => omit(group, "lastVersion", "policy", "CreatedBy"));
    return { ModelPackageGroupSummaryList: summaries, ...next };
  }

  private delete(nameOrArn: string): object {
    const { ModelPackageGroupName, ModelPackageGroupArn } = this.describe(nameOrArn);
    const packages = this.packagesIn(ModelPackageGroupName);
    if (packages > 0) {
      throw conflict(
        `Model package group ${ModelPackageGroupArn} holds ${packages} model packages: delete them first.`,
      );
    }
    this.context.store.transaction(() => {
      this.groups.remove(ModelPackageGroupName);
      this.context.tags.remove(ModelPackageGroupArn);
    });
    return {};
  }
}
