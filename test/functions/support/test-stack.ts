// A stack's deployments on the local cloud, without the functions that run them on AWS: what they do is called here.
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateModelCommand,
  CreateModelPackageGroupCommand,
  DescribeEndpointCommand,
  DescribeModelPackageCommand,
  SageMakerClient,
  type ModelApprovalStatus,
} from "@aws-sdk/client-sagemaker";
import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { deploy, type Disposition } from "../../../functions/deploy-model/deploy";
import type { DeployClients, DeploySettings } from "../../../functions/deploy-model/deploying";
import { readMessage } from "../../../functions/deploy-model/logic";
import { register } from "../../../functions/register-model/register";
import { sweep } from "../../../functions/settle-deployment/sweep";
import type { RequestRecord } from "../../../functions/shared/deployment-records";
import { Deployments } from "../../../functions/shared/deployments";
import type { EndpointSettings, Instances } from "../../../functions/shared/endpoint-settings";
import { MlflowClient } from "../../../functions/shared/mlflow";
import { sha256Of } from "../../../functions/shared/objects";
import type { Registration } from "../../../functions/shared/registration";
import { settleDeployment, type Settlement } from "../../../functions/shared/settlement";
import { ENDPOINT_SETTINGS, onInstances } from "./endpoint-settings";
import { IMAGE, modelArchive, ROLE, SERVING_ENVIRONMENT, TAGS, until, type Defect } from "./platform";
import { evaluationReport } from "./reports";

export const MLFLOW_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-TEST";

/** Rows of a golden sample, and what they scored. */
interface Golden {
  rows: string;
  scores: number[];
}

interface RegisterOptions {
  defect?: Defect;
  golden?: Golden;
  approvalStatus?: ModelApprovalStatus;
}

/** Bucket, registry, queue and endpoint of one stack, all named after it. */
export class TestStack {
  readonly bucket: string;
  readonly prefix = "my own fraud";
  settings: DeploySettings;
  readonly clients: DeployClients & { mlflow: MlflowClient; sqs: SQSClient; runtime: SageMakerRuntimeClient };
  private readonly waiting: string[] = [];

  private constructor(
    readonly name: string,
    readonly queueUrl: string,
    endpoint: Partial<EndpointSettings>,
  ) {
    this.bucket = `${name}-bucket`;
    this.settings = {
      endpoint: { ...ENDPOINT_SETTINGS, endpointName: name, ...endpoint },
      registeredModelName: name,
      modelRoleArn: ROLE,
      checkInstanceType: "ml.m5.large",
      tags: TAGS,
    };
    this.clients = {
      sagemaker: new SageMakerClient(),
      runtime: new SageMakerRuntimeClient(),
      cloudwatch: new CloudWatchClient(),
      autoscaling: new ApplicationAutoScalingClient(),
      s3: new S3Client(),
      sqs: new SQSClient(),
      mlflow: new MlflowClient(MLFLOW_ARN),
      deployments: new Deployments(new DynamoDBClient(), "deployments", name),
    };
  }

  /** Makes all of it but the endpoint, on the local cloud that the process's environment names. */
  static async make(name: string, endpoint: Partial<EndpointSettings> = {}): Promise<TestStack> {
    const { QueueUrl = "" } = await new SQSClient().send(new CreateQueueCommand({ QueueName: `${name}-deploy` }));
    const stack = new TestStack(name, QueueUrl, endpoint);
    await stack.clients.s3.send(new CreateBucketCommand({ Bucket: stack.bucket }));
    await stack.clients.sagemaker.send(new CreateModelPackageGroupCommand({ ModelPackageGroupName: name }));
    return stack;
  }

  /** Configures other instances. */
  resize(capacity: Partial<Instances>): void {
    this.settings = { ...this.settings, endpoint: { ...this.settings.endpoint, capacity: onInstances(capacity) } };
  }

  /** Makes the model of a package, as the pipeline does. */
  async model(modelPackageArn: string): Promise<string> {
    const { InferenceSpecification } = await this.package(modelPackageArn);
    const [container] = InferenceSpecification?.Containers ?? [];
    const ModelName = `${this.name}-by-pipeline`;
    await this.clients.sagemaker.send(
      new CreateModelCommand({
        ModelName,
        ExecutionRoleArn: ROLE,
        PrimaryContainer: {
          Image: container?.Image,
          ModelDataUrl: container?.ModelDataUrl,
          Environment: { ...SERVING_ENVIRONMENT, FRAUD_MODEL_PACKAGE_ARN: modelPackageArn },
        },
      }),
    );
    return ModelName;
  }

  async put(path: string, Body: string | Buffer): Promise<string> {
    const Key = `${this.prefix}/${path}`;
    await this.clients.s3.send(new PutObjectCommand({ Bucket: this.bucket, Key, Body }));
    return `s3://${this.bucket}/${Key}`;
  }

