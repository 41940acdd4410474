import type { Demand } from "./access";
import { arnIn, type Place } from "./arns";

type Input = Readonly<Record<string, unknown>>;

/** Resources whose ARN holds something else than their operation's name in lower case with dashes. */
const KINDS: Readonly<Record<string, string>> = { PipelineExecution: "pipeline-execution" };

const OPERATION =
  /^(?:Create|Describe|Update|Delete|Stop|Start|Retry|Invoke|Get|Put)(?<kind>[A-Z]\w*?)(?:WeightsAndCapacities|Policy)?$/;

/** Operations on an execution of a pipeline, which they name by its ARN. */
const OF_EXECUTION = ["ListPipelineExecutionSteps", "ListPipelineParametersForExecution"];

/**
 * What an operation of SageMaker takes: itself on what it names, the tags that it gives, and the roles that it hands over.
 * The execution that a callback's token belongs to stands in `PipelineExecutionArn`.
 */
export function sagemakerDemands(operation: string, input: Input, place: Place): Demand[] {
  const arn = (resource: string) => arnIn(place, "sagemaker", resource);
  const action = `sagemaker:${operation}`;
  const resources = named(operation, input, arn);
  const tags = Array.isArray(input["Tags"]) && input["Tags"].length > 0 && operation.startsWith("Create");
  const roles = [input["RoleArn"], input["ExecutionRoleArn"]].filter((role) => typeof role === "string");
  return [
    { action, resources },
    ...(tags ? [{ action: "sagemaker:AddTags", resources: resources.slice(0, 1) }] : []),
    ...(roles.length > 0
      ? [{ action: "iam:PassRole", resources: roles, context: { "iam:PassedToService": "sagemaker.amazonaws.com" } }]
      : []),
    ...lending(operation, input),
    ...watching(input, place),
  ];
}

interface Disks {
  KmsKeyId?: string;
  ResourceConfig?: { VolumeKmsKeyId?: string };
  ProcessingResources?: { ClusterConfig?: { VolumeKmsKeyId?: string } };
  TransformResources?: { VolumeKmsKeyId?: string };
}

/** A key that instances' disks are encrypted with is granted to AWS's services, by whoever asks for the instances. */
export function lending(operation: string, input: Input): Demand[] {
  const { ResourceConfig, ProcessingResources, TransformResources, KmsKeyId } = input as Disks;
  const key =
    ResourceConfig?.VolumeKmsKeyId ??
    ProcessingResources?.ClusterConfig?.VolumeKmsKeyId ??
    TransformResources?.VolumeKmsKeyId ??
    (operation === "CreateEndpointConfig" ? KmsKeyId : undefined);
  if (!key?.startsWith("arn:")) return [];
  return [{ action: "kms:CreateGrant", resources: [key], context: { "kms:GrantIsForAWSResource": "true" } }];
}

/** Alarms that may roll a deployment back are looked at in the name of who starts it. */
function watching(input: Input, place: Place): Demand[] {
  const config = input["DeploymentConfig"] as
    { AutoRollbackConfiguration?: { Alarms?: { AlarmName?: string }[] } } | undefined;
  const resources = (config?.AutoRollbackConfiguration?.Alarms ?? []).map(({ AlarmName = "" }) =>
    arnIn(place, "cloudwatch", `alarm:${AlarmName}`),
  );
  return resources.length === 0 ? [] : [{ action: "cloudwatch:DescribeAlarms", resources }];
}

function named(operation: string, input: Input, arn: (resource: string) => string): string[] {
  const text = (member: string): string | undefined => (typeof input[member] === "string" ? input[member] : undefined);
  const pipeline = text("PipelineName");
  const execution = text("PipelineExecutionArn");
  const group = text("ModelPackageGroupName");
  if (text("ResourceArn") !== undefined) return [text("ResourceArn") ?? ""];
  if (OF_EXECUTION.includes(operation) || operation.startsWith("SendPipelineExecutionStep")) return [execution ?? "*"];
  if (operation === "StartPipelineExecution" || operation === "ListPipelineExecutions") {
    return [located("pipeline", pipeline, arn)];
  }
  if (operation === "CreateModelPackage") {
    const model = text("ModelPackageName");
    if (group === undefined) return [located("model-package", model, arn)];
    const name = group.slice(group.lastIndexOf("/") + 1);
    return [arn(`model-package/${name}/*`.toLowerCase()), located("model-package-group", name, arn)];
  }
  if (operation === "ListModelPackages") {
    return [group === undefined ? "*" : located("model-package-group", group.slice(group.lastIndexOf("/") + 1), arn)];
  }
  if (operation === "CreateEndpoint" || operation === "UpdateEndpoint") {
    return [
      located("endpoint", text("EndpointName"), arn),
      located("endpoint-config", text("EndpointConfigName"), arn),
    ];
  }
  const kind = OPERATION.exec(operation)?.groups?.["kind"];
  if (kind === undefined) return ["*"];
  // Of all four kinds of monitors' definitions alike.
  const definition = kind.endsWith("JobDefinition") ? text("JobDefinitionName") : undefined;
  const name = text(`${kind}Name`) ?? text(`${kind}Arn`) ?? definition;
  return [located(KINDS[kind] ?? dashed(kind), name, arn)];
}

/** By name or ARN; SageMaker writes names into ARNs in lower case. */
function located(kind: string, name: string | undefined, arn: (resource: string) => string): string {
  if (name === undefined) return "*";
  return name.startsWith("arn:") ? name : arn(`${kind}/${name}`.toLowerCase());
}

function dashed(kind: string): string {
  return kind.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
