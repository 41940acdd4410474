/** What each operation of the local services takes, by AWS's service authorization reference. */
import type { Demand } from "./access";
import { arnIn, type Place } from "./arns";
import { sagemakerDemands } from "./sagemaker-demands";

/** Made when the first fleet of the account is scaled. */
const SCALING_ROLE =
  "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint";

type Input = Readonly<Record<string, unknown>>;
type Demands = (operation: string, input: Input, place: Place) => Demand[];

/** Services whose actions have another prefix than botocore's name of the service. */
const DEMANDS: Readonly<Record<string, Demands>> = {
  sagemaker: sagemakerDemands,
  ecs: ecsDemands,
  cloudwatch: cloudwatchDemands,
  "application-autoscaling": scalingDemands,
  codepipeline: pipelineDemands,
};

/**
 * What a caller must be allowed to do.
 *
 * @param service botocore's name of it
 */
export function demandsOf(service: string, operation: string, input: Input, place: Place): Demand[] {
  const demands = DEMANDS[service];
  return demands ? demands(operation, input, place) : [{ action: `${service}:${operation}`, resources: ["*"] }];
}

/** Roles that an operation hands to a service. */
export function passing(service: string, ...roles: unknown[]): Demand[] {
  const resources = roles.filter((role) => typeof role === "string");
  return resources.length === 0
    ? []
    : [{ action: "iam:PassRole", resources, context: { "iam:PassedToService": `${service}.amazonaws.com` } }];
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function ecsDemands(operation: string, input: Input, place: Place): Demand[] {
  const arn = (resource: string) => arnIn(place, "ecs", resource);
  const action = `ecs:${operation}`;
  const clusterName = text(input["cluster"]) || "default";
  const cluster = clusterName.startsWith("arn:") ? clusterName : arn(`cluster/${clusterName}`);
  const context = { "ecs:cluster": cluster };
  const short = cluster.slice(cluster.lastIndexOf("/") + 1);
  const task = (id: unknown) => arn(text(id).startsWith("arn:") ? text(id) : `task/${short}/${text(id)}`);
  const definition = text(input["taskDefinition"]);
  const named = definition.startsWith("arn:") ? definition : arn(`task-definition/${definition}`);
  switch (operation) {
    case "RunTask": {
      const passed = passing("ecs-tasks", ...((input["passedRoleArns"] as unknown[] | undefined) ?? []));
      const tags = Array.isArray(input["tags"]) && input["tags"].length > 0;
      const tagging = {
        action: "ecs:TagResource",
        resources: [arn(`task/${short}/*`)],
        context: { "ecs:CreateAction": operation },
      };
      return [{ action, resources: [named], context }, ...passed, ...(tags ? [tagging] : [])];
    }
    case "DescribeTasks":
      return [{ action, resources: (input["tasks"] as unknown[]).map(task), context }];
    case "StopTask":
      return [{ action, resources: [task(input["task"])], context }];
    case "ListTasks":
      return [{ action, resources: [arn(`container-instance/${short}/*`)], context }];
    case "RegisterTaskDefinition": {
      const resource = arn(`task-definition/${text(input["family"])}:*`);
      const tags = Array.isArray(input["tags"]) && input["tags"].length > 0;
      return [
        { action, resources: [resource] },
        ...(tags
          ? [{ action: "ecs:TagResource", resources: [resource], context: { "ecs:CreateAction": operation } }]
          : []),
        ...passing("ecs-tasks", input["taskRoleArn"], input["executionRoleArn"]),
      ];
    }
    case "TagResource":
    case "UntagResource":
    case "ListTagsForResource":
      return [{ action, resources: [text(input["resourceArn"])] }];
    case "CreateCluster":
    case "UpdateCluster":
    case "DeleteCluster":
      return [{ action, resources: [cluster] }];
    default:
      return [{ action, resources: ["*"] }];
  }
}

function cloudwatchDemands(operation: string, input: Input, place: Place): Demand[] {
  const action = `cloudwatch:${operation}`;
  const alarm = (name: unknown) => arnIn(place, "cloudwatch", `alarm:${text(name)}`);
  const names = input["AlarmNames"];
  switch (operation) {
    case "PutMetricData":
      return [{ action, resources: ["*"], context: { "cloudwatch:namespace": text(input["Namespace"]) } }];
    case "PutMetricAlarm":
    case "PutCompositeAlarm": {
      const resources = [alarm(input["AlarmName"])];
      const tags = Array.isArray(input["Tags"]) && input["Tags"].length > 0;
      return [{ action, resources }, ...(tags ? [{ action: "cloudwatch:TagResource", resources }] : [])];
    }
    case "SetAlarmState":
      return [{ action, resources: [alarm(input["AlarmName"])] }];
    case "DescribeAlarmHistory":
      return [{ action, resources: [alarm(input["AlarmName"] ?? "*")] }];
    case "DescribeAlarms":
    case "DeleteAlarms":
    case "EnableAlarmActions":
    case "DisableAlarmActions": {
      const prefix = input["AlarmNamePrefix"];
      if (typeof prefix === "string") return [{ action, resources: [alarm(`${prefix}*`)] }];
      return [{ action, resources: Array.isArray(names) && names.length > 0 ? names.map(alarm) : [alarm("*")] }];
    }
    case "TagResource":
    case "UntagResource":
    case "ListTagsForResource":
      return [{ action, resources: [text(input["ResourceARN"])] }];
    default:
      return [{ action, resources: ["*"] }];
  }
}

/** Application Auto Scaling looks at, and changes, what it scales in the name of whoever asks it. */
function scalingDemands(operation: string, input: Input, place: Place): Demand[] {
  const action = `application-autoscaling:${operation}`;
  if (operation.startsWith("Describe")) return [{ action, resources: ["*"] }];
  const context = {
    "application-autoscaling:service-namespace": text(input["ServiceNamespace"]),
    "application-autoscaling:scalable-dimension": text(input["ScalableDimension"]),
  };
  const own = { action, resources: [arnIn(place, "application-autoscaling", "scalable-target/*")], context };
  const resourceId = text(input["ResourceId"]);
  const endpoint = [arnIn(place, "sagemaker", resourceId.split("/").slice(0, 2).join("/").toLowerCase())];
  const alarms = [arnIn(place, "cloudwatch", `alarm:TargetTracking-${resourceId}-AlarmHigh`)];
  switch (operation) {
    case "RegisterScalableTarget":
      return [
        own,
        { action: "sagemaker:DescribeEndpoint", resources: endpoint },
        { action: "sagemaker:UpdateEndpointWeightsAndCapacities", resources: endpoint },
        {
          action: "iam:CreateServiceLinkedRole",
          resources: [`arn:aws:iam::${place.accountId}:role/${SCALING_ROLE}`],
          context: { "iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com" },
        },
      ];
    case "PutScalingPolicy":
      return [
        own,
        { action: "cloudwatch:PutMetricAlarm", resources: alarms },
        { action: "cloudwatch:DescribeAlarms", resources: alarms },
      ];
    case "DeleteScalingPolicy":
      return [own, { action: "cloudwatch:DeleteAlarms", resources: alarms }];
    default:
      return [own];
  }
}

function pipelineDemands(operation: string, input: Input, place: Place): Demand[] {
  const action = `codepipeline:${operation}`;
  const name = text(input["name"] ?? input["pipelineName"]);
  return [{ action, resources: [name === "" ? "*" : arnIn(place, "codepipeline", name)] }];
}
