// Which of AWS's services have an endpoint in a network that has no other way to them.

/** How a service is reached from inside a VPC. */
export interface ServiceEndpoint {
  /** `Gateway`: an entry in the route tables, free. `Interface`: an address in each subnet, billed by the hour. */
  type: "Gateway" | "Interface";
  /** Ending of the endpoint's Pulumi name. */
  name: string;
  /** AWS's name of the service in a region. */
  serviceName: (region: string) => string;
  /** Who asks for it, in words. */
  usedBy: string;
}

const aws =
  (service: string) =>
  (region: string): string =>
    `com.amazonaws.${region}.${service}`;

const gateway = (name: string, usedBy: string): ServiceEndpoint => ({
  type: "Gateway",
  name,
  serviceName: aws(name),
  usedBy,
});
const privately = (name: string, usedBy: string, serviceName = aws(name)): ServiceEndpoint => ({
  type: "Interface",
  name,
  serviceName,
  usedBy,
});

/**
 * Every service that tasks and jobs inside reach, by the name that the AWS SDKs sign its requests with (botocore's name
 * of the service, where the two differ). A test holds the table to the clients that their code makes.
 */
export const SERVICE_ENDPOINTS: Readonly<Record<string, readonly ServiceEndpoint[]>> = {
  s3: [gateway("s3", "jobs read and write data and models; the layers of ECR's images lie there")],
  dynamodb: [gateway("dynamodb", "tools that read predictions and deployments from inside")],
  ecr: [
    privately("ecr.api", "ECS and SageMaker ask for an image"),
    privately("ecr.dkr", "ECS pulls the launcher's image"),
  ],
  logs: [privately("logs", "tasks and jobs write their logs")],
  cloudwatch: [privately("monitoring", "jobs put metrics")],
  sagemaker: [privately("sagemaker.api", "the launcher makes, starts and follows the pipeline; jobs look at packages")],
  "sagemaker-runtime": [privately("sagemaker.runtime", "whatever inside asks the endpoint")],
  // AWS's name for it has no com.amazonaws in front. It documents it for tracking servers, and none for MLflow apps.
  "sagemaker-mlflow": [
    privately(
      "sagemaker.experiments",
      "jobs tell MLflow of their run",
      (region) => `aws.sagemaker.${region}.experiments`,
    ),
  ],
  secretsmanager: [privately("secretsmanager", "the job that reads a database asks for its password")],
  sts: [privately("sts", "SDKs ask who they are")],
  kms: [privately("kms", "clients that encrypt by themselves")],
  sqs: [privately("sqs", "tools that send deployments from inside")],
  sns: [privately("sns", "tools that publish alerts from inside")],
  events: [privately("events", "tools that put events from inside")],
  ssm: [privately("ssm", "tools that read the parameters that a stack leaves")],
};
