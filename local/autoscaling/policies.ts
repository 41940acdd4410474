import { randomUUID } from "node:crypto";
import type {
  DeleteScalingPolicyRequest,
  DescribeScalingPoliciesRequest,
  DescribeScalingPoliciesResponse,
  PutScalingPolicyRequest,
  PutScalingPolicyResponse,
  ScalingPolicy,
} from "@aws-sdk/client-application-auto-scaling";
import {
  DeleteAlarmsCommand,
  PutMetricAlarmCommand,
  ResourceNotFound,
  type CloudWatchClient,
} from "@aws-sdk/client-cloudwatch";
import type { Wire, WireOutput } from "../server/json-service";
import type { Collection } from "../server/store";
import { invalid, notFound, type AutoScalingContext, type Scalable } from "./context";
import { autoScalingPage } from "./paging";
import { alarmsOf, type TargetTracking } from "./target-tracking";

export type Policy = Wire<ScalingPolicy> & Scalable & { TargetTrackingScalingPolicyConfiguration: TargetTracking };

const MAX_PAGE = 10;

/** Target tracking policies, and the two alarms of each. */
export class ScalingPolicies {
  private readonly policies: Collection<Policy>;

  /** @param target throws where it is not registered */
  constructor(
    private readonly context: AutoScalingContext,
    private readonly cloudwatch: CloudWatchClient,
    private readonly target: (scalable: Scalable) => unknown,
  ) {
    this.policies = context.store.collection<Policy>("scaling-policy");
  }

  readonly operations = {
    PutScalingPolicy: (input: Wire<PutScalingPolicyRequest>) => this.put(input),
    DescribeScalingPolicies: (input: Wire<DescribeScalingPoliciesRequest>) => Promise.resolve(this.describe(input)),
    DeleteScalingPolicy: async (input: Wire<DeleteScalingPolicyRequest>) => {
      const policy = this.policies.get(keyOf(input));
      if (!policy) throw notFound(`scaling policy found: ${input.PolicyName}`, input);
      await this.remove(policy);
      return {};
    },
  };

  of({ ServiceNamespace, ResourceId, ScalableDimension }: Scalable): Policy[] {
    return this.policies
      .all()
      .filter(
        (policy) =>
          policy.ServiceNamespace === ServiceNamespace &&
          policy.ResourceId === ResourceId &&
          policy.ScalableDimension === ScalableDimension,
      );
  }

  async remove(policy: Policy): Promise<void> {
    const names = (policy.Alarms ?? []).map(({ AlarmName }) => AlarmName);
    for (const name of names) {
      try {
        await this.cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [name] }));
      } catch (error) {
        // Somebody else has deleted it.
        if (!(error instanceof ResourceNotFound) && (error as Error).name !== "ResourceNotFound") throw error;
      }
    }
    this.policies.remove(keyOf(policy));
  }

  private async put(input: Wire<PutScalingPolicyRequest>): Promise<WireOutput<PutScalingPolicyResponse>> {
    this.target(input);
    const { PolicyName, ServiceNamespace, ResourceId, ScalableDimension } = input;
    const before = this.policies.get(keyOf(input));
    const PolicyType = input.PolicyType ?? before?.PolicyType;
    const config = input.TargetTrackingScalingPolicyConfiguration;
    if (PolicyType !== "TargetTrackingScaling" || !config) {
      throw invalid(
        `Policy ${PolicyName} must be of PolicyType TargetTrackingScaling, with its configuration: others are not done here.`,
      );
    }
    if (config.TargetValue <= 0) throw invalid(`TargetValue ${config.TargetValue} is not above 0.`);
    const { region, accountId, now } = this.context;
    const id = before?.PolicyARN.split(":")[6] ?? randomUUID();
    const PolicyARN = `arn:aws:autoscaling:${region}:${accountId}:scalingPolicy:${id}:resource/${ServiceNamespace}/${ResourceId}:policyName/${PolicyName}`;
    const names = before?.Alarms?.map(({ AlarmName }) => AlarmName) ?? [
      `TargetTracking-${ResourceId}-AlarmHigh-${randomUUID()}`,
      `TargetTracking-${ResourceId}-AlarmLow-${randomUUID()}`,
    ];
    const [high = "", low = ""] = names;
    for (const alarm of alarmsOf(config, input, { high, low }, PolicyARN)) {
      await this.cloudwatch.send(new PutMetricAlarmCommand(alarm));
    }
    const Alarms = names.map((AlarmName) => ({
      AlarmName,
      AlarmARN: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${AlarmName}`,
    }));
    const policy: Policy = {
      PolicyARN,
      PolicyName,
      ServiceNamespace,
      ResourceId,
      ScalableDimension,
      PolicyType,
      TargetTrackingScalingPolicyConfiguration: config,
      Alarms,
      CreationTime: before?.CreationTime ?? now(),
    };
    if (!this.policies.insert(keyOf(policy), policy)) this.policies.update(keyOf(policy), () => policy);
    return { PolicyARN, Alarms };
  }

  private describe(input: Wire<DescribeScalingPoliciesRequest>): WireOutput<DescribeScalingPoliciesResponse> {
    const { ServiceNamespace, ResourceId, ScalableDimension, PolicyNames } = input;
    const found = this.policies
      .all()
      .filter(
        (policy) =>
          policy.ServiceNamespace === ServiceNamespace &&
          (ResourceId === undefined || policy.ResourceId === ResourceId) &&
          (ScalableDimension === undefined || policy.ScalableDimension === ScalableDimension) &&
          (!PolicyNames?.length || PolicyNames.includes(policy.PolicyName)),
      );
    const { page, ...next } = autoScalingPage(found, keyOf, input, MAX_PAGE);
    return { ScalingPolicies: page, ...next };
  }
}

function keyOf(policy: Scalable & { PolicyName: string }): string {
  return [policy.ServiceNamespace, policy.ResourceId, policy.ScalableDimension, policy.PolicyName].join(" ");
}
