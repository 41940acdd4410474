/** A statement of a policy that names less than one thing, and why it has to. */
export interface Exception {
  /** Names of the resources, in the program, whose policy it is. */
  of: readonly string[];
  actions: readonly string[];
  /** The wildcards, as the statements have them; `*` in them stands for any account, region or partition too. */
  resources: readonly string[];
  because: string;
}

/** Policies of whoever looks at which model is live. */
const LOOKING_AT_WHAT_IS_LIVE = [
  "api-health-own",
  "monitors-run-own",
  "monitors-managed-reconcile-own",
  "endpoint-deploy-own",
  "endpoint-settle-own",
  "endpoint-request-own",
  "shadow-own",
  "stream-scorer-own",
];

/** Policies of the roles that jobs run under. */
const JOBS = ["training-sagemaker-own", "training-extract-own", "monitors-job-own", "endpoint-model-own"];

/** Every wildcard that the pack lets through. Each names the roles, the actions and the resource that it is for. */
export const WILDCARDS: readonly Exception[] = [
  {
    of: ["training-launcher-execution-own", ...JOBS],
    actions: ["ecr:GetAuthorizationToken"],
    resources: ["*"],
    because: "the token is for a registry, and ECR has no resource for that",
  },
  {
    of: JOBS,
    actions: ["cloudwatch:PutMetricData"],
    resources: ["*"],
    because: "CloudWatch has no resource for metrics; a condition names the namespaces",
  },
  {
    of: JOBS,
    actions: ["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
    resources: ["arn:*:ec2:*:*:network-interface/*"],
    because: "a job makes its network interfaces itself, under ids of EC2's choice; where, the subnets and groups say",
  },
  {
    of: JOBS,
    actions: [
      "ec2:DeleteNetworkInterfacePermission",
      "ec2:DescribeDhcpOptions",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ],
    resources: ["*"],
    because: "EC2 has no resource for them",
  },
  {
    of: JOBS,
    actions: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
    resources: ["arn:*:ecr:*:*:repository/sagemaker-*"],
    because: "AWS keeps its containers in accounts of its own, another one in each region and for each framework",
  },
  {
    of: ["training-sagemaker-own"],
    actions: [
      "sagemaker:CreateProcessingJob",
      "sagemaker:DescribeProcessingJob",
      "sagemaker:StopProcessingJob",
      "sagemaker:CreateTrainingJob",
      "sagemaker:DescribeTrainingJob",
      "sagemaker:StopTrainingJob",
      "sagemaker:CreateModel",
      "sagemaker:DescribeModel",
      "sagemaker:AddTags",
    ],
    resources: [
      "arn:*:sagemaker:*:*:model/*",
      "arn:*:sagemaker:*:*:processing-job/*",
      "arn:*:sagemaker:*:*:training-job/*",
    ],
    because:
      "SageMaker's pipelines name each model and job after the step and the execution, with characters of their own choice",
  },
  {
    of: ["endpoint-deploy-own"],
    actions: [
      "sagemaker:CreateEndpointConfig",
      "sagemaker:CreateEndpoint",
      "sagemaker:UpdateEndpoint",
      "sagemaker:AddTags",
    ],
    resources: ["arn:*:sagemaker:*:*:endpoint-config/*"],
    because: "each deployment has a configuration of its own, named after the execution that made its model",
  },
  {
    of: ["endpoint-deploy-own"],
    actions: [
      "sagemaker:CreateEndpointConfig",
      "sagemaker:CreateModel",
      "sagemaker:CreateTransformJob",
      "sagemaker:DescribeTransformJob",
      "sagemaker:AddTags",
    ],
    resources: ["arn:*:sagemaker:*:*:model/*"],
    because: "SageMaker's pipelines choose the names of models, and other models are named after their content",
  },
  {
    of: ["endpoint-deploy-own"],
    actions: ["sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob", "sagemaker:AddTags"],
    resources: ["arn:*:sagemaker:*:*:transform-job/*"],
    because: "each check of a model is a job of its own",
  },
  {
    of: ["stream-scorer-own"],
    actions: ["sagemaker:CreateTransformJob"],
    resources: ["arn:*:sagemaker:*:*:model/*"],
    because: "SageMaker's pipelines choose the names of models, and a large file is scored by the one that is live",
  },
  {
    of: ["endpoint-deploy-own", "endpoint-settle-own"],
    actions: ["sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"],
    resources: ["arn:*:sagemaker:*:*:endpoint-config/*", "arn:*:sagemaker:*:*:model/*"],
    because: "old versions are removed, whatever their names; the deployments table says which they are",
  },
  {
    of: ["endpoint-deploy-own", "endpoint-settle-own", "endpoint-teardown-own"],
    actions: [
      "application-autoscaling:RegisterScalableTarget",
      "application-autoscaling:PutScalingPolicy",
      "application-autoscaling:DeregisterScalableTarget",
    ],
    resources: ["arn:*:application-autoscaling:*:*:scalable-target/*"],
    because: "AWS chooses the names of scalable targets; a condition holds them to those of SageMaker",
  },
  {
    of: ["endpoint-teardown-own"],
    actions: [
      "sagemaker:DeleteEndpoint",
      "sagemaker:DeleteEndpointConfig",
      "sagemaker:DeleteModel",
      "sagemaker:ListTags",
    ],
    resources: ["arn:*:sagemaker:*:*:endpoint-config/*"],
    because: "it removes what deployments made, whatever their names; it looks at the tags first",
  },
  {
    of: ["endpoint-teardown-own"],
    actions: [
      "sagemaker:DeleteEndpoint",
      "sagemaker:DeleteEndpointConfig",
      "sagemaker:DeleteModel",
      "sagemaker:ListTags",
    ],
    resources: ["arn:*:sagemaker:*:*:model/*"],
    because: "it removes what pipelines made, whatever their names; it looks at the tags first",
  },
  {
    of: ["endpoint-teardown-own"],
    actions: ["sagemaker:ListEndpointConfigs", "sagemaker:ListModels"],
    resources: ["*"],
    because: "SageMaker's lists have no resource-level permissions",
  },
  {
    of: LOOKING_AT_WHAT_IS_LIVE,
    actions: ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"],
    resources: ["arn:*:sagemaker:*:*:endpoint-config/*"],
    because: "which configuration is live changes with every model",
  },
  {
    of: LOOKING_AT_WHAT_IS_LIVE,
    actions: ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"],
    resources: ["arn:*:sagemaker:*:*:model/*"],
    because: "which model is live changes, and SageMaker's pipelines choose its name",
  },
  {
    of: ["monitors-managed-reconcile-own"],
    actions: [
      "sagemaker:ListDataQualityJobDefinitions",
      "sagemaker:ListModelQualityJobDefinitions",
      "sagemaker:ListModelBiasJobDefinitions",
      "sagemaker:ListModelExplainabilityJobDefinitions",
    ],
    resources: ["*"],
    because: "SageMaker's lists have no resource-level permissions",
  },
  {
    of: ["monitors-job-explaining"],
    actions: ["sagemaker:DescribeModel", "sagemaker:CreateEndpointConfig"],
    resources: ["arn:*:sagemaker:*:*:model/*"],
    because: "Clarify serves itself a copy of the live model, whose name SageMaker's pipelines choose",
  },
  {
    of: ["endpoint-teardown-own"],
    actions: ["ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition", "ecs:DeregisterTaskDefinition"],
    resources: ["*"],
    because: "ECS has no resource-level permissions for what reads, lists and deregisters task definitions",
  },
  {
    of: ["shadow-own"],
    actions: ["cloudwatch:GetMetricData"],
    resources: ["*"],
    because: "CloudWatch has no resource for metrics, and no condition on whose are read",
  },
  {
    of: ["ci-image-role-own"],
    actions: ["ecr:GetAuthorizationToken"],
    resources: ["*"],
    because: "the token is for a registry, and ECR has no resource for that",
  },
  {
    of: ["ci-run-own"],
    actions: ["ecs:DescribeTaskDefinition"],
    resources: ["*"],
    because: "ECS has no resource-level permissions for what reads task definitions",
  },
  {
    of: ["ci-run-own"],
    actions: ["ecs:ListTasks"],
    resources: ["*"],
    because: "tasks are listed of a cluster, which a condition names",
  },
  {
    of: ["ci-run-own"],
    actions: ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"],
    resources: ["*"],
    because: "jobs of CodePipeline are no resources",
  },
];
