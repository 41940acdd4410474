import * as pulumi from "@pulumi/pulumi";
import { configNameStem } from "../functions/shared/endpoint-config";
import type { Place } from "./component";
import type { Statement } from "./iam";

/** AWS's own role, in whose name fleets of endpoints are scaled; it is made when the first one is. */
const SCALING_ROLE =
  "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint";

/** What functions that deploy to one endpoint may do, statement by statement. */
export class DeploymentPermissions {
  /** SageMaker writes names into ARNs in lower case, however they were given. */
  private readonly endpoint: pulumi.Output<string>;

  constructor(
    private readonly place: Place,
    private readonly endpointName: string,
    private readonly pipelineName: string,
  ) {
    this.endpoint = this.sagemaker(`endpoint/${endpointName}`);
  }

  /** Telling whether the endpoint serves. */
  describing(): Statement {
    return { actions: ["sagemaker:DescribeEndpoint"], resources: [this.endpoint] };
  }

  /** Telling which model it serves, {@link describing} apart. */
  describingModel(): Statement {
    return {
      actions: ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"],
      resources: [this.sagemaker("endpoint-config/*"), this.sagemaker("model/*")],
    };
  }

  /** Answering the pipeline's deploy step. */
  answering(): Statement {
    const pipeline = `pipeline/${this.pipelineName}`;
    return {
      actions: ["sagemaker:SendPipelineExecutionStepSuccess", "sagemaker:SendPipelineExecutionStepFailure"],
      resources: [this.sagemaker(pipeline), this.sagemaker(`${pipeline}/execution/*`)],
    };
  }

  /** Making models, checking them, and bringing the endpoint to them. */
  deploying(): Statement[] {
    const configs = this.sagemaker("endpoint-config/*");
    const models = this.sagemaker("model/*");
    const checks = this.sagemaker("transform-job/*");
    return [
      {
        actions: ["sagemaker:DescribePipelineExecution"],
        resources: [this.sagemaker(`pipeline/${this.pipelineName}/execution/*`)],
      },
      // An endpoint that never came up is replaced, and the idle schedule takes it down.
      { actions: ["sagemaker:DeleteEndpoint"], resources: [this.endpoint] },
      { actions: ["sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"], resources: [this.endpoint, configs] },
      { actions: ["sagemaker:CreateEndpointConfig"], resources: [configs, models] },
      { actions: ["sagemaker:CreateModel"], resources: [models] },
      { actions: ["sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob"], resources: [checks, models] },
      { actions: ["sagemaker:AddTags"], resources: [this.endpoint, configs, models, checks] },
      {
        // SageMaker looks at the alarms in the name of who starts the update.
        actions: ["cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"],
        resources: [this.rolloutAlarms()],
      },
    ];
  }

  /** What follows once a deployment has ended: alarms and old versions go, the fleet scales. */
  settling(): Statement[] {
    return [
      {
        actions: ["cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"],
        resources: [this.rolloutAlarms()],
      },
      {
        actions: ["sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"],
        resources: [this.sagemaker("endpoint-config/*"), this.sagemaker("model/*")],
      },
      ...this.scaling(),
    ];
  }

  /** Registering the fleet for scaling. Application Auto Scaling acts in the name of who asks. */
  private scaling(): Statement[] {
    const resourceId = `endpoint/${this.endpointName}/variant/*`;
    return [
      {
        actions: [
          "application-autoscaling:RegisterScalableTarget",
          "application-autoscaling:PutScalingPolicy",
          "application-autoscaling:DeregisterScalableTarget",
        ],
        resources: [this.arnOf("application-autoscaling", "scalable-target/*")],
        conditions: { StringEquals: { "application-autoscaling:service-namespace": "sagemaker" } },
      },
      {
        actions: ["cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"],
        resources: [this.arnOf("cloudwatch", `alarm:TargetTracking-${resourceId}`)],
      },
      { actions: ["sagemaker:UpdateEndpointWeightsAndCapacities"], resources: [this.endpoint] },
      {
        actions: ["iam:CreateServiceLinkedRole"],
        resources: [pulumi.interpolate`arn:${this.place.partition}:iam::${this.place.accountId}:${SCALING_ROLE}`],
        conditions: { StringEquals: { "iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com" } },
      },
    ];
  }

  /** Removing what deployments made beside the endpoint, configs and models: its scaling, and alarms. */
  removing(): Statement[] {
    return [
      { actions: ["cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"], resources: [this.rolloutAlarms()] },
      {
        actions: ["application-autoscaling:DeregisterScalableTarget"],
        resources: [this.arnOf("application-autoscaling", "scalable-target/*")],
        conditions: { StringEquals: { "application-autoscaling:service-namespace": "sagemaker" } },
      },
    ];
  }

  /** Looking at the alarms that decide a rollout. */
  readingAlarms(): Statement {
    return { actions: ["cloudwatch:DescribeAlarms"], resources: [this.rolloutAlarms()] };
  }

  private rolloutAlarms(): pulumi.Output<string> {
    return this.arnOf("cloudwatch", `alarm:${configNameStem(this.endpointName)}-*`);
  }

  private arnOf(service: string, resource: string): pulumi.Output<string> {
    const { partition, region, accountId } = this.place;
    return pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`;
  }

  private sagemaker(resource: string): pulumi.Output<string> {
    return this.arnOf("sagemaker", resource.toLowerCase());
  }
}
