import { randomUUID } from "node:crypto";
import type {
  DeregisterScalableTargetRequest,
  DescribeScalableTargetsRequest,
  DescribeScalableTargetsResponse,
  ListTagsForResourceRequest,
  RegisterScalableTargetRequest,
  RegisterScalableTargetResponse,
  ScalableTarget,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-application-auto-scaling";
import { AwsError, type Wire, type WireOutput } from "../server/json-service";
import type { Collection } from "../server/store";
import { invalid, notFound, variantOf, type AutoScalingContext, type Scalable } from "./context";
import { autoScalingPage } from "./paging";

type Target = Wire<ScalableTarget> & Scalable;
interface StoredTarget {
  described: Target;
  tags: Record<string, string>;
}

const MAX_PAGE = 50;

/** What is to be scaled, and within which limits. */
export class ScalableTargets {
  private readonly targets: Collection<StoredTarget>;

  /**
   * @param check rejects where there is no such resource
   * @param removed what hangs on a target goes with it
   */
  constructor(
    private readonly context: AutoScalingContext,
    private readonly check: (scalable: Scalable) => Promise<void>,
    private readonly removed: (scalable: Scalable) => Promise<void>,
  ) {
    this.targets = context.store.collection<StoredTarget>("scalable-target");
  }

  readonly operations = {
    RegisterScalableTarget: (input: Wire<RegisterScalableTargetRequest>) => this.register(input),
    DescribeScalableTargets: (input: Wire<DescribeScalableTargetsRequest>) => Promise.resolve(this.describe(input)),
    DeregisterScalableTarget: (input: Wire<DeregisterScalableTargetRequest>) => this.deregister(input),
    TagResource: ({ ResourceARN, Tags }: Wire<TagResourceRequest>) =>
      this.retag(ResourceARN, (tags) => ({ ...tags, ...Tags })),
    UntagResource: ({ ResourceARN, TagKeys }: Wire<UntagResourceRequest>) =>
      this.retag(ResourceARN, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
      ),
    ListTagsForResource: ({ ResourceARN }: Wire<ListTagsForResourceRequest>) =>
      Promise.resolve({ Tags: this.withArn(ResourceARN).tags }),
  };

  all(): Target[] {
    return this.targets.all().map(({ described }) => described);
  }

  /** @throws AwsError when it is not registered */
  find(scalable: Scalable): Target {
    const target = this.targets.get(keyOf(scalable));
    if (!target) throw notFound("scalable target registered", scalable);
    return target.described;
  }

  private async register(
    input: Wire<RegisterScalableTargetRequest>,
  ): Promise<WireOutput<RegisterScalableTargetResponse>> {
    const { Tags, ...wanted } = input;
    variantOf(wanted);
    await this.check(wanted);
    const before = this.targets.get(keyOf(wanted))?.described;
    if (before && Tags) {
      throw invalid(
        "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.",
      );
    }
    const MinCapacity = wanted.MinCapacity ?? before?.MinCapacity;
    const MaxCapacity = wanted.MaxCapacity ?? before?.MaxCapacity;
    if (MinCapacity === undefined || MaxCapacity === undefined) {
      throw invalid("MinCapacity and MaxCapacity are required when a scalable target is registered.");
    }
    if (MinCapacity < 1 || MaxCapacity < MinCapacity) {
      throw invalid(
        `MinCapacity ${MinCapacity} and MaxCapacity ${MaxCapacity} do not fit: of a variant's instances at least 1 serves, and the maximum is no less than the minimum.`,
      );
    }
    const { region, accountId, now } = this.context;
    const { DynamicScalingInSuspended, DynamicScalingOutSuspended, ScheduledScalingSuspended } = {
      ...before?.SuspendedState,
      ...wanted.SuspendedState,
    };
    const described: Target = {
      ServiceNamespace: wanted.ServiceNamespace,
      ResourceId: wanted.ResourceId,
      ScalableDimension: wanted.ScalableDimension,
      MinCapacity,
      MaxCapacity,
      // Of SageMaker the service-linked role is used, whatever the request says.
      RoleARN: `arn:aws:iam::${accountId}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint`,
      CreationTime: before?.CreationTime ?? now(),
      SuspendedState: {
        DynamicScalingInSuspended: DynamicScalingInSuspended ?? false,
        DynamicScalingOutSuspended: DynamicScalingOutSuspended ?? false,
        ScheduledScalingSuspended: ScheduledScalingSuspended ?? false,
      },
      ScalableTargetARN:
        before?.ScalableTargetARN ??
        `arn:aws:application-autoscaling:${region}:${accountId}:scalable-target/${randomUUID().replaceAll("-", "")}`,
    };
    if (before) this.targets.update(keyOf(wanted), (target) => ({ ...target, described }));
    else this.targets.insert(keyOf(wanted), { described, tags: Tags ?? {} });
    return { ScalableTargetARN: described.ScalableTargetARN };
  }

  private describe(input: Wire<DescribeScalableTargetsRequest>): WireOutput<DescribeScalableTargetsResponse> {
    const { ServiceNamespace, ResourceIds, ScalableDimension } = input;
    const found = this.all().filter(
      (target) =>
        target.ServiceNamespace === ServiceNamespace &&
        (!ResourceIds?.length || ResourceIds.includes(target.ResourceId)) &&
        (ScalableDimension === undefined || target.ScalableDimension === ScalableDimension),
    );
    const { page, ...next } = autoScalingPage(found, ({ ResourceId }) => ResourceId, input, MAX_PAGE);
    return { ScalableTargets: page, ...next };
  }

  private async deregister(input: Wire<DeregisterScalableTargetRequest>): Promise<object> {
    const target = this.find(input);
    await this.removed(target);
    this.targets.remove(keyOf(target));
    return {};
  }

  private retag(arn: string, change: (tags: Record<string, string>) => Record<string, string>): Promise<object> {
    const target = this.withArn(arn);
    this.targets.update(keyOf(target.described), (stored) => ({ ...stored, tags: change(stored.tags) }));
    return Promise.resolve({});
  }

  private withArn(arn: string): StoredTarget {
    const target = this.targets.all().find(({ described }) => described.ScalableTargetARN === arn);
    if (!target) throw new AwsError("ResourceNotFoundException", `There is no scalable target ${arn}.`);
    return target;
  }
}

export function keyOf({ ServiceNamespace, ResourceId, ScalableDimension }: Scalable): string {
  return [ServiceNamespace, ResourceId, ScalableDimension].join(" ");
}