  /** Registers a model of its own as the pipeline does, with all that its package refers to. */
  async register(executionId: string, options: RegisterOptions = {}): Promise<Registration> {
    const archive = await modelArchive(options.defect);
    const modelArtifactUri = await this.put(`${executionId}/model/model.tar.gz`, archive);
    const analyses = ["bias/analysis.json", "explainability/analysis.json", "analysis_config.json"];
    const pairs = ["data-quality", "model-quality"].flatMap((kind) => [
      `${kind}/statistics.json`,
      `${kind}/constraints.json`,
    ]);
    for (const file of [...analyses, ...pairs])
      await this.put(`${executionId}/baselines/${file}`, `{"file":"${file}"}`);
    const event = {
      executionId,
      pipelineExecutionArn: `arn:aws:sagemaker:eu-west-1:123456789012:pipeline/${this.name}/execution/${executionId}`,
      evaluationUri: `s3://${this.bucket}/${this.prefix}/${executionId}/evaluation/evaluation.json`,
      baselinesUri: `s3://${this.bucket}/${this.prefix}/${executionId}/baselines`,
      modelArtifactUri,
      image: IMAGE,
      algorithm: "xgboost",
      gitRevision: "0123abc",
      environment: SERVING_ENVIRONMENT,
      ...(options.golden === undefined
        ? {}
        : { goldenUri: await this.putGolden(`${executionId}/evaluation/golden`, options.golden, archive) }),
    };
    const settings = {
      experimentName: this.name,
      modelName: this.name,
      groupName: this.name,
      approvalStatus: options.approvalStatus ?? "Approved",
    };
    const digest = await sha256Of(this.clients.s3, modelArtifactUri);
    return register(this.clients, settings, event, evaluationReport(), digest);
  }

  /** The golden sample that an evaluation leaves, with what a check of it left there. */
  private async putGolden(folder: string, { rows, scores }: Golden, archive: Buffer): Promise<string> {
    const archiveSha256 = createHash("sha256").update(archive).digest("hex");
    const golden = { formatVersion: 1, archiveSha256, tolerance: 1e-5, scores };
    await this.put(`${folder}/rows.csv`, rows);
    await this.put(`${folder}/golden.json`, JSON.stringify(golden));
    await this.put(`${folder}/checks/an-earlier-one/rows.csv.out`, "0.1\n");
    return `s3://${this.bucket}/${this.prefix}/${folder}`;
  }

  /** A message of the deploy queue reaches deploy-model. */
  deploy(message: object | string): Promise<Disposition> {
    const body = typeof message === "string" ? message : JSON.stringify(message);
    return deploy(this.clients, this.settings, readMessage(body, new Date()));
  }

  /** Asks for a deployment as a person does. */
  async command(modelPackageArn: string): Promise<string> {
    const id = `command-${Math.random()}`;
    await this.send({ command: { id, kind: "command", modelPackageArn, requestedBy: "a person", because: "a test" } });
    return id;
  }

  async send(message: object): Promise<void> {
    await this.clients.sqs.send(
      new SendMessageCommand({ QueueUrl: this.queueUrl, MessageBody: JSON.stringify(message) }),
    );
  }

  /** deploy-model takes everything that is in the queue; what must wait its turn waits for the next time. */
  async drain(): Promise<void> {
    for (const body of this.waiting.splice(0)) await this.take(body);
    for (;;) {
      const { Messages = [] } = await this.clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: this.queueUrl }));
      const [message] = Messages;
      if (message?.Body === undefined) return;
      const { ReceiptHandle } = message;
      await this.clients.sqs.send(new DeleteMessageCommand({ QueueUrl: this.queueUrl, ReceiptHandle }));
      await this.take(message.Body);
    }
  }

  private async take(body: string): Promise<void> {
    if ((await this.deploy(body)) === "wait") this.waiting.push(body);
  }

  /** An event of the endpoint reaches settle-deployment. */
  settle(): Promise<Settlement> {
    return settleDeployment(this.clients, this.settings);
  }

  /** The schedule calls settle-deployment. */
  sweep(): Promise<Settlement> {
    return sweep(this.clients, this.settings, () => this.send({ nudge: true }));
  }

  /** Lets deploy-model and settle-deployment work until a request is settled. */
  settled(id: string): Promise<RequestRecord> {
    return until(`the settlement of ${id}`, async () => {
      await this.drain();
      await this.settle();
      const request = await this.clients.deployments.request(id);
      return request?.state === "settled" ? request : undefined;
    });
  }

  endpoint() {
    return this.clients.sagemaker.send(new DescribeEndpointCommand({ EndpointName: this.name }));
  }

  package(ModelPackageName: string) {
    return this.clients.sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName }));
  }

  /** Which package answers a request to the endpoint. */
  async answersWith(amount = 100, InferenceId?: string): Promise<{ packageArn: string; score: number }> {
    const { Body } = await this.clients.runtime.send(
      new InvokeEndpointCommand({
        EndpointName: this.name,
        ContentType: "text/csv",
        Accept: "application/json",
        Body: [...Array<number>(29).fill(0.5), amount].join(","),
        InferenceId,
      }),
    );
    const answer = JSON.parse(Buffer.from(Body).toString()) as {
      model: { packageArn: string };
      predictions: { score: number }[];
    };
    return { packageArn: answer.model.packageArn, score: answer.predictions[0]?.score ?? NaN };
  }

  /** Waits for what the local SageMaker does by itself. */
  async inService(): Promise<void> {
    await until(`${this.name} in service`, async () => {
      if ((await this.endpoint()).EndpointStatus === "InService") return true;
      await delay(50);
      return undefined;
    });
  }
}
