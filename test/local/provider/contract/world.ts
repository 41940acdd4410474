import { PublishLayerVersionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { PutBucketVersioningCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type * as aws from "@pulumi/aws";
import { zipSync } from "fflate";
import type { Lifecycle } from "../../../../local/provider/lifecycle";
import type { Plain, Properties } from "../../../../local/provider/values";
import { policy } from "./examples";

/** A resource that exists: its id and its outputs. */
export interface Made {
  id: string;
  arn: string;
  properties: Properties;
}

const CODE = zipSync({ "index.js": Buffer.from("exports.handler = async () => 1;") });

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** A file, as the engine hands it over. */
export const fileAsset = (text: string): object => ({ [SIGNATURE]: ASSET, hash: `asset-${text}`, text });

/** Code of a function, as the engine hands an archive over. */
export function archive(text: string): object {
  return { [SIGNATURE]: ARCHIVE, hash: `archive-${text}`, assets: { "index.js": fileAsset(text) } };
}

export function urnOf(type: string, name: string): string {
  return `urn:pulumi:contract::fraud::${type}::${name}`;
}

/** For what no resource type of the provider makes. */
export interface Clients {
  s3: S3Client;
  lambda: LambdaClient;
}

/** What resources of the examples need around them. Everything is made when it is first asked for, and stays. */
export class World {
  private readonly made = new Map<string, Promise<Made>>();
  private count = 0;

  /** @param clients absent where everything is only planned */
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly clients: Clients | undefined,
  ) {}

  /** A name that nothing else has. */
  name(prefix = "contract"): string {
    return `${prefix}-${++this.count}`;
  }

  /** Makes a resource, checked as the engine would have it checked. */
  async make<Args extends object>(type: string, inputs: Plain<Args>): Promise<Made> {
    const urn = urnOf(type, this.name());
    const checked = await this.lifecycle.check(urn, inputs as Properties, {}, new Uint8Array([this.count]));
    if (checked.failures.length > 0) throw new Error(`${type}: ${JSON.stringify(checked.failures)}`);
    const { id = "", properties } = await this.lifecycle.create(urn, checked.inputs, false);
    return { id, arn: String(properties["arn"]), properties };
  }

  role(which = "role"): Promise<Made> {
    const assumeRolePolicy = policy({ Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" });
    return this.once(which, (name) => this.make<aws.iam.RoleArgs>("aws:iam/role:Role", { name, assumeRolePolicy }));
  }

  key(which = "key"): Promise<Made> {
    return this.once(which, () => this.make<aws.kms.KeyArgs>("aws:kms/key:Key", { deletionWindowInDays: 7 }));
  }

  bucket(which = "bucket"): Promise<Made> {
    return this.once(which, (name) => this.make<aws.s3.BucketArgs>("aws:s3/bucket:Bucket", { bucket: name }));
  }

  queue(which = "queue"): Promise<Made> {
    return this.once(which, (name) => this.make<aws.sqs.QueueArgs>("aws:sqs/queue:Queue", { name }));
  }

  fifoQueue(): Promise<Made> {
    return this.once("fifo", (name) =>
      this.make<aws.sqs.QueueArgs>("aws:sqs/queue:Queue", { name: `${name}.fifo`, fifoQueue: true }),
    );
  }

  topic(which = "topic"): Promise<Made> {
    return this.once(which, (name) => this.make<aws.sns.TopicArgs>("aws:sns/topic:Topic", { name }));
  }

  logGroup(which = "log-group"): Promise<Made> {
    return this.once(which, (name) =>
      this.make<aws.cloudwatch.LogGroupArgs>("aws:cloudwatch/logGroup:LogGroup", { name }),
    );
  }

  /** A table with a stream of its changes. */
  table(which = "table"): Promise<Made> {
    return this.once(which, (name) =>
      this.make<aws.dynamodb.TableArgs>("aws:dynamodb/table:Table", {
        name,
        hashKey: "id",
        attributes: [{ name: "id", type: "S" }],
        billingMode: "PAY_PER_REQUEST",
        streamEnabled: true,
        streamViewType: "NEW_IMAGE",
      }),
    );
  }

  async function(which = "function"): Promise<Made> {
    const role = (await this.role()).arn;
    const code = archive("exports.handler = async (event) => event;");
    return this.once(which, (name) =>
      this.make<aws.lambda.FunctionArgs>("aws:lambda/function:Function", {
        name,
        role,
        runtime: "nodejs22.x",
        handler: "index.handler",
        code,
      }),
    );
  }

  api(which = "api"): Promise<Made> {
    return this.once(which, (name) =>
      this.make<aws.apigateway.RestApiArgs>("aws:apigateway/restApi:RestApi", { name }),
    );
  }

  /** A resource at the top of the API. */
  async path(pathPart: string): Promise<Made> {
    const api = await this.api();
    return this.once(`path-${pathPart}`, () =>
      this.make<aws.apigateway.ResourceArgs>("aws:apigateway/resource:Resource", {
        restApi: api.id,
        parentId: String(api.properties["rootResourceId"]),
        pathPart,
      }),
    );
  }

  /** A method of the API, on a path of its own, with a MOCK integration. */
  async method(pathPart: string): Promise<{ restApi: string; resourceId: string; httpMethod: string }> {
    const on = { restApi: (await this.api()).id, resourceId: (await this.path(pathPart)).id, httpMethod: "POST" };
    await this.once(`method-${pathPart}`, () =>
      this.make<aws.apigateway.MethodArgs>("aws:apigateway/method:Method", { ...on, authorization: "NONE" }),
    );
    return on;
  }

  /** A method with an integration, deployed. */
  async deployment(which = "deployment"): Promise<Made> {
    const on = await this.method("deployed");
    await this.once("integration-deployed", () =>
      this.make<aws.apigateway.IntegrationArgs>("aws:apigateway/integration:Integration", { ...on, type: "MOCK" }),
    );
    return this.once(which, () =>
      this.make<aws.apigateway.DeploymentArgs>("aws:apigateway/deployment:Deployment", { restApi: on.restApi }),
    );
  }

  async stage(which = "stage"): Promise<Made> {
    const deployment = (await this.deployment()).id;
    const restApi = (await this.api()).id;
    return this.once(which, (stageName) =>
      this.make<aws.apigateway.StageArgs>("aws:apigateway/stage:Stage", { restApi, deployment, stageName }),
    );
  }

  rule(which = "rule"): Promise<Made> {
    return this.once(which, (name) =>
      this.make<aws.cloudwatch.EventRuleArgs>("aws:cloudwatch/eventRule:EventRule", {
        name,
        scheduleExpression: "rate(1 day)",
      }),
    );
  }

  /** `one.zip` and `other.zip` in each of two buckets, and two versions of the first one. */
  async codeInBucket(): Promise<{ bucket: string; otherBucket: string; one: string; other: string }> {
    const [bucket, otherBucket] = [(await this.bucket("code")).id, (await this.bucket("other-code")).id];
    const s3 = this.clients?.s3;
    if (!s3) return { bucket, otherBucket, one: "one", other: "other" };
    const put = async (Bucket: string, Key: string) =>
      (await s3.send(new PutObjectCommand({ Bucket, Key, Body: CODE }))).VersionId ?? "";
    for (const Bucket of [bucket, otherBucket]) {
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      await put(Bucket, "one.zip");
      await put(Bucket, "other.zip");
    }
    return { bucket, otherBucket, one: await put(bucket, "one.zip"), other: await put(bucket, "one.zip") };
  }

  /** ARN of a layer's version. */
  async layer(): Promise<string> {
    const request = { LayerName: this.name("layer"), Content: { ZipFile: CODE } };
    const made = await this.clients?.lambda.send(new PublishLayerVersionCommand(request));
    return made?.LayerVersionArn ?? "arn:aws:lambda:eu-west-1:123456789012:layer:planned:1";
  }

  /** Makes something that stays, when it is first asked for. */
  once(which: string, make: (name: string) => Promise<Made>): Promise<Made> {
    const known = this.made.get(which) ?? make(this.name(which));
    this.made.set(which, known);
    return known;
  }
}
